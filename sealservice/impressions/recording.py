"""How an impression ends: recorded and released, failed with its reason, or signed and kept back.

Recording is one transaction, and it is the release: before its commit nothing went out, after it everything did. A
commit whose answer was lost is decided by reading, never by repeating. What cannot be written down now, because the
database is away, is remembered and written down later.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from sealservice.audit.operations import append
from sealservice.documents.model import Document, Kind
from sealservice.documents.store import DocumentStore
from sealservice.impressions.check import Checked
from sealservice.impressions.intention import Intent
from sealservice.impressions.leftovers import Leftovers
from sealservice.impressions.model import LIFECYCLE, Impression, ImpressionState
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database, insert
from sealservice.kernel.errors import Conflict, Unavailable
from sealverify.digest import Digest

_log = logging.getLogger(__name__)


class Undecided(Unavailable):
    """The database went away before it said whether the impression is recorded. Its draft must stay where it is until
    that is decided: should this process die before, the next start finds the stored file by it."""


class Recorder:
    def __init__(self, database: Database, clock: Clock, store: DocumentStore) -> None:
        self._database, self._clock, self._store = database, clock, store
        self.leftovers = Leftovers()

    def record(self, intent: Intent, draft: Path, checked: Checked) -> Impression:
        """Records the kept file with its audit line. Only now is it released.

        Raises Conflict when somebody settled the impression meanwhile, Unavailable when it could not be recorded; the
        file is taken back then. Raises Undecided when the database does not even say which it is."""
        size = draft.stat().st_size
        try:
            return self._commit(intent, checked, size)
        except Exception as error:
            recorded = self._decided(intent, draft, checked)
            if recorded is not None:
                return recorded
            if isinstance(error, Unavailable):
                raise Unavailable("RECORDING_FAILED", impression=intent.impression_id) from error
            raise

    def keep(self, draft: Path, checked: Checked) -> None:
        """Stores the sealed file under its digest, on disk for good. Nothing says yet that it is there."""
        self._store.keep(draft, checked.sealed)

    def fail(self, impression_id: str, code: str) -> None:
        """Writes down that the impression failed, and why. Nothing of it is released. Raises nothing: why it failed is
        what the caller has to hear, and where the database is away this is written down when it is back."""
        try:
            self._write_failure(impression_id, code)
        except Exception as error:
            _log.warning("that impression %s failed (%s) could not be written down yet: %s", impression_id, code, error)
            self.fail_later(impression_id, code)

    def fail_later(self, impression_id: str, code: str) -> None:
        """Has it written down that the impression failed, if it turns out to be on record at all."""
        self.leftovers.remember(lambda: self._write_failure(impression_id, code))

    def keep_back(self, impression_id: str, cms: bytes) -> None:
        """A signature came after its caller had gone: its CMS is kept as evidence, and never sent (SIGNED)."""
        try:
            self._write_signature(impression_id, cms)
        except Unavailable:
            self.leftovers.remember(lambda: self._write_signature(impression_id, cms))
            raise

    def _write_failure(self, impression_id: str, code: str) -> None:
        with self._database.begin() as session:
            impression = session.get(Impression, impression_id, with_for_update=True)
            if impression is not None and impression.state in LIFECYCLE.moves["fail"].sources:
                self._fail(session, impression, code)

    def _write_signature(self, impression_id: str, cms: bytes) -> None:
        with self._database.begin() as session:
            impression = session.get_one(Impression, impression_id, with_for_update=True)
            if impression.state is not ImpressionState.INTENDED:  # perhaps by a first try of which the answer was lost
                _log.warning("a late signature for impression %s finds it %s", impression_id, impression.state)
                return
            event = LIFECYCLE.move(impression, "sign", actor=impression.pressed_by, at=self._clock.now())
            impression.cms = cms
            append(session, event)

    def _fail(self, session: Session, impression: Impression, code: str) -> None:
        event = LIFECYCLE.move(impression, "fail", actor=impression.pressed_by, at=self._clock.now(), cause=code)
        impression.failure, impression.settled_at = code, event.at
        append(session, event)

    def _commit(self, intent: Intent, checked: Checked, size: int) -> Impression:
        impression = intent.impression
        with self._database.begin() as session:
            now = self._clock.now()  # not before: a writer may have had to wait for its turn
            LIFECYCLE.move(impression, "sign", actor=impression.pressed_by, at=now)
            impression.sealed, impression.settled_at = str(checked.sealed), now
            impression.timestamp_at, impression.timestamp_source = checked.timestamp_at, checked.timestamp_source
            event = LIFECYCLE.move(impression, "record", actor=impression.pressed_by, at=now, **_facts(impression))
            insert(session, _document(checked, size, now))
            _settle(session, impression)
            append(session, event)
        return impression

    def _decide(self, intent: Intent, checked: Checked) -> Impression | None:
        """What became of a commit that failed, or whose answer was lost: the impression if it is recorded after all.
        If not, it is FAILED from here on and its file is taken back; None then.

        The row is read under its lock. Where the server is still at work on the lost commit, this waits for it, so
        that it cannot come true behind our back."""
        with self._database.begin() as session:
            impression = session.get_one(Impression, intent.impression_id, with_for_update=True)
            if impression.state is ImpressionState.RECORDED:
                return impression
            if impression.state is ImpressionState.INTENDED:
                self._fail(session, impression, "RECORDING_FAILED")
        self._store.discard(checked.sealed)
        return None

    def _decided(self, intent: Intent, draft: Path, checked: Checked) -> Impression | None:
        """`_decide`, now or later. Raises Undecided when it has to be later; the draft goes only then."""

        def later() -> None:
            self._decide(intent, checked)
            draft.unlink(missing_ok=True)

        try:
            return self._decide(intent, checked)
        except Exception as error:
            self.leftovers.remember(later)
            raise Undecided("RECORDING_UNDECIDED", impression=intent.impression_id) from error


_SETTLE = (
    update(Impression.__table__)  # type: ignore[arg-type]  # a declared table is a Table
    .where(Impression.impression_id == bindparam("of"), Impression.state == ImpressionState.INTENDED)
    .values({name: bindparam(name) for name in ("state", "sealed", "settled_at", "timestamp_at", "timestamp_source")})
)


def _settle(session: Session, impression: Impression) -> None:
    """Raises Conflict("CHANGED_MEANWHILE") when it is no longer INTENDED: then it is not ours to release."""
    done = session.connection().execute(
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
    if done.rowcount != 1:
        raise Conflict("CHANGED_MEANWHILE")


def _document(checked: Checked, size: int, now: datetime) -> Document:
    return Document(
        digest=str(checked.sealed), kind=Kind.SEALED, size=size, media_type="application/pdf", stored_at=now
    )


def _facts(impression: Impression) -> dict[str, str | None]:
    return {
        "seal": impression.seal_code,
        "document": impression.document,
        "normalised": _normalised(impression),
        "sealed": impression.sealed,
        "signed_digest": impression.signed_digest,
        "certificate": impression.certificate_id,
        "matter": impression.request["matter"],
        "reason": impression.request["reason"],
    }


def _normalised(impression: Impression) -> str | None:
    """The digest of the form in which a rewritten document is in the sealed file; None when it is there as given."""
    rewritten = bool(impression.preparation["normalised"])
    return str(Digest("sha256", bytes.fromhex(impression.preparation["prefix_digest"]))) if rewritten else None
