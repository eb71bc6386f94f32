"""The seal stands where the reader of the page would put a ruler, at its true size, on every kind of page."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pikepdf
import pytest

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers import At, EveryPage, Hits, Keyword, PreparationOrder, WorkerPool
from tests.support.judges import added
from tests.support.pressing import SAMPLES, SEAL_MM, make_order, make_picture, press

TOLERANCE_MM = 0.5
UNITS = {"variant-user-unit-2-pikepdf.pdf": 2.0}
KINDS_OF_PAGES = [
    ("approval-letter-1-page.pdf", 1),
    ("approval-reply-3-page.pdf", 3),
    ("acceptance-notice-chromium.pdf", 1),
    ("approval-reply-3-page-ghostscript.pdf", 2),
    ("hygiene-licence-landscape-typst.pdf", 1),
    ("review-memo-us-letter-cairo.pdf", 1),
    ("site-plan-a3-landscape-matplotlib.pdf", 1),
    ("variant-page-rotated-90-qpdf.pdf", 1),
    ("variant-landscape-by-rotate-90-pikepdf.pdf", 1),
    ("variant-cropbox-smaller-than-mediabox-pikepdf.pdf", 1),
    ("variant-mediabox-origin-200-300-pikepdf.pdf", 1),
    ("variant-user-unit-2-pikepdf.pdf", 1),
    ("variant-inherited-page-attributes-pikepdf.pdf", 2),
    ("variant-mixed-page-sizes-qpdf.pdf", 2),
    ("variant-mixed-page-sizes-qpdf.pdf", 4),
]


@pytest.mark.parametrize(("name", "page"), KINDS_OF_PAGES)
def test_the_centre_is_where_the_ruler_says(
    name: str, page: int, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    sealed = tmp_path / name
    prepared = press(pool, SAMPLES / name, sealed, make_order(At(page=page, x_mm=61.5, y_mm=83.25), picture))
    mark = added(SAMPLES / name, sealed, page, UNITS.get(name, 1.0))
    assert mark is not None
    assert mark.centre == pytest.approx((61.5, 83.25), abs=TOLERANCE_MM)
    assert mark.size == pytest.approx((SEAL_MM, SEAL_MM), abs=TOLERANCE_MM)
    assert [(place.page, place.x_mm, place.y_mm) for place in prepared.places] == [(page, 61.5, 83.25)]


def test_the_seal_is_printed_where_it_is_seen(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    """A program of another family prints to a file in which nothing is a form any more, and the seal is there."""
    original, sealed = SAMPLES / "approval-letter-1-page.pdf", tmp_path / "sealed.pdf"
    press(pool, original, sealed, make_order(At(page=1, x_mm=61.5, y_mm=83.25), picture))
    mark = added(printed(original, tmp_path / "a.pdf"), printed(sealed, tmp_path / "b.pdf"), 1)
    assert mark is not None
    assert mark.centre == pytest.approx((61.5, 83.25), abs=TOLERANCE_MM)
    assert mark.size == pytest.approx((SEAL_MM, SEAL_MM), abs=TOLERANCE_MM)


def printed(document: Path, target: Path) -> Path:
    """The document as poppler prints it, without any form or annotation."""
    subprocess.run(["pdftocairo", "-pdf", document, target], check=True)
    with pikepdf.open(target) as pdf:
        assert "/AcroForm" not in pdf.Root
        assert "/Annots" not in pdf.pages[0]
    return target


@pytest.mark.parametrize(
    "name", ["variant-page-rotated-90-qpdf.pdf", "variant-cropbox-smaller-than-mediabox-pikepdf.pdf"]
)
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_an_oval_seal_stays_upright_on_turned_pages(
    name: str, turn: int, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    """An oval is wider than it is high: one that lay on its side would show."""
    original = turned(SAMPLES / name, turn, tmp_path)
    oval = make_picture(tmp_path, "seal-invoice-oval.svg", 40, 30)
    for placement in (At(page=1, x_mm=70, y_mm=50), EveryPage(x_mm=70, y_mm=50)):
        sealed = tmp_path / "sealed.pdf"
        press(pool, original, sealed, make_order(placement, oval, width_mm=40, height_mm=30))
        mark = added(original, sealed, 1)
        assert mark is not None
        assert mark.centre == pytest.approx((70, 50), abs=TOLERANCE_MM)
        assert mark.size == pytest.approx((40, 30), abs=TOLERANCE_MM)


def turned(document: Path, turn: int, folder: Path) -> Path:
    with pikepdf.open(document) as pdf:
        pdf.pages[0].Rotate = turn
        pdf.save(folder / "turned.pdf")
    return folder / "turned.pdf"


@pytest.mark.parametrize(
    ("name", "page", "words"),
    [
        ("approval-letter-1-page.pdf", 1, "盖章"),
        ("approval-reply-3-page-ghostscript.pdf", 3, "（盖章）(seal)"),
        ("acceptance-notice-chromium.pdf", 1, "盖章"),
        ("hearing-announcement-weasyprint.pdf", 2, "盖章"),
        ("noise-report-english-pdftex.pdf", 1, "(seal)"),
        ("licence-not-embedded-font-reportlab.pdf", 1, "盖章"),
        ("variant-page-rotated-90-qpdf.pdf", 1, "盖章"),
        ("variant-landscape-by-rotate-90-pikepdf.pdf", 1, "盖章"),
        ("variant-cropbox-smaller-than-mediabox-pikepdf.pdf", 1, "盖章"),
        ("variant-mediabox-origin-200-300-pikepdf.pdf", 1, "盖章"),
        ("variant-user-unit-2-pikepdf.pdf", 1, "盖章"),
        ("site-plan-a3-landscape-matplotlib.pdf", 1, "盖章"),
    ],
)
def test_the_seal_covers_the_words(
    name: str, page: int, words: str, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    """The middle is on the words: poppler, which is another reader, finds them at the same place."""
    sealed = tmp_path / name
    prepared = press(pool, SAMPLES / name, sealed, make_order(Keyword(text=words), picture))
    (place,) = prepared.places
    assert place.page == page
    assert (place.x_mm, place.y_mm) == pytest.approx(where_poppler_sees(SAMPLES / name, page, words), abs=3)
    mark = added(SAMPLES / name, sealed, page, UNITS.get(name, 1.0))
    assert mark is not None
    assert mark.centre == pytest.approx((place.x_mm, place.y_mm), abs=TOLERANCE_MM)


def where_poppler_sees(document: Path, page: int, words: str) -> tuple[float, float]:
    """The middle of the last word with `words` in it, in millimetres from the top left."""
    command = ["pdftotext", "-bbox", "-cropbox", "-f", str(page), "-l", str(page), str(document), "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    box = r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">[^<]*'
    left, top, right, bottom = map(float, re.findall(box + re.escape(words), text)[-1])
    millimetre = 25.4 / 72 * UNITS.get(document.name, 1.0)
    return (left + right) / 2 * millimetre, (top + bottom) / 2 * millimetre


def test_an_offset_moves_the_seal_right_and_down(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    document = SAMPLES / "variant-page-rotated-90-qpdf.pdf"
    plain = press(pool, document, tmp_path / "a.pdf", make_order(Keyword(text="盖章"), picture)).places[0]
    moved = make_order(Keyword(text="盖章", dx_mm=12.5, dy_mm=-8), picture)
    place = press(pool, document, tmp_path / "b.pdf", moved).places[0]
    assert (place.x_mm - plain.x_mm, place.y_mm - plain.y_mm) == pytest.approx((12.5, -8), abs=0.01)
    mark = added(document, tmp_path / "b.pdf", 1)
    assert mark is not None
    assert mark.centre == pytest.approx((place.x_mm, place.y_mm), abs=TOLERANCE_MM)


def words_document(path: Path, content: bytes) -> Path:
    """One A4 page in Helvetica with `content` between BT and ET."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595.276, 841.89))
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        pdf.pages[0].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        pdf.pages[0].Contents = pdf.make_stream(b"BT /F1 12 Tf " + content + b" ET")
        pdf.save(path)
    return path


