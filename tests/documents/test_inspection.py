"""Are the stored files still there and still what they were? Whoever asks is told which are not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sealservice.documents.inspection import Damage, find_damage
from sealservice.documents.model import Document, Kind
from sealservice.documents.store import DocumentStore
from sealservice.kernel.database import Database
from sealverify.digest import Digest

LETTERS = [f"%PDF-1.7 letter {number}".encode() for number in range(3)]


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return DocumentStore(tmp_path / "documents")


@pytest.fixture
def database(tmp_path: Path, store: DocumentStore) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'register.sqlite3'}")
    made.migrate()
    with made.begin() as session:
        for letter in LETTERS:
            row = Document(
                digest=str(store.put(letter, name="story")),
                kind=Kind.SEALED,
                size=len(letter),
                media_type="application/pdf",
                stored_at=datetime(2026, 11, 23, tzinfo=UTC),
            )
            session.add(row)
    yield made
    made.close()


def damaged(database: Database, store: DocumentStore, *, reading: bool) -> list[Damage]:
    return list(find_damage(database, store, reading=reading))


@pytest.mark.parametrize("reading", [False, True])
def test_a_store_that_is_whole_has_no_damage(database: Database, store: DocumentStore, reading: bool) -> None:
    assert damaged(database, store, reading=reading) == []


@pytest.mark.parametrize("reading", [False, True])
def test_a_file_that_is_missing_or_cut_is_named(database: Database, store: DocumentStore, reading: bool) -> None:
    missing, cut = Digest.of(LETTERS[0]), Digest.of(LETTERS[2])
    store.discard(missing)
    store.path(cut).write_bytes(LETTERS[2][:-1])
    assert {(one.digest, one.is_missing) for one in damaged(database, store, reading=reading)} == {
        (str(missing), True),
        (str(cut), False),
    }


def test_a_file_whose_bytes_changed_is_found_by_reading_it(database: Database, store: DocumentStore) -> None:
    changed = Digest.of(LETTERS[1])
    store.path(changed).write_bytes(LETTERS[1].replace(b"1", b"9", 1))
    assert damaged(database, store, reading=False) == []
    assert damaged(database, store, reading=True) == [Damage(str(changed), is_missing=False)]
