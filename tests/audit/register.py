"""A register as stories write to it and read from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy

from sealservice.audit.model import AuditLine
from sealservice.audit.operations import append, last_recorded_at
from sealservice.audit.queries import find_fault
from sealservice.kernel.database import Database
from sealservice.kernel.lifecycle import Event

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def event(number: int = 0, **changes: object) -> Event:
    usual = {"act": "seal.suspend", "subject": f"seal:{number:014d}", "actor": "demo.chief", "at": NINE}
    return Event(**{**usual, "at": NINE + timedelta(seconds=number), **changes})  # type: ignore[arg-type]


def write(register: Database, *events: Event) -> None:
    for one in events:
        with register.begin() as session:
            append(session, one)


def lines(register: Database) -> list[AuditLine]:
    with register.read() as session:
        return list(session.scalars(sqlalchemy.select(AuditLine).order_by(AuditLine.index)))


def fault(register: Database) -> int | None:
    with register.read() as session:
        return find_fault(session)


def mark(register: Database) -> datetime | None:
    with register.read() as session:
        return last_recorded_at(session)
