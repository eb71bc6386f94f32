"""Being logged in to one token, in one process.

PKCS#11 logs a process in to a token, not a session: the first session shows the PIN, all others are in with it, and
closing that first one logs everybody out. So it is kept here for as long as anybody uses the token, and closed last.
This room refuses to judge PINs (that is `keystore.pin`) and to know keys.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading

from keystore.errors import PinRefused, TokenLost
from keystore.locking import Locking
from keystore.module import Module
from keystore.pin import Pin, PinLedger
from keystore.settings import TokenSettings
from keystore.token import AlreadyThere, TokenSession

_log = logging.getLogger(__name__)


class TokenLogin:
    """Use `TokenLogin.of`; every `of` wants its `leave`."""

    def __init__(self, module: Module, settings: TokenSettings) -> None:
        self.module = module
        self.token = settings.token_label
        self._pin_source = settings.pin_source
        self._ledger = PinLedger(settings.state_folder)
        self._users = 0
        self.generation = 0
        self._keeper: TokenSession | None = None
        self._lock = threading.RLock()
        self._secret = secrets.token_bytes(16)
        self._shown = b""

    @classmethod
    def of(cls, module: Module, settings: TokenSettings) -> TokenLogin:
        """The login of this process to the token, made if there is none. Raises PinRefused, KeyStoreMisconfigured."""
        module.refresh(settings.token_label)
        with module.changing:
            login = module.logins.get(settings.token_label)
            if login is None:
                login = cls(module, settings)
                login.enter()
                module.logins[settings.token_label] = login
            elif not login.same_pin(settings.pin_source.read()):
                # the token would not even look at it: somebody is logged in
                raise PinRefused("KEYSTORE_PIN_REFUSED", token=settings.token_label, source=settings.pin_source)
            login._users += 1
            return login

    def same_pin(self, pin: Pin) -> bool:
        return hmac.compare_digest(self._shown, self._fingerprint(pin))

    def _fingerprint(self, pin: Pin) -> bytes:
        return hashlib.blake2b(pin.value.encode(), key=self._secret).digest()

    def enter(self) -> None:
        """Log in if that has not been done since the module was last started, with the PIN that its source holds now.

        Raises PinRefused, TokenLost."""
        with self._lock:
            generation = self.module.generation
            if self.generation == generation:
                return
            self._keeper = self._ledger.log_in(
                self.token, self._pin_source, attempt=self._show, pin_state=lambda: self.module.pin_state(self.token)
            )
            self.generation = generation

    def _show(self, pin: Pin) -> TokenSession:
        try:
            session = self.module.open(self.token, pin.value)
        except AlreadyThere as problem:
            raise TokenLost("KEYSTORE_TOKEN_LOST", token=self.token, answer="UserAlreadyLoggedIn") from problem
        self._shown = self._fingerprint(pin)
        return session

    def open_session(self) -> TokenSession:
        """A session that is logged in. With a module that cannot lock it is always the same one."""
        self.enter()
        if self._keeper is not None and self.module.locking is Locking.ONE_AT_A_TIME:
            return self._keeper
        return self.module.open(self.token)

    def close_session(self, session: TokenSession) -> None:
        if session is not self._keeper:
            session.close()

    def leave(self) -> None:
        """The last one to leave logs out."""
        with self.module.changing:
            self._users -= 1
            if self._users:
                return
            self.module.logins.pop(self.token, None)
            if self._keeper is not None and self.generation == self.module.generation:
                try:
                    self._keeper.close()
                except Exception as problem:
                    _log.debug("logging out of %s: %s", self.token, problem)
