"""What must hold at rest, whatever happened before."""

from __future__ import annotations

import json

from sqlalchemy import select

from sealservice.assembly import House
from sealservice.audit.queries import find_fault, history
from sealservice.documents.model import Document
from sealservice.impressions.model import Impression
from sealservice.impressions.queries import balance, find_by_key
from sealverify.digest import Digest


def assert_at_rest(house: House) -> None:
    """Documents released = impressions recorded = audit lines; no file that no record names; the audit whole."""
    with house.database.read() as session:
        assert balance(session).is_at_rest
        assert find_fault(session) is None
        known = {house.store.path(Digest.parse(digest)) for digest in session.scalars(select(Document.digest))}
    stored = {path for path in (house.home / "documents").rglob("*") if path.is_file()}
    assert stored == known
    assert all(Digest.of_file(path).hex == path.parent.name + path.name for path in stored)


def tried(house: House, key: str) -> Impression:
    """What is on record under an idempotency key."""
    with house.database.read() as session:
        found = find_by_key(session, key)
    assert found is not None
    return found


def acts(house: House, impression: Impression) -> list[tuple[str, str | None]]:
    """What the audit says of an impression: each act with its cause."""
    with house.database.read() as session:
        return [(line.act, _cause(line.entry)) for line in history(session, impression.subject)]


def _cause(entry: bytes) -> str | None:
    cause: str | None = json.loads(entry)["cause"]
    return cause
