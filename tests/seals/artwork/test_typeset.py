"""The page a picture is set on: its size to a hundredth of a millimetre, vector and transparency kept, the same
bytes."""

import io
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from sealservice.kernel.errors import InvalidInput
from sealservice.seals.artwork import Kind, Picture, accept_picture, draw, png_preview, typeset_picture

SAMPLES = Path("tests/samples")


@pytest.fixture(scope="module")
def vector() -> Picture:
    return draw(Kind.INVOICE, owner_name="云岭市青禾会展服务有限公司（演示）", number="91990126MA0DEMO00X")


@pytest.fixture(scope="module")
def raster() -> Picture:
    return accept_picture((SAMPLES / "seal-official-round.png").read_bytes(), width_mm=42, height_mm=42)


def page_of(picture: Picture) -> bytes:
    return typeset_picture(picture.source, picture.media_type, picture.width_mm, picture.height_mm)


@pytest.mark.parametrize("size", [(42, 42), (40, 30), (20, 20), (38.5, 38.5), (45, 30)])
def test_the_page_has_the_true_size(vector: Picture, size: tuple[float, float]) -> None:
    with pikepdf.open(io.BytesIO(typeset_picture(vector.source, vector.media_type, *size))) as pdf:
        assert len(pdf.pages) == 1
        left, bottom, right, top = (float(value) for value in pdf.pages[0].mediabox)
    assert ((right - left) * 25.4 / 72, (top - bottom) * 25.4 / 72) == pytest.approx(size, abs=0.01)


def test_a_vector_stays_one_and_needs_no_font(vector: Picture) -> None:
    with pikepdf.open(io.BytesIO(page_of(vector))) as pdf:
        parts = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary | pikepdf.Stream)]
        operators = {str(step.operator) for step in pikepdf.parse_content_stream(pdf.pages[0])}
        assert "/Image" not in {part.get("/Subtype") for part in parts}
        assert "/Font" not in {part.get("/Type") for part in parts}
    assert {"m", "l", "c", "f", "S"} <= operators
    assert not operators & {"Do", "BI", "Tj", "TJ", "sh", "gs"}


def test_colours_do_not_depend_on_the_device(vector: Picture, raster: Picture) -> None:
    with pikepdf.open(io.BytesIO(page_of(vector))) as pdf:
        operators = {str(step.operator) for step in pikepdf.parse_content_stream(pdf.pages[0])}
        spaces = [space[0] for space in pdf.pages[0].resources["/ColorSpace"].values()]
    assert not operators & {"rg", "RG", "g", "G", "k", "K"}
    assert spaces == ["/ICCBased"]
    with pikepdf.open(io.BytesIO(page_of(raster))) as pdf:
        images = [item for item in pdf.objects if isinstance(item, pikepdf.Stream) and "/SMask" in item]
        assert [image["/ColorSpace"][0] for image in images] == ["/ICCBased"]


def test_a_png_keeps_its_transparency(raster: Picture) -> None:
    pdf = page_of(raster)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        masks = [item["/SMask"] for item in document.objects if isinstance(item, pikepdf.Stream) and "/SMask" in item]
        assert [(int(mask["/Width"]), int(mask["/Height"])) for mask in masks] == [(600, 600)]
    seen = Image.open(io.BytesIO(png_preview(pdf, 600)))
    sent = Image.open(SAMPLES / "seal-official-round.png")
    for place in ((3, 3), (300, 30), (300, 300), (300, 140), (10, 300)):
        assert abs(seen.getpixel(place)[3] - sent.getpixel(place)[3]) <= 8


def test_the_preview_has_no_ground_and_the_asked_size(vector: Picture) -> None:
    image = Image.open(io.BytesIO(png_preview(page_of(vector), 800)))
    assert (image.size, image.mode) == ((800, 600), "RGBA")
    assert [image.getpixel(corner)[3] for corner in ((0, 0), (799, 0), (0, 599), (799, 599))] == [0, 0, 0, 0]


def test_qpdf_finds_no_fault(vector: Picture, raster: Picture, tmp_path: Path) -> None:
    for number, picture in enumerate((vector, raster)):
        file = tmp_path / f"{number}.pdf"
        file.write_bytes(page_of(picture))
        result = subprocess.run(["qpdf", "--check", file], capture_output=True, text=True, check=False)
        assert (result.returncode, result.stderr) == (0, "")


_CHILD = """
import sys
from sealservice.seals.artwork.typeset import typeset_picture
pdf = typeset_picture(sys.stdin.buffer.read(), "image/svg+xml", 40, 30)
rooms = [name for name in sys.modules if name.split(".")[0] in {"sqlalchemy", "pkcs11", "keystore"}]
assert not rooms, rooms
sys.stdout.buffer.write(pdf)
"""


def test_another_process_without_database_or_keys_gives_the_same_bytes(vector: Picture) -> None:
    child = subprocess.run([sys.executable, "-c", _CHILD], input=vector.source, capture_output=True, check=True)
    assert child.stdout == page_of(vector)
    with pikepdf.open(io.BytesIO(child.stdout)) as pdf:
        assert "/CreationDate" not in pdf.docinfo
        assert "/ModDate" not in pdf.docinfo


def test_what_the_typesetter_cannot_read_is_refused() -> None:
    for source, kind in ((b"<svg", "image/svg+xml"), (b"\x89PNG\r\n\x1a\n broken", "image/png")):
        with pytest.raises(InvalidInput) as refused:
            typeset_picture(source, kind, 42, 42)
        assert refused.value.code == "PICTURE_NOT_READABLE"
