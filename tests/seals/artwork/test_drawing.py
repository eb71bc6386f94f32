"""What the seals of each kind look like, and what cannot be drawn."""

import doctest
import io
import math
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from sealservice.kernel.errors import InvalidInput, Misconfigured
from sealservice.seals import artwork
from sealservice.seals.artwork import (
    STYLES,
    Carving,
    Kind,
    Style,
    accept_picture,
    demo_name,
    draw,
    png_preview,
    typeset_picture,
)
from sealservice.seals.artwork import fonts as fonts_room
from sealservice.seals.artwork.drawing import compose
from sealservice.seals.artwork.fonts import Typeface, find_font

OFFICE = "云岭市青禾区行政审批局（演示）"
CODE = "99012600012345"
RED = (215, 0, 15, 255)


def look(picture: artwork.Picture, pixels: int = 420) -> Image.Image:
    pdf = typeset_picture(picture.source, picture.media_type, picture.width_mm, picture.height_mm)
    return Image.open(io.BytesIO(png_preview(pdf, pixels)))


def said(picture: artwork.Picture) -> str:
    return picture.source.decode()


def test_the_example_of_the_room_runs() -> None:
    result = doctest.testmod(artwork)
    assert result.attempted >= 4
    assert result.failed == 0


def test_a_round_seal_shows_border_star_and_open_paper() -> None:
    image = look(draw(Kind.APPROVAL, owner_name=OFFICE, code=CODE))  # 10 pixels a millimetre
    assert image.size == (420, 420)
    assert image.getpixel((210, 210)) == RED
    assert image.getpixel((210, 210 - 64)) == RED  # inside the star's upper point
    assert image.getpixel((210, 210 - 72))[3] == 0  # just above it
    for degrees in range(360):
        x, y = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
        assert image.getpixel((round(209.5 + 204 * x), round(209.5 + 204 * y))) == RED, "the border is whole"
        assert image.getpixel((round(209.5 + 194 * x), round(209.5 + 194 * y)))[3] == 0, "nothing touches it"
    assert image.getpixel((2, 2)) == (255, 255, 255, 0)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_drawn_at_its_size_and_would_be_accepted_from_outside(kind: Kind) -> None:
    name = "程示例" if kind is Kind.PERSONAL else OFFICE
    picture = draw(kind, owner_name=name)
    style = STYLES[kind]
    assert (picture.width_mm, picture.height_mm, picture.vector) == (style.width_mm, style.height_mm, True)
    again = accept_picture(picture.source, width_mm=style.width_mm, height_mm=style.height_mm)
    assert again == picture
    assert again.digest == picture.digest
    assert "<text" not in said(picture)
    assert f"<title>{name}" in said(picture)


def test_the_same_words_give_the_same_bytes() -> None:
    assert draw(Kind.OFFICIAL, owner_name=OFFICE) == draw(Kind.OFFICIAL, owner_name=f" {OFFICE} ")
    assert draw(Kind.OFFICIAL, owner_name=OFFICE).digest != draw(Kind.OFFICIAL, owner_name="云岭市").digest


def test_seals_for_one_business_have_no_star_and_say_what_they_are_for() -> None:
    assert said(draw(Kind.OFFICIAL, owner_name=OFFICE)).count("<polygon") == 1
    for kind, words in ((Kind.CONTRACT, "合同专用章"), (Kind.FINANCE, "财务专用章"), (Kind.INVOICE, "发票专用章")):
        assert "<polygon" not in said(draw(kind, owner_name=OFFICE))
        seal = compose(kind, owner_name=OFFICE)
        assert "".join(placed.glyph.character for placed in seal.line) == words
    assert compose(Kind.FINANCE, owner_name=OFFICE, line="").line == ()


def test_the_invoice_seal_keeps_the_measures_of_the_tax_administration() -> None:
    seal = compose(Kind.INVOICE, owner_name="青禾茶社", number="91990126MA0DEMO00X", code="(1)")
    number = [corner for placed in seal.number for corner in placed.corners]
    tops, bottoms = min(y for _, y in number), max(y for _, y in number)
    assert bottoms - tops == pytest.approx(3.7, abs=0.25)
    assert max(x for x, _ in number) - min(x for x, _ in number) <= 26
    line = [corner for placed in seal.line for corner in placed.corners]
    assert min(y for _, y in line) == pytest.approx(4.2, abs=0.1)
    assert max(y for _, y in line) - min(y for _, y in line) == pytest.approx(4.6, abs=0.15)


