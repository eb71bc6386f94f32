"""The riding seal (骑缝章): fan the pages out and the whole seal is there; take one page away and it is not."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers import At, Edge, Riding, WorkerPool
from sealservice.workers.pdf.riding import cut, shared_out
from tests.support.judges import MM, added, pyhanko_verdicts, qpdf_complaints, render
from tests.support.pressing import SAMPLES, SEAL_MM, make_order, press

REPLY = SAMPLES / "approval-reply-3-page.pdf"
MIXED = SAMPLES / "variant-mixed-page-sizes-qpdf.pdf"
INHERITED = SAMPLES / "variant-inherited-page-attributes-pikepdf.pdf"


@pytest.mark.parametrize("document", [REPLY, MIXED, INHERITED, SAMPLES / "scan-bilevel-g4-img2pdf.pdf"])
def test_each_page_has_its_slice_flush_with_the_edge_at_one_height(
    document: Path, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    sealed = tmp_path / "sealed.pdf"
    prepared = press(pool, document, sealed, make_order(Riding(), picture))
    count = len(prepared.places)
    assert [(place.page, place.slice, place.of) for place in prepared.places] == [
        (number, number, count) for number in range(1, count + 1)
    ]
    tops = set()
    for place in prepared.places:
        after = render(sealed, place.page)
        mark = added(document, sealed, place.page)
        assert mark is not None
        assert mark.right == pytest.approx(after.width * MM, abs=0.01)
        assert mark.size[0] == pytest.approx(SEAL_MM / count, abs=0.5)
        tops.add(round(place.y_mm, 2))
    assert len(tops) == 1
    assert pyhanko_verdicts(sealed)[-1].bottom_line is False  # nobody is trusted here
    assert pyhanko_verdicts(sealed)[-1].intact
    assert qpdf_complaints(sealed) == ""


@pytest.mark.parametrize("edge", list(Edge))
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_fanned_out_pages_show_the_whole_seal(
    edge: Edge, turn: int, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    """On every edge and every rotation: the slices, laid side by side, are the seal itself."""
    blank = blank_pages(tmp_path / "blank.pdf", 3, turn)
    press(pool, blank, tmp_path / "whole.pdf", make_order(At(page=1, x_mm=100, y_mm=100), picture))
    sealed = tmp_path / "sealed.pdf"
    places = press(pool, blank, sealed, make_order(Riding(edge=edge, offset_mm=100), picture)).places
    pixels = [crop(render(sealed, place.page), place.x_mm, place.y_mm, edge) for place in places]
    if edge in (Edge.LEFT, Edge.TOP):  # the first page, on top of the fan, has the part furthest from that edge
        pixels.reverse()
    fan = joined(pixels, sideways=edge in (Edge.LEFT, Edge.RIGHT))
    whole = render(tmp_path / "whole.pdf", 1).crop(pixel_box(100, 100, SEAL_MM, SEAL_MM)).resize(fan.size)
    difference = ImageChops.difference(fan.convert("L"), whole.convert("L"))
    assert sum(difference.histogram()[128:]) < 0.04 * fan.width * fan.height


def blank_pages(path: Path, count: int, turn: int) -> Path:
    with pikepdf.new() as pdf:
        for _ in range(count):
            pdf.add_blank_page(page_size=(595.276, 841.89))
        for page in pdf.pages:
            page.Rotate = turn
        pdf.save(path)
    return path


def pixel_box(x_mm: float, y_mm: float, width: float, height: float) -> tuple[int, int, int, int]:
    left, top = (x_mm - width / 2) / MM, (y_mm - height / 2) / MM
    return round(left), round(top), round(left + width / MM), round(top + height / MM)


def crop(page: Image.Image, x_mm: float, y_mm: float, edge: Edge) -> Image.Image:
    third = SEAL_MM / 3
    size = (third, SEAL_MM) if edge in (Edge.LEFT, Edge.RIGHT) else (SEAL_MM, third)
    return page.crop(pixel_box(x_mm, y_mm, *size))


def joined(parts: list[Image.Image], *, sideways: bool) -> Image.Image:
    width = sum(part.width for part in parts) if sideways else parts[0].width
    height = parts[0].height if sideways else sum(part.height for part in parts)
    whole = Image.new("RGB", (width, height), "white")
    at = 0
    for part in parts:
        whole.paste(part, (at, 0) if sideways else (0, at))
        at += part.width if sideways else part.height
    return whole


@pytest.mark.parametrize("edge", list(Edge))
def test_there_is_no_white_edge_between_slice_and_page_border(
    edge: Edge, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    """Where the seal was cut, the outermost pixels of the page carry its ink."""
    blank = blank_pages(tmp_path / "blank.pdf", 4, 0)
    sealed = tmp_path / "sealed.pdf"
    press(pool, blank, sealed, make_order(Riding(edge=edge), picture))
    for number, look in ((number, look) for number in (1, 2, 3) for look in (render, poppler)):
        page = look(sealed, number)
        turned = {Edge.RIGHT: 0, Edge.LEFT: 180, Edge.TOP: -90, Edge.BOTTOM: 90}[edge]
        upright = page.rotate(turned, expand=True)
        border, inside = (ink_in_column(upright, upright.width - column) for column in (1, 2))
        assert border > 0.75 * inside > 0


def poppler(path: Path, page: int) -> Image.Image:
    """At a resolution where the page's last pixel is only partly page."""
    target = path.with_suffix("")
    command = ["pdftoppm", "-r", "150", "-f", str(page), "-l", str(page), "-singlefile", "-png", str(path), str(target)]
    subprocess.run(command, check=True)
    with Image.open(target.with_suffix(".png")) as shown:
        return shown.convert("RGB")


