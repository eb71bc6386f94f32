"""The key store itself: what is asked of it goes through the recovery, into the pool, and out through verification.

caller → Recovery (is the token well?) → SessionPool (a worker with a session) → WorkSession (handles) → token
caller ← verified under the expected public key ←──────────────────────────────────── raw signature ←──┘
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from keystore.algorithms import SignatureAlgorithm, get_algorithm
from keystore.errors import (
    KeyNotFound,
    KeyStoreError,
    PolicyForbids,
    SignatureWrong,
    TokenLost,
    TokenTimeout,
)
from keystore.keys import Health, KeyRecord, KeyRef, LateSignature, Protection, SelfTest, SigningKey
from keystore.locking import Locking
from keystore.login import TokenLogin
from keystore.making import (
    find_or_make_test_key,
    holds,
    make_stored,
    make_wrapped,
    make_wrapping_key,
    record,
    wrap_anew,
)
from keystore.module import Module
from keystore.pin import locked
from keystore.pool import SessionPool
from keystore.recovery import Clock, Recovery
from keystore.selftest import run_self_test
from keystore.session import Shared, WorkSession
from keystore.settings import TokenSettings
from keystore.signature import encode_der, verifies

T = TypeVar("T")

_log = logging.getLogger(__name__)

OnLate = Callable[[LateSignature], None]


class TokenKeyStore:
    """Use `keystore.open_key_store`. All methods may be called from any thread."""

    def __init__(self, settings: TokenSettings, *, clock: Clock, on_late: OnLate | None) -> None:
        self.settings = settings
        self._on_late = on_late
        self._module = Module.load(settings.module, settings.softhsm_conf)
        self._login = TokenLogin.of(self._module, settings)
        self._shared = Shared()
        self._pool: SessionPool[WorkSession] = SessionPool(
            lambda: WorkSession(self._login, settings, self._shared),
            sessions=settings.sessions if self._module.locking is Locking.OS else 1,
            queue=settings.queue,
            deadline_seconds=settings.deadline_seconds,
        )
        self._module.attach(self._pool)
        self._recovery = Recovery(
            token=settings.token_label,
            clock=clock,
            probe=self._probe,
            renew=self._renew,
            patience_seconds=settings.deadline_seconds,
        )
        self._retired: set[str] = set()
        self._signing_key = lru_cache(maxsize=4096)(self._make_signing_key)
        self._closed = False

    @property
    def sessions(self) -> int:
        """How many calls can be inside the module at once: one if it cannot lock."""
        return self._pool.sessions

    # -- keys

    def generate(self, *, algorithm: str, label: str, protection: Protection) -> KeyRef:
        """A new key pair. WRAPPED becomes TOKEN_OBJECT where the settings forbid wrapping.

        Raises KeyNotFound (no wrapping key yet), MechanismMissing, TokenUnavailable."""
        row = get_algorithm(algorithm)
        if protection is Protection.WRAPPED and self.settings.wrapping_allowed:
            return self.perform(lambda session: make_wrapped(session, row, label))
        return self.perform(lambda session: make_stored(session, row, label))

    def signing_key(self, ref: KeyRef) -> SigningKey:
        """What signs with `ref`. Cheap; nothing is asked of the token yet. Raises PolicyForbids, KeyNotFound."""
        if ref.key_id in self._retired:
            raise KeyNotFound("KEYSTORE_KEY_RETIRED", label=ref.label, key_id=ref.key_id)
        if ref.token != self.settings.token_label:
            details = {"label": ref.label, "key_id": ref.key_id, "there": ref.token}
            raise KeyNotFound("KEYSTORE_KEY_ELSEWHERE", token=self.settings.token_label, **details)
        if ref.protection is Protection.WRAPPED and not self.settings.wrapping_allowed:
            raise PolicyForbids("KEYSTORE_WRAPPING_FORBIDDEN", label=ref.label)
        return self._signing_key(ref)

    def _make_signing_key(self, ref: KeyRef) -> TokenSigningKey:
        return TokenSigningKey(self, ref)

    def sign(self, ref: KeyRef, algorithm: SignatureAlgorithm, message: bytes) -> bytes:
        """A raw signature that verifies under the key's public key; what `SigningKey` builds on."""
        if ref.key_id in self._retired:
            raise KeyNotFound("KEYSTORE_KEY_RETIRED", label=ref.label, key_id=ref.key_id)
        digest = algorithm.digest(message)

        def late(call_id: str, signature: bytes) -> None:
            if self._on_late is not None:
                self._on_late(LateSignature(call_id=call_id, key_id=ref.key_id, digest=digest, signature=signature))

        raw = self.perform(lambda session: session.sign(ref, algorithm, message, digest), on_late=late)
        if not verifies(ref.public_key, algorithm, raw, digest):
            self._shared.epoch += 1  # a handle may point at another key now: find all of them again
            raise SignatureWrong("KEYSTORE_SIGNATURE_WRONG", label=ref.label, key_id=ref.key_id)
        return raw

    def holds(self, ref: KeyRef) -> bool:
        """Whether the token has what `ref` rests on now: the key itself, or the wrapping key that it lies under. Asked
        of the token each time, because another process may have destroyed it."""
        return self.perform(lambda session: holds(session, ref))

    def inventory(self) -> list[KeyRecord]:
        """Every key that rests in the token. Wrapped keys rest in the caller's database."""
        return [record(item) for item in self.perform(lambda session: session.raw.stored_keys())]

    def retire(self, ref: KeyRef) -> None:
        """The key signs no more: a token object is destroyed, of a wrapped key every unwrapped copy is. For good."""
        self._retired.add(ref.key_id)
        self._shared.epoch += 1
        if ref.protection is Protection.TOKEN_OBJECT:
            self.perform(lambda session: session.raw.destroy_stored(ref.key_id, ref.label))

    # -- wrapping keys, for the ceremony

    def generate_wrapping_key(self) -> KeyRecord:
        """A further wrapping key; keys made from now on are wrapped under it. The older ones stay for older keys."""
        with locked(self.settings.state_folder, "keys"):
            return self.perform(make_wrapping_key)

    def rewrap(self, ref: KeyRef) -> KeyRef:
        """`ref` under the newest wrapping key; the same KeyRef if it is under that already.

        Save it before anything else: the old one stays good until its wrapping key is retired."""
        return self.perform(lambda session: wrap_anew(session, ref))

    def destroy_wrapping_key(self, key: KeyRecord) -> None:
        """Whatever is still wrapped under it is lost; `ceremony.retire_wrapping_key` asks first."""
        self._shared.epoch += 1
        self.perform(lambda session: session.raw.destroy_stored(key.key_id, key.label))

    # -- the store

    def self_test(self) -> SelfTest:
        """Wrap, unwrap, sign, verify, in every configured profile. Never raises for a failed step."""
        steps = self.perform(run_self_test)
        return SelfTest(module=self._module.describe(), locking=self._module.locking, steps=steps)

    def health(self) -> Health:
        """A signature with the test key, made and verified now. Takes two deadlines at most; never raises."""
        reason = None
        try:
            self.perform(lambda session: session.probe())
        except KeyStoreError as problem:
            reason = str(problem)
        return Health(
            ready=reason is None,
            replace_process=self._pool.beyond_help,
            sessions=self._pool.sessions,
            stuck=self._pool.stuck,
            waiting=self._pool.waiting,
            reason=reason,
        )

    def close(self) -> None:
        """Ends the workers and logs out if nobody else in the process uses the token."""
        if self._closed:
            return
        self._closed = True
        self._pool.close()
        self._module.detach(self._pool)
        if not self._pool.stuck:
            self._login.leave()

    def furnish(self) -> None:
        """Finds the test key or makes it, so that health can be asked. One process at a time."""
        with locked(self.settings.state_folder, "keys"):
            self._shared.test_key = self._pool.perform(lambda session: session.perform(find_or_make_test_key))

    def perform(self, task: Callable[[WorkSession], T], *, on_late: Callable[[str, T], None] | None = None) -> T:
        """`task` in a session, for the rooms of the key store. Raises KeyStoreError in any of its kinds."""
        self._recovery.before_call()
        try:
            return self._pool.perform(lambda session: session.perform(task), on_late=on_late)
        except (TokenLost, TokenTimeout):
            self._recovery.failed()
            raise

    def _probe(self) -> None:
        self._pool.perform(lambda session: session.perform(lambda work: work.probe()))

    def _renew(self) -> None:
        """Drain and restart the module; each worker then logs in (the first of them) and finds its keys anew."""
        _log.warning("restarting the module of token %s", self.settings.token_label)
        self._module.restart_drained(
            lambda: self._recovery.refusal(0),
            seen_generation=self._module.generation,
            seconds=self.settings.deadline_seconds,
        )


class TokenSigningKey:
    """A key of a TokenKeyStore. Its algorithm is fixed for its life."""

    def __init__(self, store: TokenKeyStore, ref: KeyRef) -> None:
        self._store = store
        self._ref = ref
        self.algorithm = get_algorithm(ref.algorithm)

    @property
    def public_key(self) -> bytes:
        return self._ref.public_key

    def sign(self, message: bytes) -> bytes:
        return encode_der(self.sign_raw(message), self.algorithm)

    def sign_raw(self, message: bytes) -> bytes:
        return self._store.sign(self._ref, self.algorithm, message)
