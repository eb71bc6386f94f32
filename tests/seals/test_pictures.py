"""The picture of a seal: drawn from its owner's name or given, of its true size, a drawing when its source is."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import pikepdf
import pytest

from sealservice.documents.model import Document, Kind
from sealservice.kernel.errors import InvalidInput
from sealservice.seals.kinds import SealKind
from sealservice.seals.model import Seal
from sealverify.digest import Digest
from tests.support.departments import Department
from tests.support.houses import SAMPLES

POINTS = 72 / 25.4


def _page(department: Department, seal: Seal) -> tuple[float, float, int]:
    """Of the seal's page: width and height in millimetres, and how many raster images it draws."""
    data = department.house.store.get(Digest.parse(seal.picture_pdf)).read_bytes()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        (page,) = pdf.pages
        left, bottom, right, top = (Decimal(value) for value in page.mediabox.as_list())
        images = sum(
            isinstance(item, pikepdf.Stream) and item.get("/Subtype") == pikepdf.Name.Image for item in pdf.objects
        )
    return float(right - left) / POINTS, float(top - bottom) / POINTS, images


def _source(department: Department, seal: Seal) -> bytes:
    return department.house.store.get(Digest.parse(seal.picture)).read_bytes()


@pytest.mark.parametrize(
    ("kind", "name", "width", "height"),
    [
        (SealKind.OFFICIAL, None, 42.0, 42.0),
        (SealKind.APPROVAL, None, 42.0, 42.0),
        (SealKind.INVOICE, None, 40.0, 30.0),
        (SealKind.PERSONAL, "程示例", 20.0, 20.0),
    ],
)
def test_a_drawn_seal_has_the_size_of_its_kind_and_is_a_drawing(
    one_department: Department, kind: SealKind, name: str | None, width: float, height: float
) -> None:
    seal = one_department.requested(kind=kind, name=name)
    assert (seal.width_mm, seal.height_mm) == (width, height)
    measured = _page(one_department, seal)
    assert measured == (pytest.approx(width, abs=0.01), pytest.approx(height, abs=0.01), 0)
    svg = _source(one_department, seal).decode()
    assert "<path" in svg
    assert "<text" not in svg  # outlines: no font can change it


def test_a_seal_is_drawn_at_the_size_that_is_asked_for(one_department: Department) -> None:
    seal = one_department.requested(kind=SealKind.CONTRACT, width_mm=45.0, height_mm=45.0)
    assert _page(one_department, seal)[:2] == (pytest.approx(45, abs=0.01), pytest.approx(45, abs=0.01))


def test_a_given_drawing_stays_one(one_department: Department) -> None:
    given = SAMPLES / "seal-official-round.svg"
    seal = one_department.requested(kind=SealKind.OFFICIAL, picture=given)
    assert _page(one_department, seal) == (pytest.approx(42, abs=0.01), pytest.approx(42, abs=0.01), 0)
    assert len(_source(one_department, seal)) > given.stat().st_size / 2


def test_a_given_png_keeps_its_pixels_its_size_and_its_transparency(one_department: Department) -> None:
    seal = one_department.requested(kind=SealKind.INVOICE, picture=SAMPLES / "seal-invoice-oval.png")
    width, height, images = _page(one_department, seal)
    assert (width, height) == (pytest.approx(40, abs=0.01), pytest.approx(30, abs=0.01))
    assert images == 2  # the pixels and their transparency
    assert _source(one_department, seal).startswith(b"\x89PNG")


def test_the_record_says_what_each_stored_picture_is(department: Department) -> None:
    seal = department.requested(picture=SAMPLES / "seal-official-round.png")
    with department.house.database.read() as session:
        picture, page = (session.get_one(Document, digest) for digest in (seal.picture, seal.picture_pdf))
    assert (picture.kind, picture.media_type) == (Kind.PICTURE, "image/png")
    assert (page.kind, page.media_type) == (Kind.PICTURE_PDF, "application/pdf")
    assert page.size == department.house.store.get(Digest.parse(seal.picture_pdf)).stat().st_size


def test_two_seals_may_carry_one_picture(department: Department) -> None:
    first, second = (department.requested(picture=SAMPLES / "seal-official-round.svg") for _ in range(2))
    assert first.picture == second.picture


def test_a_personal_seal_carries_its_persons_name_and_needs_one(department: Department) -> None:
    with pytest.raises(InvalidInput, match="PERSONAL_NAME_MISSING"):
        department.requested(kind=SealKind.PERSONAL)
    with pytest.raises(InvalidInput, match="ARTWORK_NAME_NOT_PERSONAL"):
        department.requested(kind=SealKind.PERSONAL, name="云岭市青禾区行政审批局")
    seal = department.made(kind=SealKind.PERSONAL, name="程示例")
    (place,) = department.press(seal).preparation["places"]
    left, bottom, right, top = place["rect"]
    assert (right - left, top - bottom) == (pytest.approx(20 * POINTS, abs=0.01), pytest.approx(20 * POINTS, abs=0.01))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        (
            "script.svg",
            b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 42 42"><script/></svg>',
            "PICTURE_SVG_SCRIPT",
        ),
        ("seal.jpg", b"\xff\xd8\xff\xe0 a photograph", "PICTURE_UNKNOWN_FORMAT"),
        ("empty.png", b"", "PICTURE_EMPTY"),
    ],
)
def test_a_picture_that_is_none_is_refused_by_name_and_nothing_is_asked_for(
    department: Department, tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    (tmp_path / name).write_bytes(content)
    wanted = department.wanted(picture=tmp_path / name)
    with pytest.raises(InvalidInput, match=code):
        department.house.seals.request(wanted, actor="demo.clerk")
    with pytest.raises(Exception, match="SEAL_UNKNOWN"):
        department.seal(wanted.code or "")


def test_a_picture_that_is_not_there_is_said_to_be_missing(department: Department, tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.svg", tmp_path):
        with pytest.raises(InvalidInput, match="PICTURE_NOT_FOUND"):
            department.requested(picture=path)


def test_a_letter_that_no_font_has_is_named(department: Department) -> None:
    with pytest.raises(InvalidInput, match="ARTWORK_CHARACTER_MISSING") as refusal:
        department.requested(kind=SealKind.PERSONAL, name="程\U0002f800\U0002fa1d\U000323af")
    assert "\U000323af" in refusal.value.text.zh or "323AF" in refusal.value.text.zh.upper()
