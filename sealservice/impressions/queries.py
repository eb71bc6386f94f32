"""Finding impressions, and counting what must agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.orm import Session

from sealservice.audit.model import AuditLine
from sealservice.documents.model import Document, Kind
from sealservice.impressions.model import ENDED_IN_NOTHING, Impression, ImpressionState
from sealservice.kernel.database import Table
from sealservice.kernel.errors import NotFound


def get_impression(session: Session, impression_id: str) -> Impression:
    found = session.get(Impression, impression_id)
    if found is None:
        raise NotFound("IMPRESSION_UNKNOWN", impression=impression_id)
    return found


def list_impressions(session: Session, *, seal_code: str | None = None, limit: int = 100) -> Sequence[Impression]:
    """The newest first."""
    query = select(Impression).order_by(Impression.intended_at.desc()).limit(limit)
    return session.scalars(query if seal_code is None else query.where(Impression.seal_code == seal_code)).all()


def find_by_key(session: Session, key: str) -> Impression | None:
    """The living impression under an idempotency key, recorded or still at work; else the last that came to nothing."""
    return session.scalars(
        select(Impression)
        .where(Impression.idempotency_key == key)
        .order_by(Impression.state.in_(sorted(ENDED_IN_NOTHING)), Impression.intended_at.desc())
        .limit(1)
    ).first()


@dataclass(frozen=True)
class Balance:
    """What must be equal, always: released documents, recorded impressions, audit lines that say so. `unsettled` is at
    work now, or was left behind and waits for the next start."""

    released: int
    recorded: int
    audited: int
    unsettled: int

    @property
    def is_even(self) -> bool:
        return self.released == self.recorded == self.audited

    @property
    def is_at_rest(self) -> bool:
        return self.is_even and self.unsettled == 0


def balance(session: Session) -> Balance:
    """Counted in one statement, so that nobody's record falls between two of the counts."""
    at_work = [ImpressionState.INTENDED, ImpressionState.SIGNED]
    row = session.execute(
        select(
            _tally(Document, Document.kind == Kind.SEALED),
            _tally(Impression, Impression.state == ImpressionState.RECORDED),
            _tally(AuditLine, AuditLine.act == "impression.record"),
            _tally(Impression, Impression.state.in_(at_work)),
        )
    ).one()
    return Balance(*row)


def _tally(of: type[Table], condition: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(of).where(condition).scalar_subquery()
