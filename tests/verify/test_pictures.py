"""Seals that the service pressed itself: every picture is recomputed, and a missing slice is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealservice.workers import EveryPage, Invisible, Keyword, Placement, Riding, WorkerPool
from sealverify import Conclusion, Policy, Report, SubIndication, Trust, examine_document
from tests.support.pressing import SAMPLES, department, make_order, make_picture, press
from tests.support.tampering import append_revision, opened, spelled


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(1) as pool:
        yield pool


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_picture(tmp_path_factory.mktemp("picture"))


def examine(data: bytes) -> Report:
    return examine_document(data, Policy(trust=Trust(anchors=(department().certificate,))))


def pressed(pool: WorkerPool, folder: Path, placement: Placement, picture: Path | None, name: str) -> bytes:
    press(pool, SAMPLES / name, folder / "sealed.pdf", make_order(placement, picture))
    return (folder / "sealed.pdf").read_bytes()


@pytest.fixture(scope="module")
def riding(pool: WorkerPool, picture: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return pressed(pool, tmp_path_factory.mktemp("riding"), Riding(), picture, "approval-reply-3-page.pdf")


@pytest.mark.parametrize(
    ("placement", "name", "places"),
    [
        (Riding(), "approval-reply-3-page.pdf", 3),
        (Riding(), "variant-mixed-page-sizes-qpdf.pdf", 4),
        (EveryPage(), "variant-inherited-page-attributes-pikepdf.pdf", 3),
        (Keyword(text="盖章", hits="every"), "variant-mixed-page-sizes-qpdf.pdf", 3),
    ],
    ids=lambda item: getattr(type(item), "__name__", None),
)
def test_every_picture_is_found(
    pool: WorkerPool, picture: Path, tmp_path: Path, placement: Placement, name: str, places: int
) -> None:
    report = examine(pressed(pool, tmp_path, placement, picture, name))
    (signature,) = report.signatures
    assert report.conclusion is Conclusion.PASSED
    assert signature.slices is not None
    assert (signature.slices.expected, signature.slices.present, signature.slices.covered) == (places, places, True)
    assert (signature.seal_code, signature.matter) == ("99012600012345", "青审字〔2026〕15号")


def test_an_invisible_seal_has_no_pictures(pool: WorkerPool, tmp_path: Path) -> None:
    report = examine(pressed(pool, tmp_path, Invisible(), None, "approval-letter-1-page.pdf"))
    assert report.conclusion is Conclusion.PASSED
    assert report.signatures[0].slices is None


def test_a_slice_taken_away_later_is_named(riding: bytes) -> None:
    with opened(riding) as pdf:
        page = pdf.pages[1].obj.objgen[0]
        first = pdf.pages[1].obj.Contents[0].objgen[0]
    report = examine(append_revision(riding, {page: spelled(riding, page, Contents=b"%d 0 R" % first)}))
    (signature,) = report.signatures
    assert (report.conclusion, report.sub_indication) == (Conclusion.FAILED, SubIndication.CHANGED_AFTER_SEALING)
    assert signature.slices is not None
    assert signature.slices.as_json() == {
        "expected": 3,
        "present": 2,
        "missing": [{"page": 2, "slice": 2, "of": 3, "group": 1}],
        "whole_picture": False,
    }


def test_a_page_taken_out_names_its_slice_even_when_all_was_written_anew(riding: bytes) -> None:
    import io

    written = io.BytesIO()
    with opened(riding) as pdf:
        del pdf.pages[2]
        pdf.save(written)
    report = examine(written.getvalue())
    assert report.conclusion is Conclusion.FAILED
    slices = report.signatures[0].slices
    assert slices is not None
    assert [item["page"] for item in slices.missing] == [3]


@pytest.mark.parametrize(
    ("old", "new", "page"), [(b"/Page 2 ", b"/Page 1 ", 2), (b"/Slice 2 ", b"/Slice 1 ", None)], ids=["page", "slice"]
)
def test_a_seal_that_contradicts_itself_cannot_be_confirmed(
    pool: WorkerPool, picture: Path, tmp_path: Path, old: bytes, new: bytes, page: int | None
) -> None:
    """Signed by the right key, and yet a slice is not where the signed words put it."""
    import hashlib

    prepared = pool.prepare(
        SAMPLES / "approval-reply-3-page.pdf", tmp_path / "sealed.pdf", make_order(Riding(), picture)
    )
    data = (tmp_path / "sealed.pdf").read_bytes()
    at = data.rindex(old)
    data = data[:at] + new + data[at + len(old) :]
    _, hole, rest, _ = prepared.byte_range
    digest = hashlib.sha256(data[:hole] + data[rest:]).digest()
    cms = department().cms(digest).hex().encode().ljust(rest - hole - 2, b"0")
    report = examine(data[: hole + 1] + cms + data[rest - 1 :])
    assert (report.conclusion, report.sub_indication) == (
        Conclusion.INDETERMINATE,
        SubIndication.SIG_CONSTRAINTS_FAILURE,
    )
    slices = report.signatures[0].slices
    assert slices is not None
    assert not slices.complete
    assert page in [item["page"] for item in slices.missing]
