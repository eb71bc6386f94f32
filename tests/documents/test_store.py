"""What goes into the store is on disk for good before anybody is told, and lies under its own digest."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealservice.documents.store import DocumentStore
from sealservice.kernel.errors import InvalidInput, NotFound, Unavailable
from sealverify.digest import Digest
from tests.support.children import in_child

LETTER = b"%PDF-1.7 a sealed letter"


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return DocumentStore(tmp_path / "documents")


def files(store: DocumentStore) -> list[Path]:
    return [path for path in store.incoming("").parent.rglob("*") if path.is_file()]


def drafted(store: DocumentStore, content: bytes = LETTER) -> tuple[Path, Digest]:
    draft = store.incoming("somebody.letter")
    draft.write_bytes(content)
    return draft, Digest.of(content)


@given(content=st.binary(max_size=3000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_whatever_is_put_in_comes_out_under_its_digest(store: DocumentStore, content: bytes) -> None:
    digest = store.put(content, name="somebody.picture")
    assert digest == Digest.of(content)
    assert store.get(digest).read_bytes() == content
    assert not list(store.all_incoming())


def test_the_same_content_is_stored_once(store: DocumentStore) -> None:
    assert store.put(LETTER, name="first") == store.put(LETTER, name="second")
    assert len(files(store)) == 1


def test_a_content_that_nobody_stored_is_unknown(store: DocumentStore) -> None:
    with pytest.raises(NotFound) as told:
        store.get(Digest.of(LETTER))
    assert told.value.code == "DOCUMENT_UNKNOWN"
    store.discard(Digest.of(LETTER))


class Recorded:
    """The calls that make a file last, in their order, each with the file it was about."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, Path]] = []
        fsync, link = os.fsync, os.link

        def recorded_fsync(descriptor: int) -> None:
            self.calls.append(("fsync", Path(f"/proc/self/fd/{descriptor}").readlink()))
            fsync(descriptor)

        def recorded_link(source: Path, target: Path) -> None:
            self.calls.append(("link", target))
            link(source, target)

        monkeypatch.setattr(os, "fsync", recorded_fsync)
        monkeypatch.setattr(os, "link", recorded_link)


def test_a_file_is_on_disk_before_it_has_its_name_and_its_name_before_anybody_is_told(
    store: DocumentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, digest = drafted(store)
    recorded, target = Recorded(monkeypatch), store.path(digest)

    store.keep(draft, digest)
    store.keep(draft, digest)

    first, second = recorded.calls[:4], recorded.calls[4:]
    folder = target.parent.parent
    assert first == [("fsync", draft), ("fsync", folder), ("link", target), ("fsync", target.parent)]
    assert second == [("fsync", draft), ("link", target), ("fsync", target.parent)]


@pytest.mark.parametrize("which", [1, 2, 3])
@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_disk_that_fails_leaves_nothing_half_stored(
    store: DocumentStore, monkeypatch: pytest.MonkeyPatch, which: int, reason: int
) -> None:
    draft, digest = drafted(store)
    calls, fsync = iter(range(1, 9)), os.fsync

    def failing(descriptor: int) -> None:
        if next(calls) == which:
            raise OSError(reason, os.strerror(reason))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(Unavailable) as told:
        store.keep(draft, digest)

    assert (told.value.code, told.value.details["reason"]) == ("STORE_UNAVAILABLE", os.strerror(reason))
    assert files(store) == [draft]


def test_a_disk_that_fails_takes_nothing_away_that_was_there(
    store: DocumentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = store.put(LETTER, name="first")
    draft, _ = drafted(store)

    def failing(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(Unavailable):
        store.keep(draft, digest)
    assert store.get(digest).read_bytes() == LETTER


def put_beyond_the_limit(folder: str) -> list[str]:
    """In a process that may write no file beyond 4 KiB, as on a disk with that much room."""
    store = DocumentStore(Path(folder))
    small = store.put(b"x" * 4096, name="small")
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    codes = []
    try:
        store.put(b"y" * 4097, name="large")
    except Unavailable as told:
        codes.append(told.code)
    try:
        store.copy_out(small, Path(folder).with_name("out.pdf"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        store.copy_out(small, Path(folder).with_name("again.pdf"))
    except InvalidInput as told:
        codes.append(told.code)
    return codes


def test_a_disk_without_room_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    codes = in_child(put_beyond_the_limit, str(tmp_path / "documents"))

    assert codes == ["STORE_UNAVAILABLE", "OUTPUT_UNWRITABLE"]
    assert [path.read_bytes() for path in files(DocumentStore(tmp_path / "documents"))] == [b"x" * 4096]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.pdf"]


# -- handing out


def test_a_file_is_handed_out_whole_in_the_place_of_an_older_one(store: DocumentStore, tmp_path: Path) -> None:
    target = tmp_path / "sealed.pdf"
    target.write_bytes(b"an older one")
    store.copy_out(store.put(LETTER, name="letter"), target)
    assert target.read_bytes() == LETTER
    assert {path.name for path in tmp_path.iterdir()} == {"documents", "sealed.pdf"}


def test_a_name_as_long_as_a_name_may_be_is_taken(store: DocumentStore, tmp_path: Path) -> None:
    target = tmp_path / ("关于准予青禾区行政许可" * 7 + "决定书已盖.pdf")
    assert len(target.name.encode()) > 249  # the limit of the file system is 255 octets
    store.copy_out(store.put(LETTER, name="letter"), target)
    assert target.read_bytes() == LETTER


def into_nowhere(folder: Path) -> Path:
    return folder / "no such folder" / "sealed.pdf"


def through_a_file(folder: Path) -> Path:
    (folder / "file").write_bytes(b"")
    return folder / "file" / "sealed.pdf"


def onto_a_folder(folder: Path) -> Path:
    (folder / "folder" / "inside").mkdir(parents=True)
    return folder / "folder"


def onto_a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


@pytest.mark.parametrize("target", [into_nowhere, through_a_file, onto_a_folder, onto_a_pipe])
def test_a_place_that_cannot_be_written_is_named(
    store: DocumentStore, tmp_path: Path, target: Callable[[Path], Path]
) -> None:
    digest, place = store.put(LETTER, name="letter"), target(tmp_path)
    with pytest.raises(InvalidInput) as told:
        store.copy_out(digest, place)
    assert (told.value.code, told.value.details["path"]) == ("OUTPUT_UNWRITABLE", place)
    assert not list(tmp_path.rglob("*.part"))
    assert not place.is_file()
    assert store.get(digest).read_bytes() == LETTER


def test_a_hand_out_that_breaks_off_leaves_the_older_file_as_it_was(
    store: DocumentStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "sealed.pdf"
    target.write_bytes(b"an older one")
    digest = store.put(LETTER, name="letter")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InvalidInput):
        store.copy_out(digest, target)
    assert target.read_bytes() == b"an older one"
    assert not list(tmp_path.rglob("*.part"))


def test_what_is_not_in_the_store_is_not_handed_out(store: DocumentStore, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        store.copy_out(Digest.of(LETTER), tmp_path / "sealed.pdf")
    assert not (tmp_path / "sealed.pdf").exists()
