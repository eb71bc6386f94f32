"""One keeps a picture while another clears the same one away: either it stays, or whoever wants it is told."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sealservice.documents.claims import claim, discard_unclaimed
from sealservice.documents.model import Document, Kind
from sealservice.documents.store import DocumentStore
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Unavailable
from sealverify.digest import Digest

PICTURE = b"<svg>the seal of a department</svg>"


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return DocumentStore(tmp_path / "documents")


def kept(store: DocumentStore) -> Document:
    return Document(
        digest=str(store.put(PICTURE, name="story")),
        kind=Kind.PICTURE,
        size=len(PICTURE),
        media_type="image/svg+xml",
        stored_at=datetime(2026, 11, 23, tzinfo=UTC),
    )


def rows(register: Database) -> int:
    with register.read() as session:
        return session.scalar(select(func.count()).select_from(Document)) or 0


def test_what_nobody_names_goes_and_leaves_no_row(register: Database, store: DocumentStore) -> None:
    digest = Digest.parse(kept(store).digest)
    assert discard_unclaimed(register, store, digest)
    assert not store.path(digest).exists()
    assert rows(register) == 0


def test_what_somebody_names_stays(register: Database, store: DocumentStore) -> None:
    document = kept(store)
    with register.begin() as session:
        claim(session, store, document)
    with register.begin() as session:
        claim(session, store, kept(store))  # by a second seal with the same picture
    assert not discard_unclaimed(register, store, Digest.parse(document.digest))
    assert store.get(Digest.parse(document.digest)).read_bytes() == PICTURE
    assert rows(register) == 1


def test_what_somebody_is_about_to_name_stays(register: Database, store: DocumentStore) -> None:
    """Whoever clears away looks, and has to wait for what the other does."""
    told: list[bool] = []
    with register.begin() as session:
        document = kept(store)
        claim(session, store, document)
        digest = Digest.parse(document.digest)
        clearing = threading.Thread(target=lambda: told.append(discard_unclaimed(register, store, digest)))
        clearing.start()
    clearing.join()
    assert told == [False]
    assert store.get(digest).read_bytes() == PICTURE


def test_whoever_comes_to_name_what_is_being_cleared_away_is_told(
    register: Database, store: DocumentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It kept the picture, found it there already, and writes its row just as the other removes the file."""
    told: list[str] = []
    document = kept(store)
    discard = store.discard

    def name() -> None:
        try:
            with register.begin() as session:
                claim(session, store, document)
        except Unavailable as error:
            told.append(error.code)

    def discard_and_let_in(digest: Digest) -> None:
        naming.start()
        discard(digest)

    naming = threading.Thread(target=name)
    monkeypatch.setattr(store, "discard", discard_and_let_in)
    assert discard_unclaimed(register, store, Digest.parse(document.digest))
    naming.join()

    assert told == ["STORED_FILE_TAKEN_AWAY"]
    assert rows(register) == 0
    with register.begin() as session:
        claim(session, store, kept(store))  # again, and it is there
    assert store.get(Digest.of(PICTURE)).read_bytes() == PICTURE