@pytest.mark.parametrize(
    ("name", "line", "right", "left"),
    [
        ("程示例", None, "程示", "例印"),
        ("王明", None, "王明", "之印"),
        ("欧阳修文", None, "欧阳", "修文"),
        ("程示例", "", "程", "示例"),
        ("程示例", "之印", "程示例", "之印"),
        ("程示例", "演示", "程示例", "演示"),
        ("王明", "印", "王明", "印"),
        ("𠮷野樱", None, "𠮷野", "樱印"),
    ],
)
def test_a_name_seal_is_read_down_its_right_column_first(name: str, line: str | None, right: str, left: str) -> None:
    placed = compose(Kind.PERSONAL, owner_name=name, line=line).name
    columns: dict[bool, list[tuple[float, str]]] = {True: [], False: []}
    for letter in placed:
        x = sum(x for x, _ in letter.corners) / 4
        y = sum(y for _, y in letter.corners) / 4
        columns[x > 0].append((y, letter.glyph.character))
    assert "".join(character for _, character in sorted(columns[True])) == right
    assert "".join(character for _, character in sorted(columns[False])) == left
    assert all(abs(value) < 10 - 0.9 - 0.5 for letter in placed for corner in letter.corners for value in corner)


def test_intaglio_shows_the_paper_through_the_letters() -> None:
    relief, intaglio = (
        look(draw(replace(STYLES[Kind.PERSONAL], carving=carving), owner_name="程示例"), 200)
        for carving in (Carving.RELIEF, Carving.INTAGLIO)
    )
    assert relief.getpixel((100, 100))[3] == 0
    assert intaglio.getpixel((100, 100)) == RED  # between the four letters
    ink = [sum(image.getchannel("A").histogram()[128:]) / 40_000 for image in (relief, intaglio)]
    assert ink[0] < 0.5 < ink[1] < 0.85
    assert {pixel for _, pixel in intaglio.getcolors(100_000) if pixel[3] == 255} == {RED}


def test_a_missing_character_is_named_with_its_code_point_and_counts_as_one() -> None:
    with pytest.raises(InvalidInput) as refused:
        draw(Kind.PERSONAL, owner_name="王𬎆")
    assert refused.value.code == "ARTWORK_CHARACTER_MISSING"
    assert refused.value.details["characters"] == "𬎆 (U+2C386)"
    assert "U+2C386" in refused.value.text.en
    assert "缺少字符 𬎆 (U+2C386)" in refused.value.text.zh


