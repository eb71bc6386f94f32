"""Are the stored files still there, and still what they were?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from sealservice.documents.model import Document
from sealservice.documents.store import DocumentStore
from sealservice.kernel.database import Database
from sealverify.digest import Digest


@dataclass(frozen=True)
class Damage:
    """A content that is on record and not in the store as it was. `is_missing` False: it is there and differs."""

    digest: str
    is_missing: bool


def find_damage(database: Database, store: DocumentStore, *, reading: bool) -> Iterator[Damage]:
    """Every stored content that is missing or of another size; with `reading`, also every one whose digest differs."""
    with database.read() as session:
        for digest, size in session.execute(select(Document.digest, Document.size).order_by(Document.stored_at)):
            path = store.path(Digest.parse(digest))
            if not path.is_file():
                yield Damage(digest, is_missing=True)
            elif path.stat().st_size != size or (reading and str(Digest.of_file(path)) != digest):
                yield Damage(digest, is_missing=False)
