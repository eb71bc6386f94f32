"""Where PINs come from, and the ledger that keeps a wrong one from being tried twice.

A token locks itself after a few wrong PINs, so a PIN that was refused is never tried again, by no process and after no
restart, until its *content* at the source changes. The ledger keeps a salted scrypt of the refused PIN, never the PIN.
Before each try it says TRYING, so that a process that dies in the middle leaves a trace; whoever comes next looks at
the token's own count of failed tries. This room knows nothing of how one logs in.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar

from keystore.errors import KeyStoreMisconfigured, PinRefused
from keystore.token import PinState, WrongPin

T = TypeVar("T")


@dataclass(frozen=True)
class Pin:
    """A PIN that no log and no traceback shows."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "(a PIN)"


class PinSource(Protocol):
    """A place that holds a PIN. `str()` names the place."""

    def read(self) -> Pin:
        """Raises KeyStoreMisconfigured when there is none, or others can read it."""
        ...

    def as_json(self) -> dict[str, str]: ...


@dataclass(frozen=True)
class PinFile:
    """A file of mode 0600 or less; a line break at its end is not part of the PIN."""

    path: Path

    def read(self) -> Pin:
        try:
            mode = stat.S_IMODE(self.path.stat().st_mode)
            value = self.path.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as problem:
            raise KeyStoreMisconfigured("KEYSTORE_PIN_NOT_FOUND", source=self) from problem
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyStoreMisconfigured("KEYSTORE_PIN_FILE_OPEN", source=self, mode=f"{mode:04o}")
        if not value:
            raise KeyStoreMisconfigured("KEYSTORE_PIN_NOT_FOUND", source=self)
        return Pin(value)

    def as_json(self) -> dict[str, str]:
        return {"file": str(self.path)}

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class PinEnvironment:
    """An environment variable."""

    name: str

    def read(self) -> Pin:
        value = os.environ.get(self.name, "")
        if not value:
            raise KeyStoreMisconfigured("KEYSTORE_PIN_NOT_FOUND", source=self)
        return Pin(value)

    def as_json(self) -> dict[str, str]:
        return {"environment": self.name}

    def __str__(self) -> str:
        return f"${self.name}"


def pin_source_from_json(data: dict[str, str]) -> PinSource:
    return PinFile(Path(data["file"])) if "file" in data else PinEnvironment(data["environment"])


def random_pin_file(path: Path) -> PinFile:
    """A new file of mode 0600 with a random PIN of 24 digits and letters. An existing file is kept as it is."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return PinFile(path)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secrets.token_hex(12) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return PinFile(path)


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Only one process (and one thread) at a time is inside, for `what` in this folder. Not re-entrant."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / f"{what}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class _Verdict(StrEnum):
    TRYING = "TRYING"
    REFUSED = "REFUSED"


class PinLedger:
    """`pin-ledger.json` (0600) in the state folder: per token, the PIN being tried or refused, as salted scrypt."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / "pin-ledger.json"

    def log_in(
        self, token: str, source: PinSource, *, attempt: Callable[[Pin], T], pin_state: Callable[[], PinState]
    ) -> T:
        """What `attempt` gives for the PIN of `source`. Raises PinRefused, at once if this PIN was refused before.

        `attempt` raises WrongPin when the token refuses. One try at a time over all processes of the folder."""
        pin = source.read()
        with locked(self._folder, "pin"):
            entry = self._entries().get(token)
            if entry is not None and _is_of(entry, pin):
                self._judge(token, source, entry, pin_state())
            self._write(token, _entry(pin, _Verdict.TRYING, pin_state()))
            try:
                result = attempt(pin)
            except WrongPin as refusal:
                self._write(token, _entry(pin, _Verdict.REFUSED, pin_state()))
                raise PinRefused("KEYSTORE_PIN_REFUSED", token=token, source=source) from refusal
            except Exception:
                self._write(token, entry)  # not the PIN's fault: as it was before
                raise
            self._write(token, None)
            return result

    def _judge(self, token: str, source: PinSource, entry: dict[str, Any], now: PinState) -> None:
        """May this PIN, which stands in the ledger, be tried again? Raises PinRefused if not."""
        if now.locked:
            raise PinRefused("KEYSTORE_PIN_LOCKED", token=token)
        # a TRYING means that somebody died while trying it; a token that counts no failed try has not refused it
        counted_since = now.count_low and not entry["count_low"]
        if entry["verdict"] == _Verdict.REFUSED or counted_since:
            raise PinRefused("KEYSTORE_PIN_REFUSED_BEFORE", token=token, source=source)
        if now.count_low:
            raise PinRefused("KEYSTORE_PIN_UNCERTAIN", token=token, source=source, ledger=self.path)

    def _entries(self) -> dict[str, dict[str, Any]]:
        """Raises KeyStoreMisconfigured when it cannot be read: it may say that a PIN was refused, so none is tried."""
        try:
            entries = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as problem:
            raise KeyStoreMisconfigured("KEYSTORE_PIN_LEDGER_BROKEN", ledger=self.path) from problem
        if not isinstance(entries, dict) or not all(map(_is_entry, entries.values())):
            raise KeyStoreMisconfigured("KEYSTORE_PIN_LEDGER_BROKEN", ledger=self.path)
        return entries

    def _write(self, token: str, entry: dict[str, Any] | None) -> None:
        entries = self._entries()
        entries.pop(token, None)
        if entry is not None:
            entries[token] = entry
        write_private(self.path, json.dumps(entries, indent=1))


def _entry(pin: Pin, verdict: _Verdict, state: PinState) -> dict[str, Any]:
    salt = secrets.token_bytes(16)
    return {"verdict": verdict, "salt": salt.hex(), "scrypt": _scrypt(pin, salt).hex(), "count_low": state.count_low}


def _is_entry(entry: object) -> bool:
    """Whether it is what `_entry` writes."""
    if not isinstance(entry, dict) or not isinstance(entry.get("count_low"), bool):
        return False
    try:
        _Verdict(entry["verdict"])
        return all(bytes.fromhex(entry[name]) for name in ("salt", "scrypt"))
    except (KeyError, ValueError, TypeError):
        return False


def _is_of(entry: dict[str, Any], pin: Pin) -> bool:
    return hmac.compare_digest(_scrypt(pin, bytes.fromhex(entry["salt"])), bytes.fromhex(entry["scrypt"]))


def _scrypt(pin: Pin, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.value.encode(), salt=salt, n=2**14, r=8, p=1)


def write_private(path: Path, text: str) -> None:
    """Writes `text` to `path` (mode 0600), whole or not at all, and onto the disk before it returns."""
    handle = os.open(path.with_suffix(".new"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    path.with_suffix(".new").replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
