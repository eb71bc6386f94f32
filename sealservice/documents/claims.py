"""Stored files and the rows that name them: what no row names may go, unless somebody is about to name it.

The same content may be kept by one and discarded by another at the same moment (the picture of a seal that is asked for
again, while what a dead process left of it is cleared away). Whoever discards holds the place of the row meanwhile; so
whoever is about to write that row waits for it, and sees afterwards that the file is gone.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from sealservice.documents.model import Document
from sealservice.documents.store import DocumentStore
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Unavailable
from sealverify.digest import Digest

_HOLD = text(
    "INSERT INTO documents (digest, kind, size, media_type, stored_at)"
    " VALUES (:digest, '', 0, '', CURRENT_TIMESTAMP) ON CONFLICT DO NOTHING"
)


def discard_unclaimed(database: Database, store: DocumentStore, digest: Digest) -> bool:
    """Removes a stored content unless a row names it, or is about to; whether it did."""
    with database.begin() as session:
        held: int = session.execute(_HOLD, {"digest": str(digest)}).rowcount  # type: ignore[attr-defined]
        if held:
            store.discard(digest)
        session.rollback()
    return bool(held)


def claim(session: Session, store: DocumentStore, *documents: Document) -> None:
    """Writes the rows of contents that were just kept; one that has its row already is left as it is.

    Raises Unavailable("STORED_FILE_TAKEN_AWAY") when somebody cleared one of them away in between."""
    for document in documents:
        if session.get(Document, document.digest) is None:
            session.add(document)
    session.flush()
    for document in documents:
        if not store.path(Digest.parse(document.digest)).is_file():
            raise Unavailable("STORED_FILE_TAKEN_AWAY", digest=document.digest)
