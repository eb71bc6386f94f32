"""The keys on record: how a row comes to be there, moves under another wrapping key, and is found again.

A wrapped key is worth nothing without the wrapping key that its row names. So there is one rule for both sides: whoever
writes such a name down does it in turn (`take_turn`), after a look that the wrapping key is still in the token; and
whoever destroys a wrapping key does it in turn, after a look that no row names it. What a key is for is decided
elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from keystore.algorithms import SignatureAlgorithm, get_algorithm
from keystore.errors import KeyNotFound, KeyUnusable
from keystore.keys import KeyRef, KeyStore, Protection, SigningKey
from sealservice.audit.operations import append
from sealservice.certificates.model import Purpose, StoredKey
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Conflict, Refused
from sealservice.kernel.lifecycle import Event

T = TypeVar("T")

_KEEPERS_OF_KEYS_QUEUE_HERE = 0x5EA1C0DE  # an advisory lock number of PostgreSQL, ours alone in this database
_QUEUE = text("SELECT pg_advisory_xact_lock(:key)")
_TRIES = 5
_MOST = 4096


def take_turn(session: Session) -> None:
    """Until this transaction ends, nobody else writes down where a key is, or destroys a wrapping key. On SQLite a
    writing transaction is alone anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_QUEUE, {"key": _KEEPERS_OF_KEYS_QUEUE_HERE})


@dataclass(frozen=True, kw_only=True)
class KeyWanted:
    """What key is to be made: `algorithm` is an OID, `label` what people call it."""

    purpose: Purpose
    label: str
    algorithm: str
    protection: Protection


@dataclass(frozen=True)
class Keyring:
    """The rows of keys, and the store of the token that they lie in."""

    database: Database
    clock: Clock
    keys: KeyStore

    def make(
        self, wanted: KeyWanted, *, actor: str, instead: Callable[[Session], StoredKey | None] | None = None
    ) -> StoredKey:
        """A fresh key in the token, and the row that finds it again, with its audit line.

        `instead` is asked in the transaction that would write the row: it may name a key that somebody else made
        meanwhile, or raise; ours is forgotten then. Raises what the key store raises."""
        for _ in range(_TRIES):
            ref = self.keys.generate(algorithm=wanted.algorithm, label=wanted.label, protection=wanted.protection)
            try:
                kept = self._keep(ref, wanted, actor, instead)
            except (Refused, Conflict):  # said before anything was written; whatever else happened may have come true
                self.keys.retire(ref)
                raise
            if kept is None or kept.key_id != ref.key_id:
                self.keys.retire(ref)
            if kept is not None:
                return kept
        raise Conflict("CHANGED_MEANWHILE")

    def _keep(
        self, ref: KeyRef, wanted: KeyWanted, actor: str, instead: Callable[[Session], StoredKey | None] | None
    ) -> StoredKey | None:
        """The row of `ref`, or the one to take instead; None when the wrapping key has gone since."""
        with self.database.begin() as session:
            take_turn(session)
            other = instead(session) if instead is not None else None
            if other is not None or not self.keys.holds(ref):
                return other
            key = StoredKey.of(ref, purpose=wanted.purpose, at=self.clock.now())
            session.add(key)
            facts = {"purpose": wanted.purpose, "protection": ref.protection, "label": wanted.label}
            append(session, Event("key.generate", key.subject, actor, key.created_at, facts=facts))
            return key

    def move(self, before: KeyRef, anew: KeyRef) -> bool:
        """Writes down that a key lies under another wrapping key now. False when it was moved or ended meanwhile, or
        when that wrapping key has gone already: then the row is right as it is."""
        with self.database.begin() as session:
            take_turn(session)
            key = session.get_one(StoredKey, before.key_id)
            if key.ref != before or not self.keys.holds(anew):
                return False
            key.wrapped, key.wrapping_key_id = anew.wrapped, anew.wrapping_key_id
            return True

    def wrapped(self) -> list[KeyRef]:
        """Every key that lies wrapped, as it does now."""
        with self.database.read() as session:
            return wrapped_keys(session)

    def find(self, key_id: str) -> KeyRef | None:
        """Where a key is now; None for one that is unknown or signs no more."""
        with self.database.read() as session:
            key = session.get(StoredKey, key_id)
        return None if key is None or key.retired_at is not None else key.ref


def wrapped_keys(session: Session) -> list[KeyRef]:
    found = session.scalars(select(StoredKey).where(StoredKey.wrapped.is_not(None)).order_by(StoredKey.created_at))
    return [key.ref for key in found]


class SigningKeys:
    """Keys to sign with, by what a process remembers of them.

    Another process may have moved a key under a new wrapping key since. When the key store cannot find or unwrap what
    is remembered, no signature was made; so the row is read again and, if it says something else now, the key signs by
    that. It is tried once more and never a third time."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._moved: dict[str, KeyRef] = {}

    def get(self, ref: KeyRef) -> SigningKey:
        return _FollowedKey(self, ref)

    def perform(self, ref: KeyRef, act: Callable[[SigningKey], T]) -> T:
        known = self._moved.get(ref.key_id, ref)
        try:
            return act(self._keyring.keys.signing_key(known))
        except (KeyNotFound, KeyUnusable):
            now = self._keyring.find(ref.key_id)
            if now is None or now == known:
                raise
            self._remember(now)
        return act(self._keyring.keys.signing_key(now))

    def _remember(self, ref: KeyRef) -> None:
        if len(self._moved) >= _MOST:
            self._moved.clear()
        self._moved[ref.key_id] = ref


class _FollowedKey:
    """A SigningKey that is looked for anew when it is no longer where it was."""

    def __init__(self, keys: SigningKeys, ref: KeyRef) -> None:
        self._keys, self._ref = keys, ref

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return get_algorithm(self._ref.algorithm)

    @property
    def public_key(self) -> bytes:
        return self._ref.public_key

    def sign(self, message: bytes) -> bytes:
        return self._keys.perform(self._ref, lambda key: key.sign(message))

    def sign_raw(self, message: bytes) -> bytes:
        return self._keys.perform(self._ref, lambda key: key.sign_raw(message))
