"""Adding a line, always inside the transaction of what it records: no line, no act.

Lines are numbered from 0 without a gap, so that one that went missing shows.
"""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from sealservice.audit.model import AuditLine
from sealservice.kernel.database import insert
from sealservice.kernel.lifecycle import Event
from sealverify.merkle import leaf_hash

_WRITERS_QUEUE_HERE = 0x5EA1A0D1  # an advisory lock number of PostgreSQL, ours alone in this database
_QUEUE = text("SELECT pg_advisory_xact_lock(:key)")
_LAST = select(AuditLine.index, AuditLine.high_water).order_by(AuditLine.index.desc()).limit(1)

ACCEPT_CLOCK = "clock.accept"
"""The act by which a person says that the clock is right; the high-water mark starts anew with it."""


def append(session: Session, event: Event) -> AuditLine:
    """Adds the line of `event` and returns it. Concurrent writers queue until this transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_QUEUE, {"key": _WRITERS_QUEUE_HERE})
    last = session.connection().execute(_LAST).one_or_none()
    index = 0 if last is None else last.line + 1
    entry = canonical_entry(index, event)
    line = AuditLine(
        index=index,
        at=event.at,
        high_water=high_water(last.high_water if last is not None else None, act=event.act, at=event.at),
        actor=event.actor,
        act=event.act,
        subject=event.subject,
        entry=entry,
        leaf_hash=leaf_hash(entry),
    )
    insert(session, line)
    return line


def high_water(before: datetime | None, *, act: str, at: datetime) -> datetime:
    """The clock's mark after a line: the latest time so far, unless with it a person accepted the clock."""
    return at if before is None or act == ACCEPT_CLOCK else max(before, at)


def canonical_entry(index: int, event: Event) -> bytes:
    """The bytes of a line: JSON in UTF-8, keys sorted, no blanks (docs/formats/audit.md). What a shell passed on that
    is no text stands as a JSON escape: a reason that cannot be spelled must not be what keeps a seal from being
    revoked."""
    entry = {
        "index": index,
        "at": event.at.isoformat(),
        "actor": event.actor,
        "act": event.act,
        "subject": event.subject,
        "cause": event.cause,
        "facts": dict(event.facts),
    }
    return json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(
        errors="backslashreplace"
    )


def last_recorded_at(session: Session) -> datetime | None:
    """The high-water mark of the clock: the latest time on record since a person last accepted the clock. None in an
    empty register. What is recorded while the clock is behind does not lower it."""
    last = session.connection().execute(_LAST).one_or_none()
    return None if last is None else last.high_water
