"""One worker's session: its handles, and what it does when one of them means nothing any more.

An error means that no signature was made, so a call may be tried a second time in a mended session; never a third.
When an answer can mean "this key" as well as "the whole token", the test key is asked: if that one signs, the token is
well and the key is at fault. This room knows keys by KeyRef and refuses to know threads and deadlines.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from keystore.algorithms import SignatureAlgorithm, get_algorithm
from keystore.errors import (
    HandleLost,
    KeyNotFound,
    KeyStoreError,
    KeyUnusable,
    SessionLost,
    TokenAnswered,
    TokenLost,
)
from keystore.keys import KeyRef, Protection
from keystore.locking import Locking
from keystore.login import TokenLogin
from keystore.pool import close_quietly
from keystore.settings import TokenSettings
from keystore.signature import encode_raw, verifies
from keystore.token import Handle, TokenSession
from keystore.wrapped import HandleCache

T = TypeVar("T")

_log = logging.getLogger(__name__)

PROBE = b"Does the token still answer as itself?"


@dataclass
class Shared:
    """What all sessions of a store look at: `test_key` is known once the store has found or made it; `epoch` grows when
    every remembered handle must be forgotten."""

    test_key: KeyRef | None = None
    epoch: int = 0


class WorkSession:
    """Owned by one worker thread."""

    def __init__(self, login: TokenLogin, settings: TokenSettings, shared: Shared) -> None:
        self._login = login
        self.settings = settings
        self._shared = shared
        self._start()

    def _start(self) -> None:
        self.raw: TokenSession = self._login.open_session()
        self._handles = HandleCache(self.raw, self.settings.unwrapped_keys // max(1, self.settings.sessions))
        self._wrapping: dict[str, Handle] = {}
        self._epoch = self._shared.epoch

    def close(self) -> None:
        with self._login.module.guard():
            if self._login.module.locking is Locking.ONE_AT_A_TIME:
                self.forget()
            self._login.close_session(self.raw)

    def perform(self, task: Callable[[WorkSession], T]) -> T:
        """`task(self)`, once more if the session or a handle had to be mended.

        Raises KeyNotFound and KeyUnusable for the key, TokenLost for the token."""
        with self._login.module.guard():
            if self._epoch != self._shared.epoch:
                self.forget()
            try:
                return task(self)
            except (HandleLost, SessionLost) as lost:
                _log.info("mending a session: %s", lost)
                self._mend(lost)
            except (TokenAnswered, KeyNotFound, KeyUnusable) as answer:
                raise self._judged(answer) from answer
            try:
                return task(self)
            except (HandleLost, SessionLost, TokenAnswered, KeyNotFound, KeyUnusable) as answer:
                raise self._judged(answer) from answer

    def _mend(self, lost: HandleLost | SessionLost) -> None:
        if isinstance(lost, HandleLost):
            self.forget()
        elif self._login.module.locking is Locking.ONE_AT_A_TIME:
            raise self._token_lost(lost) from lost  # the only session there is also held the login
        else:
            close_quietly(self.raw)
            self._start()

    def _judged(self, answer: KeyStoreError) -> KeyStoreError:
        """Whose fault `answer` is: the key's if the test key still signs, else the token's."""
        try:
            self.forget()
            self.probe()
        except KeyStoreError as problem:
            _log.warning("the token no longer signs with its test key: %s", problem)
            return self._token_lost(answer)
        return answer

    def _token_lost(self, answer: KeyStoreError) -> TokenLost:
        reason = answer.details.get("answer", answer.code)
        return TokenLost("KEYSTORE_TOKEN_LOST", token=self.settings.token_label, answer=reason)

    def forget(self) -> None:
        """Drop every handle; they are found again by label and identifier."""
        self._handles.clear()
        self._wrapping.clear()
        self._epoch = self._shared.epoch

    def probe(self) -> None:
        """Signs with the test key, found afresh, and verifies. Raises KeyStoreError when the token is not well."""
        ref = self._shared.test_key
        if ref is None:
            raise self._missing("KEYSTORE_KEY_NOT_FOUND", label="test key", key_id="")
        handle = self.raw.find_private(key_id=ref.key_id, label=ref.label)
        if handle is None:
            raise self._missing("KEYSTORE_KEY_NOT_FOUND", label=ref.label, key_id=ref.key_id)
        algorithm = get_algorithm(ref.algorithm)
        answer = self.sign_with(handle, algorithm, PROBE, algorithm.digest(PROBE))
        if not verifies(ref.public_key, algorithm, answer, algorithm.digest(PROBE)):
            raise KeyUnusable("KEYSTORE_SIGNATURE_WRONG", label=ref.label, key_id=ref.key_id)

    def sign(self, ref: KeyRef, algorithm: SignatureAlgorithm, message: bytes, digest: bytes) -> bytes:
        """The signature in its raw form (ECDSA: r || s), not yet verified."""
        handle = self._handles.find(ref.key_id) or self._fetch(ref, algorithm)
        try:
            return self.sign_with(handle, algorithm, message, digest)
        except TokenAnswered as answer:
            raise self._unusable(ref, answer) from answer

    def sign_with(self, handle: Handle, algorithm: SignatureAlgorithm, message: bytes, digest: bytes) -> bytes:
        profile = self.settings.profile(algorithm)
        answer = self.raw.sign(handle, profile.mechanism, algorithm.input_for(profile, message, digest))
        return encode_raw(answer, algorithm, profile)

    def _fetch(self, ref: KeyRef, algorithm: SignatureAlgorithm) -> Handle:
        if ref.protection is Protection.TOKEN_OBJECT:
            handle = self.raw.find_private(key_id=ref.key_id, label=ref.label)
            if handle is None:
                raise self._missing("KEYSTORE_KEY_NOT_FOUND", label=ref.label, key_id=ref.key_id)
        else:
            handle = self.unwrapped(ref, algorithm)
        return self._handles.keep(ref.key_id, handle, temporary=ref.protection is Protection.WRAPPED)

    def unwrapped(self, ref: KeyRef, algorithm: SignatureAlgorithm) -> Handle:
        """A new session object; the caller sees to it that it is destroyed."""
        wrapping_key = self.wrapping_key(ref.wrapping_key_id or "", for_label=ref.label)
        try:
            return self.raw.unwrap(wrapping_key, algorithm, ref.wrapped or b"", extractable=False)
        except TokenAnswered as answer:
            raise self._unusable(ref, answer) from answer

    def wrapping_key(self, key_id: str, *, for_label: str) -> Handle:
        handle = self._wrapping.get(key_id)
        if handle is None:
            handle = self._wrapping[key_id] = self.raw.find_wrapping_key(key_id)
        if handle is None:
            del self._wrapping[key_id]
            raise self._missing("KEYSTORE_WRAPPING_KEY_NOT_FOUND", label=for_label, key_id=key_id)
        return handle

    def _missing(self, code: str, *, label: str, key_id: str) -> KeyNotFound:
        return KeyNotFound(code, token=self.settings.token_label, label=label, key_id=key_id)

    def _unusable(self, ref: KeyRef, answer: TokenAnswered) -> KeyUnusable:
        details = {"token": self.settings.token_label, "label": ref.label, "key_id": ref.key_id}
        return KeyUnusable("KEYSTORE_KEY_UNUSABLE", answer=answer.details["answer"], **details)
