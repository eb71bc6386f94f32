"""Reading the record, and checking that it is whole."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sealservice.audit.model import AuditLine
from sealservice.audit.operations import high_water
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
    """The number of the first line that is missing, that does not match its leaf hash, or whose columns say something
    else than its entry; None when the record is whole. Lines cut off at the end leave no trace here."""
    mark: datetime | None = None
    with closing(_all(session)) as lines:
        for expected, line in enumerate(lines):
            if line.index != expected or line.leaf_hash != leaf_hash(line.entry) or not _repeats_entry(line):
                return expected
            mark = high_water(mark, act=line.act, at=line.at)
            if line.high_water != mark:
                return expected
    return None


def _repeats_entry(line: AuditLine) -> bool:
    """Searching goes by the columns, so they must not tell another story than the bytes that were hashed."""
    try:
        entry = json.loads(line.entry)
        told = (entry["index"], datetime.fromisoformat(entry["at"]), entry["actor"], entry["act"], entry["subject"])
    except (ValueError, KeyError, TypeError):
        return False
    return told == (line.index, line.at, line.actor, line.act, line.subject)


def _all(session: Session) -> Generator[AuditLine]:
    query = select(AuditLine).order_by(AuditLine.index).execution_options(yield_per=1000)
    with session.scalars(query) as found:
        yield from found
