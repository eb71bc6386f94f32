"""The keys of the house as a whole: taking stock, making one, moving all under a new wrapping key, retiring one.

What a key is for is known here; how it is kept, only by the key store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from keystore.ceremony import retire_wrapping_key, rotate
from keystore.keys import KeyRecord, KeyRef, KeyUse, Protection
from keystore.store import TokenKeyStore
from sealservice.audit.operations import append
from sealservice.certificates.authority import new_key
from sealservice.certificates.model import Certificate, CertificateState, Purpose, StoredKey
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import InvalidInput, NotFound, Refused
from sealservice.kernel.lifecycle import Event
from sealservice.parties.operations import get_person


@dataclass(frozen=True)
class Rotation:
    """The new wrapping key, how many keys moved under it, and how many old wrapping keys were destroyed."""

    wrapping_key: str
    moved: int
    retired: int


class Keys:
    def __init__(self, database: Database, clock: Clock, keys: TokenKeyStore) -> None:
        self._database, self._clock, self._keys = database, clock, keys

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
        key = new_key(self._database, self._clock, self._keys, purpose, label, algorithm, protection)
        with self._database.begin() as session:
            facts = {"purpose": purpose, "protection": protection, "label": label}
            append(session, Event("key.generate", f"key:{key.key_id}", actor, self._clock.now(), facts=facts))
        return key

    def rotate(self, *, actor: str, retire_old: bool) -> Rotation:
        """A new wrapping key, and every wrapped key moved under it. Broken off, it is simply run again."""
        self._require_person(actor)
        old = [record.key_id for record in self.in_token() if record.use is KeyUse.WRAPPING]
        made, moved = rotate(self._keys, self._wrapped(), save=self._save)
        retired = old if retire_old else []
        for key_id in retired:
            retire_wrapping_key(self._keys, key_id, self._wrapped())
        with self._database.begin() as session:
            facts = {"moved": moved, "retired": retired}
            append(session, Event("key.rotate", f"key:{made.key_id}", actor, self._clock.now(), facts=facts))
        return Rotation(made.key_id, moved, len(retired))

    def retire(self, key_id: str, *, actor: str, cause: str) -> StoredKey:
        """The key signs no more, for good. Raises Refused("KEY_IN_USE") while a standing certificate speaks for it."""
        if not cause.strip():
            raise InvalidInput("CAUSE_MISSING", verb="retire", subject=f"key:{key_id}")
        at = self._clock.now()
        with self._database.begin() as session:
            get_person(session, actor)
            key = self._retirable(session, key_id)
            ref = key.ref
            key.retired_at, key.wrapped = at, None
            append(session, Event("key.retire", f"key:{key_id}", actor, at, cause, {"label": key.label}))
        self._keys.retire(ref)
        return key

    def _retirable(self, session: Session, key_id: str) -> StoredKey:
        key = session.get(StoredKey, key_id)
        if key is None:
            raise NotFound("KEY_UNKNOWN", key=key_id)
        if key.retired_at is not None:
            raise Refused("KEY_RETIRED_ALREADY", key=key_id)
        speaking = session.scalars(
            select(Certificate.subject_name).where(
                Certificate.key_id == key_id,
                Certificate.state == CertificateState.ISSUED,
                Certificate.valid_until > self._clock.now(),
            )
        ).first()
        if speaking is not None:
            raise Refused("KEY_IN_USE", key=key_id, name=speaking)
        return key

    def _require_person(self, actor: str) -> None:
        with self._database.read() as session:
            get_person(session, actor)

    def _wrapped(self) -> list[KeyRef]:
        return [key.ref for key in self.stored() if key.wrapped is not None]

    def _save(self, ref: KeyRef) -> None:
        with self._database.begin() as session:
            key = session.get_one(StoredKey, ref.key_id)
            key.wrapped, key.wrapping_key_id = ref.wrapped, ref.wrapping_key_id
