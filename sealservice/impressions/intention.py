"""The first transaction: may this keeper press this seal on this document now? Then it is written down, or it is not.

An `Intent` is the proof. Only `intend` makes one, and only one use is in it: whoever holds it may have the key sign
once, for exactly the digest that was written down.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sealservice.audit.operations import last_recorded_at
from sealservice.impressions.model import (
    ONE_LIVING_IMPRESSION_FOR_A_KEY,
    Impression,
    ImpressionState,
    PlannedSignature,
    SignaturePurpose,
)
from sealservice.impressions.queries import find_by_key
from sealservice.impressions.request import Level, PressRequest
from sealservice.kernel.clock import Clock, require_not_behind
from sealservice.kernel.database import Database, insert
from sealservice.kernel.errors import Conflict
from sealservice.kernel.violations import breaks
from sealservice.seals.lifecycle import require_pressable
from sealservice.seals.queries import SealingMeans
from sealservice.timestamps.sources import TimestampSource
from sealservice.workers.order import Preparation
from sealverify.digest import Digest


@dataclass
class Intent:
    """An impression that is written down and not yet signed. One use."""

    impression: Impression
    digest: Digest
    means: SealingMeans
    level: Level
    _used: bool = field(default=False, repr=False)

    @property
    def impression_id(self) -> str:
        return self.impression.impression_id

    def redeem(self) -> Digest:
        """The digest to sign. Raises Conflict("INTENT_USED") the second time."""
        if self._used:
            raise Conflict("INTENT_USED", impression=self.impression_id)
        self._used = True
        return self.digest


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What was prepared for an impression: its identifier, the request, and what the worker made of the document."""

    impression_id: str
    request: PressRequest
    document: Digest
    preparation: Preparation
    means: SealingMeans


class Intentions:
    """Writes intents. `instance` is this process, `timestamps` whoever will stamp the time."""

    def __init__(self, database: Database, clock: Clock, instance: str, timestamps: TimestampSource) -> None:
        self._database, self._clock, self._instance, self._timestamps = database, clock, instance, timestamps

    def intend(self, draft: Draft) -> Intent:
        """Writes the impression and every signature it will need, in one transaction.

        Raises what `require_pressable` raises, Unavailable("CLOCK_BEHIND"), and Conflict when the idempotency key is
        at work elsewhere or the seal changed while the document was being prepared."""
        request, digest = draft.request, draft.preparation.digest
        try:
            with self._database.begin() as session:
                now = self._clock.now()  # not before: whoever waited for its turn is not behind the register
                self._require_lawful(session, draft, now)
                replaced = find_by_key(session, request.idempotency_key) if request.idempotency_key else None
                impression = self._impression(draft, now, replaces=replaced.impression_id if replaced else None)
                insert(session, impression)
                insert(session, *self._planned(draft))
        except IntegrityError as error:
            if not breaks(error, ONE_LIVING_IMPRESSION_FOR_A_KEY):
                raise
            raise Conflict("IDEMPOTENCY_KEY_BUSY", key=request.idempotency_key) from error
        return Intent(impression, digest, draft.means, request.level)

    def _require_lawful(self, session: Session, draft: Draft, now: datetime) -> None:
        require_not_behind(now, last_recorded_at(session))
        code = draft.request.seal_code
        if require_pressable(session, code, keeper=draft.request.keeper, now=now) != draft.means.certificate_id:
            raise Conflict("SEAL_RENEWED_MEANWHILE", code=code)

    def _impression(self, draft: Draft, now: datetime, *, replaces: str | None) -> Impression:
        request = draft.request
        return Impression(
            impression_id=draft.impression_id,
            state=ImpressionState.INTENDED,
            seal_code=request.seal_code,
            certificate_id=draft.means.certificate_id,
            pressed_by=request.keeper,
            instance=self._instance,
            document=str(draft.document),
            signed_digest=str(draft.preparation.digest),
            request=request.as_json(),
            request_digest=str(request.digest(draft.document)),
            idempotency_key=request.idempotency_key,
            replaces=replaces,
            preparation=draft.preparation.as_json(),
            level=request.level,
            intended_at=now,
        )

    def _planned(self, draft: Draft) -> list[PlannedSignature]:
        planned = [
            PlannedSignature(
                impression_id=draft.impression_id, purpose=SignaturePurpose.SEAL, key_id=draft.means.key.key_id
            )
        ]
        if draft.request.level is Level.B_T:
            planned.append(
                PlannedSignature(
                    impression_id=draft.impression_id,
                    purpose=SignaturePurpose.TIMESTAMP,
                    key_id=self._timestamps.key_id,
                    source=self._timestamps.name,
                )
            )
        return planned
