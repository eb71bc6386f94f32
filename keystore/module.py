"""A PKCS#11 module in this process: loaded once, with locks, shared by every key store that uses it.

Restarting a module ends every session in the process, so it is done here, for all pools together, and only when nobody
is inside. A module that cannot lock is used by one thread at a time. This room knows no key.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from keystore.errors import KeyStoreError, KeyStoreMisconfigured, ReplaceProcess, TokenAnswered, TokenLost
from keystore.locking import Locking, NativeModule
from keystore.pool import SessionPool
from keystore.token import Library, PinState, TokenSession

T = TypeVar("T")

_TRIES = 4  # processes that open one SoftHSM token at the same instant disturb each other for a moment


class Module:
    """Use `Module.load`. `guard()` is held around every use of a session; it costs nothing when the module can lock."""

    _loaded: ClassVar[dict[Path, Module]] = {}
    _loading: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path, configuration: Path | None) -> None:
        self._path = path
        self._configuration = configuration
        _configure(configuration)
        self._library = Library(path)
        self._native = NativeModule(path)
        self.locking = self._native.restart()
        self.generation = 1
        self._pools: list[SessionPool[Any]] = []
        self.changing = threading.RLock()
        self._one_at_a_time = threading.RLock()
        # by token label; kept by `keystore.login`, which this room need not know
        self.logins: dict[str, Any] = {}

    @classmethod
    def load(cls, path: Path, configuration: Path | None = None) -> Module:
        """The module at `path`, with SoftHSM's `configuration` file if given. Raises KeyStoreMisconfigured.

        SoftHSM reads one configuration for the whole process, so another one is possible only when nothing is open."""
        if not path.is_file():
            raise KeyStoreMisconfigured("KEYSTORE_MODULE_NOT_FOUND", module=path)
        with cls._loading:
            module = cls._loaded.get(path.resolve())
            if module is None:
                module = cls._loaded[path.resolve()] = cls(path.resolve(), configuration)
            elif configuration is not None and configuration != module._configuration:
                module._reconfigure(configuration)
            return module

    def _reconfigure(self, configuration: Path) -> None:
        with self.changing:
            if self.logins:
                raise KeyStoreMisconfigured(
                    "KEYSTORE_MODULE_ELSEWHERE", module=self._path, current=self._configuration, wanted=configuration
                )
            _configure(configuration)
            self._configuration = configuration
            self._restart()

    def _restart(self) -> None:
        self.locking = self._native.restart()
        self.generation += 1

    def guard(self) -> AbstractContextManager[object]:
        return nullcontext() if self.locking is Locking.OS else self._one_at_a_time

    def describe(self) -> str:
        return self._library.describe()

    def has_token(self, label: str) -> bool:
        with self.guard():
            return self._library.has_token(label)

    def mechanisms(self, label: str) -> set[int]:
        with self.guard():
            return self._library.mechanisms(label)

    def pin_state(self, label: str) -> PinState:
        with self.guard():
            return _patient(lambda: self._library.pin_state(label))

    def open(self, label: str, pin: str | None = None) -> TokenSession:
        """A session on the token `label`; with `pin` it logs in. A disturbance is tried again, a refused PIN never."""
        with self.guard():
            return _patient(lambda: self._library.open(label, pin))

    def refresh(self, label: str) -> None:
        """Makes sure that the token is seen. Raises KeyStoreMisconfigured when there is none.

        SoftHSM lists tokens when it starts, so one that another process made is seen only after a restart."""
        with self.changing:
            if not self.has_token(label) and not self.logins:
                self._restart()
            if not self.has_token(label):
                raise KeyStoreMisconfigured("KEYSTORE_TOKEN_NOT_FOUND", module=self._path, token=label)

    def make_token(self, label: str, *, so_pin: str, pin: str) -> None:
        """Initialises an empty slot. Raises KeyStoreMisconfigured when the label is taken."""
        with self.changing, self.guard():
            if self._library.has_token(label):
                raise KeyStoreMisconfigured("KEYSTORE_TOKEN_EXISTS", token=label)
            self._native.init_token(self._library.empty_slot(), label, so_pin)
            self._library.set_user_pin(label, so_pin=so_pin, pin=pin)

    def attach(self, pool: SessionPool[Any]) -> None:
        with self.changing:
            self._pools.append(pool)

    def detach(self, pool: SessionPool[Any]) -> None:
        with self.changing:
            self._pools.remove(pool)

    def restart_drained(self, refusal: Callable[[], KeyStoreError], *, seen_generation: int, seconds: float) -> None:
        """Drains every pool, restarts the module, lets the pools go on with new sessions. Does nothing when somebody
        has done it since `seen_generation`.

        Raises ReplaceProcess when a call does not come back: a module is never stopped under somebody's feet."""
        with self.changing:
            if self.generation != seen_generation:
                return
            try:
                drained = [pool.pause(refusal, seconds=seconds) for pool in self._pools]  # every one, before judging
                if not all(drained):
                    stuck, sessions = sum(p.stuck for p in self._pools), sum(p.sessions for p in self._pools)
                    raise ReplaceProcess("KEYSTORE_REPLACE_PROCESS", stuck=stuck, sessions=sessions)
                self._restart()
                for pool in self._pools:
                    pool.renew()
            finally:
                for pool in self._pools:
                    pool.resume()


def _configure(configuration: Path | None) -> None:
    if configuration is not None:
        os.environ["SOFTHSM2_CONF"] = str(configuration)


def _patient(action: Callable[[], T]) -> T:
    for number in range(1, _TRIES):
        try:
            return action()
        except (TokenAnswered, TokenLost):
            time.sleep(0.02 * number)
    return action()
