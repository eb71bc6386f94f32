"""The keys of the house as a whole: taking stock, making one, moving all under a new wrapping key, ending one.

What a key is for is known here; how it is kept, only by the key store. What ends is on record before it is destroyed: a
process that dies in between leaves a key that is there and not used, never one that is used and not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from keystore.ceremony import generate_wrapping_key, retire_wrapping_key
from keystore.errors import KeyNotFound, KeyUnusable
from keystore.keys import KeyRecord, KeyRef, KeyUse, Protection
from keystore.store import TokenKeyStore
from sealservice.audit.operations import append
from sealservice.certificates.keyring import Keyring, KeyWanted, take_turn, wrapped_keys
from sealservice.certificates.model import Certificate, CertificateState, Purpose, StoredKey
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import InvalidInput, NotFound, Refused
from sealservice.kernel.lifecycle import Event
from sealservice.parties.operations import get_person

_ROUNDS = 5  # keys that are born while others move are moved in the next round


@dataclass(frozen=True)
class Rotation:
    """The new wrapping key, how many keys moved under it, and how many old wrapping keys were destroyed."""

    wrapping_key: str
    moved: int
    retired: int


class Keys:
    def __init__(self, database: Database, clock: Clock, keys: TokenKeyStore) -> None:
        self._database, self._clock, self._keys = database, clock, keys
        self._keyring = Keyring(database, clock, keys)

    def stored(self) -> Sequence[StoredKey]:
        with self._database.read() as session:
            return session.scalars(select(StoredKey).order_by(StoredKey.created_at)).all()

    def in_token(self) -> Sequence[KeyRecord]:
        """What rests in the token itself, wrapping keys included."""
        return self._keys.inventory()

    def generate(
        self, purpose: Purpose, *, label: str, algorithm: str, protection: Protection, actor: str
    ) -> StoredKey:
        """A key for a certificate of an outside authority. Keys of the embedded one are made in its ceremony."""
        if purpose not in (Purpose.SEAL, Purpose.PERSON):
            raise InvalidInput("KEY_PURPOSE_BY_CEREMONY", purpose=purpose)
        self._require_person(actor)
        wanted = KeyWanted(purpose=purpose, label=label, algorithm=algorithm, protection=protection)
        return self._keyring.make(wanted, actor=actor)

    def rotate(self, *, actor: str, retire_old: bool) -> Rotation:
        """A new wrapping key, and every wrapped key moved under it. Broken off, it is simply run again.

        Processes that are at work go on: they find a key that moved by its row. Raises KeyUnusable when an old
        wrapping key could not be destroyed, because keys are still born under it."""
        self._require_person(actor)
        old = [record for record in self.in_token() if record.use is KeyUse.WRAPPING]
        made = self._new_wrapping_key(actor)
        moved = self._move_all()
        with self._database.begin() as session:
            facts = {"moved": moved, "replaces": [record.key_id for record in old]}
            append(session, Event("key.rotate", f"key:{made.key_id}", actor, self._clock.now(), facts=facts))
        retired = sum(self._retire_wrapping_key(record, actor) for record in old) if retire_old else 0
        return Rotation(made.key_id, moved, retired)

    def retire(self, key_id: str, *, actor: str, cause: str) -> StoredKey:
        """The key signs no more, for good. Raises Refused("KEY_IN_USE") while a standing certificate speaks for it.

        One that is retired on record and still in the token, because somebody died in between, is destroyed now."""
        if not cause.strip():
            raise InvalidInput("CAUSE_MISSING", verb="retire", subject=f"key:{key_id}")
        at = self._clock.now()
        with self._database.begin() as session:
            get_person(session, actor)
            take_turn(session)
            key = session.get(StoredKey, key_id, with_for_update=True)
            if key is None:
                raise NotFound("KEY_UNKNOWN", key=key_id)
            ref = key.ref
            if key.retired_at is None:
                self._require_unused(session, key_id)
                key.retired_at, key.wrapped = at, None
                append(session, Event("key.retire", key.subject, actor, at, cause, {"label": key.label}))
            elif not self._is_left_behind(ref):
                raise Refused("KEY_RETIRED_ALREADY", key=key_id)
        self._keys.retire(ref)
        return key

    def _is_left_behind(self, ref: KeyRef) -> bool:
        return ref.protection is Protection.TOKEN_OBJECT and self._keys.holds(ref)

    def _require_unused(self, session: Session, key_id: str) -> None:
        speaking = session.scalars(
            select(Certificate.subject_name).where(
                Certificate.key_id == key_id,
                Certificate.state == CertificateState.ISSUED,
                Certificate.valid_until > self._clock.now(),
            )
        ).first()
        if speaking is not None:
            raise Refused("KEY_IN_USE", key=key_id, name=speaking)

    def _require_person(self, actor: str) -> None:
        with self._database.read() as session:
            get_person(session, actor)

    def _new_wrapping_key(self, actor: str) -> KeyRecord:
        made = generate_wrapping_key(self._keys)
        with self._database.begin() as session:
            facts = {"purpose": KeyUse.WRAPPING, "protection": Protection.TOKEN_OBJECT, "label": made.label}
            append(session, Event("key.generate", f"key:{made.key_id}", actor, self._clock.now(), facts=facts))
        return made

    def _move_all(self) -> int:
        return sum(self._move(ref) for ref in self._keyring.wrapped())

    def _move(self, ref: KeyRef) -> bool:
        """Whether the key was moved; somebody else may have done it, or ended the key, since it was looked up."""
        try:
            anew = self._keys.rewrap(ref)
        except (KeyNotFound, KeyUnusable):
            if self._keyring.find(ref.key_id) == ref:
                raise
            return False
        return anew != ref and self._keyring.move(ref, anew)

    def _retire_wrapping_key(self, record: KeyRecord, actor: str) -> bool:
        """Destroys it when no key lies under it any more. False when somebody else has done so."""
        for _ in range(_ROUNDS):
            with self._database.begin() as session:
                take_turn(session)
                if record not in self.in_token():
                    return False
                keys = wrapped_keys(session)
                if not _needed(record, keys):
                    at, facts = self._clock.now(), {"label": record.label}
                    append(session, Event("key.retire", f"key:{record.key_id}", actor, at, None, facts))
                    retire_wrapping_key(self._keys, record.key_id, keys)
                    return True
            self._move_all()
        details = {"label": record.label, "key_id": record.key_id, "needed": _needed(record, keys)}
        raise KeyUnusable("KEYSTORE_WRAPPING_KEY_NEEDED", **details)


def _needed(record: KeyRecord, keys: Sequence[KeyRef]) -> int:
    return sum(ref.wrapping_key_id == record.key_id for ref in keys)