def test_a_line_break_or_a_hidden_mark_in_a_name_is_named_too() -> None:
    with pytest.raises(InvalidInput) as refused:
        draw(Kind.OFFICIAL, owner_name="云岭\n市\u202e局")
    assert "U+000A" in str(refused.value.details["characters"])
    assert "U+202E" in str(refused.value.details["characters"])


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("ARTWORK_NAME_EMPTY", Kind.OFFICIAL, {"owner_name": "  "}),
        ("ARTWORK_NAME_TOO_LONG", Kind.OFFICIAL, {"owner_name": "局" * 50}),
        ("ARTWORK_NAME_TOO_LONG", Kind.INVOICE, {"owner_name": "局" * 50}),
        ("ARTWORK_LINE_TOO_LONG", Kind.APPROVAL, {"owner_name": OFFICE, "line": "章" * 24}),
        ("ARTWORK_CODE_TOO_LONG", Kind.APPROVAL, {"owner_name": OFFICE, "code": "9" * 40}),
        ("ARTWORK_NUMBER_TOO_LONG", Kind.INVOICE, {"owner_name": OFFICE, "number": "9" * 40}),
        ("ARTWORK_NAME_NOT_PERSONAL", Kind.PERSONAL, {"owner_name": "王"}),
        ("ARTWORK_NAME_NOT_PERSONAL", Kind.PERSONAL, {"owner_name": "欧阳修文王"}),
        ("ARTWORK_SUFFIX_UNKNOWN", Kind.PERSONAL, {"owner_name": "程示例", "line": "私章"}),
        ("ARTWORK_PART_NOT_CARRIED", Kind.PERSONAL, {"owner_name": "程示例", "code": CODE}),
        ("ARTWORK_PART_NOT_CARRIED", Kind.OFFICIAL, {"owner_name": OFFICE, "number": "91990126MA0DEMO00X"}),
    ],
)
def test_what_cannot_stand_on_a_seal_is_refused(code: str, kind: Kind, words: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        draw(kind, **words)
    assert refused.value.code == code
    assert "{" not in refused.value.text.en + refused.value.text.zh


@pytest.mark.parametrize(
    ("code", "style"),
    [
        ("ARTWORK_SIZE", STYLES[Kind.OFFICIAL].at_size(5, 5)),
        ("ARTWORK_SIZE", STYLES[Kind.OFFICIAL].at_size(420, 420)),
        ("ARTWORK_SIDES_DIFFER", STYLES[Kind.OFFICIAL].at_size(42, 40)),
        ("ARTWORK_SIDES_DIFFER", STYLES[Kind.PERSONAL].at_size(20, 10)),
        ("ARTWORK_NOT_OVAL", STYLES[Kind.INVOICE].at_size(30, 40)),
        ("ARTWORK_NOT_OVAL", STYLES[Kind.INVOICE].at_size(60, 30)),
        ("ARTWORK_OUT_OF_SCALE", replace(STYLES[Kind.OFFICIAL], width_mm=20, height_mm=20)),
    ],
)
def test_a_size_that_no_seal_has_is_refused(code: str, style: Style) -> None:
    with pytest.raises(InvalidInput) as refused:
        draw(style, owner_name="程示例")
    assert refused.value.code == code
    assert "{" not in refused.value.text.en + refused.value.text.zh


@pytest.mark.parametrize("diameter", [20, 38, 45, 50])
def test_a_seal_of_another_size_is_the_same_seal_scaled(diameter: float) -> None:
    usual = compose(Kind.APPROVAL, owner_name=OFFICE, code=CODE)
    scaled = compose(STYLES[Kind.APPROVAL].at_size(diameter, diameter), owner_name=OFFICE, code=CODE)
    factor = diameter / 42
    for one, other in zip(usual.lettering, scaled.lettering, strict=True):
        for (x, y), corner in zip(one.corners, other.corners, strict=True):
            assert corner == pytest.approx((x * factor, y * factor), abs=1e-4)


def test_markup_in_a_name_stays_a_name() -> None:
    picture = draw(Kind.OFFICIAL, owner_name="A&B<script>局")
    assert b"<title>A&amp;B&lt;script&gt;" in picture.source
    assert accept_picture(picture.source, width_mm=42, height_mm=42).vector


def test_a_demo_seal_says_so_on_its_ring() -> None:
    assert demo_name("云岭市青禾区行政审批局") == OFFICE
    assert demo_name(OFFICE) == OFFICE


def test_the_configured_folder_comes_before_the_systems(tmp_path: Path) -> None:
    system = find_font(Typeface.SERIF)
    (tmp_path / system.name).symlink_to(system)
    assert find_font(Typeface.SERIF, tmp_path) == tmp_path / system.name
    assert find_font(Typeface.SERIF, tmp_path / "nothing here") == system
    seal = draw(Kind.OFFICIAL, owner_name=OFFICE, fonts=tmp_path)
    assert seal == draw(Kind.OFFICIAL, owner_name=OFFICE)


def test_without_a_font_the_house_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts_room, "DEBIAN_FOLDER", tmp_path)
    with pytest.raises(Misconfigured) as refused:
        draw(Kind.OFFICIAL, owner_name=OFFICE)
    assert refused.value.code == "ARTWORK_FONT_MISSING"
    assert "fonts-noto-cjk" in refused.value.text.zh


def test_another_font_under_the_right_name_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "NotoSerifCJK-Bold.ttc").symlink_to(find_font(Typeface.SANS))
    with pytest.raises(Misconfigured) as refused:
        draw(Kind.OFFICIAL, owner_name=OFFICE, fonts=tmp_path)
    assert refused.value.code == "ARTWORK_FACE_MISSING"
