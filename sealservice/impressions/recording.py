"""How an impression ends: recorded and released, failed with its reason, or signed and kept back.

Recording is one transaction, and it is the release: before its commit nothing went out, after it everything did. A
commit whose answer was lost is decided by reading, never by repeating.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from sealservice.audit.operations import append
from sealservice.documents.model import Document, Kind
from sealservice.documents.store import DocumentStore
from sealservice.impressions.check import Checked
from sealservice.impressions.intention import Intent
from sealservice.impressions.model import LIFECYCLE, Impression, ImpressionState
from sealservice.impressions.queries import get_impression
from sealservice.impressions.request import Level
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database, insert
from sealservice.kernel.errors import Conflict, Unavailable
from sealservice.timestamps.sources import TimestampSource


class Recorder:
    def __init__(self, database: Database, clock: Clock, store: DocumentStore, timestamps: TimestampSource) -> None:
        self._database, self._clock, self._store, self._timestamps = database, clock, store, timestamps

    def record(self, intent: Intent, draft: Path, checked: Checked) -> Impression:
        """Records the kept file with its audit line. Only now is it released.

        Raises Conflict when somebody settled the impression meanwhile, Unavailable when the database is gone."""
        size = draft.stat().st_size
        try:
            return self._commit(intent, checked, size)
        except Unavailable:
            return self._read_what_became_of(intent)

    def keep(self, draft: Path, checked: Checked) -> None:
        """Stores the sealed file under its digest, on disk for good. Nothing says yet that it is there."""
        self._store.keep(draft, checked.sealed)

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
        now, impression = self._clock.now(), intent.impression
        LIFECYCLE.move(impression, "sign", actor=impression.pressed_by, at=now)
        impression.sealed, impression.settled_at = str(checked.sealed), now
        if intent.level is Level.B_T:
            impression.timestamp_at, impression.timestamp_source = checked.timestamp_at, self._timestamps.name
        event = LIFECYCLE.move(impression, "record", actor=impression.pressed_by, at=now, **_facts(impression))
        with self._database.begin() as session:
            insert(session, _document(checked, size, now))
            _settle(session, impression)
            append(session, event)
        return impression

    def _read_what_became_of(self, intent: Intent) -> Impression:
        with self._database.read() as session:
            impression = get_impression(session, intent.impression_id)
        if impression.state is not ImpressionState.RECORDED:
            raise Unavailable("RECORDING_FAILED", impression=intent.impression_id)
        return impression


_SETTLE = (
    update(Impression.__table__)  # type: ignore[arg-type]  # a declared table is a Table
    .where(Impression.impression_id == bindparam("of"), Impression.state == ImpressionState.INTENDED)
    .values({name: bindparam(name) for name in ("state", "sealed", "settled_at", "timestamp_at", "timestamp_source")})
)


def _settle(session: Session, impression: Impression) -> None:
    """Raises Conflict("CHANGED_MEANWHILE") when it is no longer INTENDED: then it is not ours to release."""
    done = session.execute(
        _SETTLE,
        {
            "of": impression.impression_id,
            "state": impression.state,
            "sealed": impression.sealed,
            "settled_at": impression.settled_at,
            "timestamp_at": impression.timestamp_at,
            "timestamp_source": impression.timestamp_source,
        },
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's result has one
        raise Conflict("CHANGED_MEANWHILE")


def _document(checked: Checked, size: int, now: datetime) -> Document:
    return Document(
        digest=str(checked.sealed), kind=Kind.SEALED, size=size, media_type="application/pdf", stored_at=now
    )


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