def ink_in_column(page: Image.Image, column: int) -> int:
    colours = [page.getpixel((column, row)) for row in range(page.height)]
    return sum(1 for red, green, _ in colours if red - green > 60)  # type: ignore[misc]


def test_many_pages_share_several_seals(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    places = press(
        pool, SAMPLES / "long-300-pages.pdf", tmp_path / "sealed.pdf", make_order(Riding(group=20), picture)
    ).places
    assert len(places) == 300
    assert {place.group for place in places} == set(range(1, 16))
    assert all(place.of == 20 for place in places)


def test_only_the_pages_asked_for_take_part(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    places = press(pool, MIXED, tmp_path / "sealed.pdf", make_order(Riding(pages=(1, 3)), picture)).places
    assert [(place.page, place.slice, place.of) for place in places] == [(1, 1, 2), (3, 2, 2)]
    assert added(MIXED, tmp_path / "sealed.pdf", 2) is None


def test_the_cut_ratio_gives_the_first_page_its_share(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    sealed = tmp_path / "sealed.pdf"
    press(pool, REPLY, sealed, make_order(Riding(cut_ratio=0.5), picture))
    widths = [mark.size[0] for page in (1, 2, 3) if (mark := added(REPLY, sealed, page))]
    assert widths == pytest.approx([21, 10.5, 10.5], abs=0.5)


@pytest.mark.parametrize(
    ("document", "riding", "code"),
    [
        ("approval-letter-1-page.pdf", Riding(), "RIDING_NEEDS_TWO_PAGES"),
        ("approval-reply-3-page.pdf", Riding(pages=(2,)), "RIDING_NEEDS_TWO_PAGES"),
        ("approval-reply-3-page.pdf", Riding(pages=(2, 9)), "PAGE_NOT_THERE"),
        ("approval-reply-3-page.pdf", Riding(pages=(2, 2)), "RIDING_PAGE_TWICE"),
        ("approval-reply-3-page.pdf", Riding(cut_ratio=1.0), "RIDING_CUT_WRONG"),
        ("approval-reply-3-page.pdf", Riding(offset_mm=5), "RIDING_DOES_NOT_FIT"),
        ("long-300-pages.pdf", Riding(group=100), "RIDING_SLICE_TOO_THIN"),
        ("signed-once-approval-pyhanko.pdf", Riding(), "RIDING_NEEDS_TWO_PAGES"),
    ],
)
def test_what_cannot_ride_is_refused_by_name(
    document: str, riding: Riding, code: str, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    with pytest.raises(DocumentRefused) as refusal:
        press(pool, SAMPLES / document, tmp_path / "sealed.pdf", make_order(riding, picture))
    assert refusal.value.code == code
    assert not (tmp_path / "sealed.pdf").exists()


@given(pages=st.integers(2, 2000), largest=st.integers(3, 40))
def test_groups_are_even_and_none_is_a_single_page(pages: int, largest: int) -> None:
    groups = shared_out(pages, largest)
    assert sum(groups) == pages
    assert 2 <= min(groups) <= max(groups) <= largest
    assert max(groups) - min(groups) <= 1


@given(parts=st.integers(2, 40), ratio=st.none() | st.floats(0.05, 0.95))
def test_slices_make_up_the_seal(parts: int, ratio: float | None) -> None:
    slices = cut(parts, ratio)
    assert slices[0][0] == 0
    assert slices[-1][1] == pytest.approx(1)
    assert all(one[1] == two[0] for one, two in pairwise(slices))
    assert ratio is None or slices[0][1] == pytest.approx(ratio)