@pytest.mark.parametrize(
    ("how", "content"),
    [
        ("letter by letter", b"300 400 Td (S) Tj (e) Tj [(a) 20 (l)] TJ ( ) Tj (here) Tj"),
        ("over two lines", b"300 400 Td (Seal) Tj 0 -14 Td (here) Tj"),
        ("over text objects", b"300 400 Td (Seal) Tj ET 0 g BT /F1 12 Tf 327 400 Td (here) Tj"),
        ("in other capitals", b"300 400 Td (SEAL HERE) Tj"),
        ("with wide gaps", b"300 400 Td 5 Tc (Seal here) Tj"),
    ],
)
def test_words_are_found_however_they_are_set(
    how: str, content: bytes, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    document = words_document(tmp_path / "document.pdf", content)
    (place,) = press(pool, document, tmp_path / "out.pdf", make_order(Keyword(text="Seal here"), picture)).places
    assert (place.x_mm, place.y_mm) == pytest.approx((327 / 72 * 25.4, (841.89 - 400) / 72 * 25.4), abs=12), how


def test_first_last_and_every_hit(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    lines = b"100 700 Td (Seal) Tj 200 -150 Td (Seal) Tj -50 -250 Td (Seal) Tj"
    document, sealed = words_document(tmp_path / "document.pdf", lines), tmp_path / "sealed.pdf"
    tops = {}
    for hits in Hits:
        prepared = press(pool, document, sealed, make_order(Keyword(text="Seal", hits=hits), picture))
        tops[hits] = [round((297 - place.y_mm) / 25.4 * 72, -1) for place in prepared.places]
    assert tops == {Hits.FIRST: [700], Hits.LAST: [300], Hits.EVERY: [700, 550, 300]}
    mark = added(document, sealed, 1)
    assert mark is not None
    assert mark.size[1] == pytest.approx(400 / 72 * 25.4 + SEAL_MM, abs=1)


@pytest.mark.parametrize(
    ("name", "words", "code"),
    [
        ("approval-letter-1-page.pdf", "骑缝处", "KEYWORD_NOT_FOUND"),
        ("scan-grey-200dpi-img2pdf.pdf", "盖章", "DOCUMENT_WITHOUT_TEXT"),
        ("approval-letter-1-page.pdf", "  ", "KEYWORD_EMPTY"),
    ],
)
def test_words_that_are_not_there_are_a_refusal(
    name: str, words: str, code: str, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    assert code_of(pool, SAMPLES / name, make_order(Keyword(text=words), picture), tmp_path) == code


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("approval-letter-1-page.pdf", At(page=1, x_mm=10, y_mm=100)),
        ("approval-letter-1-page.pdf", At(page=1, x_mm=100, y_mm=290)),
        ("approval-letter-1-page.pdf", At(page=1, x_mm=-50, y_mm=500)),
        ("variant-page-rotated-90-qpdf.pdf", At(page=1, x_mm=100, y_mm=250)),
        ("variant-cropbox-smaller-than-mediabox-pikepdf.pdf", At(page=1, x_mm=205, y_mm=100)),
    ],
)
def test_a_place_outside_the_page_is_refused_with_its_size(
    name: str, place: At, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    with pytest.raises(DocumentRefused) as caught:
        press(pool, SAMPLES / name, tmp_path / "out.pdf", make_order(place, picture))
    assert caught.value.code == "PLACE_OUTSIDE_PAGE"
    width, height = ("297.0", "210.0") if "rotated" in name else ("210.0", "297.0")
    assert f"{width} × {height}" in caught.value.text.zh


def test_pages_are_counted_from_either_end(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    reply = SAMPLES / "approval-reply-3-page.pdf"
    order = make_order(At(page=-2, x_mm=100, y_mm=100), picture)
    assert press(pool, reply, tmp_path / "out.pdf", order).places[0].page == 2
    for number in (0, 4, -4):
        order = make_order(At(page=number, x_mm=100, y_mm=100), picture)
        assert code_of(pool, reply, order, tmp_path) == "PAGE_NOT_THERE"


def test_every_page_has_the_seal_once(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    """One object for all: the file grows by the picture once, not once a page."""
    document, sealed = SAMPLES / "long-300-pages.pdf", tmp_path / "sealed.pdf"
    prepared = press(pool, document, sealed, make_order(EveryPage(), picture))
    assert [place.page for place in prepared.places] == list(range(1, 301))
    for page in (1, 150, 300):
        mark = added(document, sealed, page)
        assert mark is not None
        assert mark.size == pytest.approx((SEAL_MM, SEAL_MM), abs=TOLERANCE_MM)
    assert sealed.stat().st_size - document.stat().st_size < 300 * 900 + picture.stat().st_size


def code_of(pool: WorkerPool, document: Path, order: PreparationOrder, folder: Path) -> str:
    with pytest.raises(DocumentRefused) as caught:
        press(pool, document, folder / "out.pdf", order)
    assert "{" not in caught.value.text.en + caught.value.text.zh
    return caught.value.code
