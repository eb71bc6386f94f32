"""A worker that a document has taken over says what it likes. What can be counted is counted before a key is asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealservice.kernel.errors import DocumentRefused, InvalidInput, SealServiceError, Unavailable
from sealservice.workers import Automatic, Limits, PreparationOrder, WorkerPool
from sealservice.workers.exchange import WorkerUntrue
from sealverify.digest import Digest
from tests.support.pressing import SAMPLES, make_order

LIAR = [sys.executable, str(Path(__file__).with_name("lying_child.py"))]
APPROVAL = SAMPLES / "approval-letter-1-page.pdf"
REVISED = SAMPLES / "variant-incremental-update-pyhanko.pdf"


@pytest.fixture(scope="module")
def liar() -> Iterator[WorkerPool]:
    with WorkerPool(1, program=LIAR) as pool:
        yield pool


def ordered(picture: Path, lie: str) -> PreparationOrder:
    """The child reads from the reason which lie to tell."""
    return make_order(Automatic(), picture, reason=lie)


@pytest.mark.parametrize(
    ("lie", "what"),
    [
        ("another document", "document"),
        ("another document that had to be rewritten, it says", None),
        ("a document with its last byte cut off", "document"),
        ("a byte of the document changed", "document"),
        ("a digest of something else", "digest"),
        ("a prefix of something else", "prefix"),
        ("a signature in the middle of what was given", "ByteRange"),
        ("a range that leaves out the end", "ByteRange"),
        ("a range beyond the end", "ByteRange"),
        ("a length below nothing", "answer"),
        ("a length in words", "answer"),
        ("no answer to the question", "answer"),
        ("a refusal of its own invention", "answer"),
    ],
)
def test_a_worker_that_lies_is_found_out_and_ended(
    lie: str, what: str | None, liar: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    output = tmp_path / "sealed.pdf"
    if what is None:  # what a rewritten document shows is the worker's word; that it was rewritten is on record
        prepared = liar.prepare(APPROVAL, output, ordered(picture, lie))
        assert prepared.normalised
        assert prepared.prefix_digest != prepared.document == Digest.of_file(APPROVAL)
        return
    (before,) = liar._idle or [None]
    with pytest.raises(WorkerUntrue) as told:
        liar.prepare(APPROVAL, output, ordered(picture, lie))
    assert (told.value.code, told.value.details["what"]) == ("WORKER_UNTRUE", what)
    assert list(tmp_path.iterdir()) == []
    assert before not in liar._idle


def test_a_worker_that_keeps_its_files_has_no_hold_of_the_draft(
    liar: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    """It writes to all it was ever handed, after its work was counted: the draft stays what it was."""
    output = tmp_path / "sealed.pdf"
    prepared = liar.prepare(APPROVAL, output, ordered(picture, "nothing, and keeps the files"))
    before = output.read_bytes()

    answer = liar.run("scribble", {})

    assert answer["refused"] == ["given"]  # that one was only to be read
    assert answer["written"] == ["draft"]
    assert output.read_bytes() == before
    assert before[: prepared.prefix_length] == APPROVAL.read_bytes()


@pytest.mark.parametrize("document", [APPROVAL, REVISED])
def test_an_honest_worker_is_confirmed(document: Path, pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    output = tmp_path / "sealed.pdf"
    prepared = pool.prepare(document, output, make_order(Automatic(), picture))
    data = output.read_bytes()
    first, before, second, after = prepared.byte_range
    assert prepared.document == Digest.of_file(document)
    assert prepared.prefix_digest == Digest.of(data[: prepared.prefix_length])
    assert prepared.digest == Digest.of(data[first:before], data[second : second + after])
    assert (prepared.prefix_digest == prepared.document) is (document == APPROVAL)
    assert list(tmp_path.iterdir()) == [output]


# -- what is given


def told_of(document: Path, pool: WorkerPool, folder: Path) -> SealServiceError:
    with pytest.raises(SealServiceError) as told:
        pool.prepare(document, folder / "sealed.pdf", make_order(Automatic(), None))
    assert not (folder / "sealed.pdf").exists()
    return told.value


def test_a_document_that_is_a_folder_or_nothing_is_named(pool: WorkerPool, tmp_path: Path) -> None:
    for document in (tmp_path, tmp_path / "nothing.pdf"):
        error = told_of(document, pool, tmp_path)
        assert (type(error), error.code, error.details["path"]) == (InvalidInput, "DOCUMENT_FILE_UNREADABLE", document)


def test_a_picture_that_went_missing_is_named(pool: WorkerPool, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as told:
        pool.prepare(APPROVAL, tmp_path / "sealed.pdf", make_order(Automatic(), tmp_path / "gone.pdf"))
    assert (told.value.code, told.value.details["path"]) == ("DOCUMENT_FILE_UNREADABLE", tmp_path / "gone.pdf")


def test_a_document_without_an_end_is_taken_no_further_than_the_limit(tmp_path: Path) -> None:
    with WorkerPool(1, Limits(document_bytes=3 << 20)) as pool:
        error = told_of(Path("/dev/zero"), pool, tmp_path)
    assert (type(error), error.code) == (DocumentRefused, "DOCUMENT_TOO_LARGE")


def test_a_store_that_is_not_there_is_named(pool: WorkerPool, tmp_path: Path) -> None:
    error = told_of(APPROVAL, pool, tmp_path / "no such folder")
    assert (type(error), error.code) == (Unavailable, "STORE_UNAVAILABLE")


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_no_file_stays_open(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    pool.sandbox()
    before = open_files()
    pool.prepare(APPROVAL, tmp_path / "sealed.pdf", make_order(Automatic(), picture))
    told_of(tmp_path, pool, tmp_path / "elsewhere")
    assert open_files() == before
