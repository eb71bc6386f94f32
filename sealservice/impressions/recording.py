"""How an impression ends: recorded and released, failed with its reason, or signed and kept back.

Recording is one transaction, and it is the release: before its commit nothing went out, after it everything did. A
commit whose answer was lost is decided by reading, never by repeating.
"""

from __future__ import annotations

from pathlib import Path

from sealservice.audit.operations import append
from sealservice.documents.model import Document, Kind
from sealservice.documents.store import DocumentStore
from sealservice.impressions.check import Checked
from sealservice.impressions.intention import Intent
from sealservice.impressions.model import LIFECYCLE, Impression, ImpressionState
from sealservice.impressions.queries import get_impression
from sealservice.impressions.request import Level
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Unavailable
from sealservice.timestamps.sources import TimestampSource


class Recorder:
    def __init__(self, database: Database, clock: Clock, store: DocumentStore, timestamps: TimestampSource) -> None:
        self._database, self._clock, self._store, self._timestamps = database, clock, store, timestamps

    def record(self, intent: Intent, draft: Path, checked: Checked) -> Impression:
        """Stores the sealed file, then records it with its audit line. Only now is it released."""
        size = draft.stat().st_size
        self._store.keep(draft, checked.sealed)
        try:
            return self._commit(intent, checked, size)
        except Unavailable:
            return self._read_what_became_of(intent)

    def fail(self, intent: Intent, code: str) -> None:
        """Writes down that the impression failed, and why. Nothing of it is released."""
        with self._database.begin() as session:
            impression = get_impression(session, intent.impression_id)
            event = LIFECYCLE.move(impression, "fail", actor=impression.pressed_by, at=self._clock.now(), cause=code)
            impression.failure, impression.settled_at = code, event.at
            append(session, event)

    def keep_back(self, intent: Intent, signature: bytes) -> None:
        """A signature came after its caller had gone: it is kept as evidence, and never sent (SIGNED)."""
        with self._database.begin() as session:
            impression = get_impression(session, intent.impression_id)
            event = LIFECYCLE.move(impression, "sign", actor=impression.pressed_by, at=self._clock.now())
            impression.cms = signature
            append(session, event)

    def _commit(self, intent: Intent, checked: Checked, size: int) -> Impression:
        now = self._clock.now()
        with self._database.begin() as session:
            impression = get_impression(session, intent.impression_id)
            session.add(
                Document(
                    digest=str(checked.sealed),
                    kind=Kind.SEALED,
                    size=size,
                    media_type="application/pdf",
                    stored_at=now,
                )
            )
            session.flush()
            LIFECYCLE.move(impression, "sign", actor=impression.pressed_by, at=now)
            impression.sealed, impression.settled_at = str(checked.sealed), now
            if intent.level is Level.B_T:
                impression.timestamp_at, impression.timestamp_source = checked.timestamp_at, self._timestamps.name
            append(
                session, LIFECYCLE.move(impression, "record", actor=impression.pressed_by, at=now, **_facts(impression))
            )
            return impression

    def _read_what_became_of(self, intent: Intent) -> Impression:
        with self._database.read() as session:
            impression = get_impression(session, intent.impression_id)
        if impression.state is not ImpressionState.RECORDED:
            raise Unavailable("RECORDING_FAILED", impression=intent.impression_id)
        return impression


def _facts(impression: Impression) -> dict[str, str | None]:
    return {
        "seal": impression.seal_code,
        "document": impression.document,
        "sealed": impression.sealed,
        "signed_digest": impression.signed_digest,
        "certificate": impression.certificate_id,
        "matter": impression.request["matter"],
        "reason": impression.request["reason"],
    }
