"""Reading the record, and checking that it is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sealservice.audit.model import AuditLine
from sealverify.merkle import leaf_hash


def history(session: Session, subject: str) -> Sequence[AuditLine]:
    """All lines about `subject`, oldest first."""
    return session.scalars(select(AuditLine).where(AuditLine.subject == subject).order_by(AuditLine.index)).all()


def count(session: Session, act: str) -> int:
    """How many lines say `act`."""
    return session.scalar(select(func.count()).select_from(AuditLine).where(AuditLine.act == act)) or 0


def as_json(line: AuditLine) -> dict[str, Any]:
    """The line as its entry says it, with its leaf hash."""
    entry: dict[str, Any] = json.loads(line.entry)
    return {**entry, "leaf_hash": line.leaf_hash.hex()}


def find_fault(session: Session) -> int | None:
    """The number of the first line that is missing or does not match its leaf hash; None when the record is whole."""
    for expected, line in enumerate(_all(session)):
        if line.index != expected or line.leaf_hash != leaf_hash(line.entry):
            return expected
    return None


def _all(session: Session) -> Iterator[AuditLine]:
    yield from session.scalars(select(AuditLine).order_by(AuditLine.index).execution_options(yield_per=1000))
