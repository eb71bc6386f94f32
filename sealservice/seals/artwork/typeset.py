"""A picture onto a one-page PDF of its true size, and a PDF onto pixels to look at.

Vector stays vector, transparency stays transparency, the page has no ground. The same picture gives the same bytes on
every machine: no date, no system font, no random identifier. Both functions are pure, so that they can run in a
limited child process on what strangers sent in; refuses to know the database, keys and seals.
"""

from __future__ import annotations

import base64
import io
from importlib import resources

import pypdfium2
import typst
from PIL import Image

from sealservice.kernel.errors import InvalidInput
from sealservice.seals.artwork.picture import MediaType

_LOOK = 256
_PAPER_SEEN = 0.02
"""A picture must leave at least this share of its rectangle open, else it hides the text that it is pressed on."""

_INK_SEEN = 0.01


def typeset_picture(source: bytes, kind: str, width_mm: float, height_mm: float) -> bytes:
    """The PDF of an accepted picture; `kind` is its media type.

    Raises InvalidInput: PICTURE_NOT_READABLE, and, once one can look at it, PICTURE_BLANK or PICTURE_COVERS_TEXT."""
    template = resources.files("sealservice.seals.artwork").joinpath("picture.typ").read_bytes()
    inputs = {
        "svg": _as_svg(source, MediaType(kind), width_mm, height_mm),
        "width_mm": repr(float(width_mm)),
        "height_mm": repr(float(height_mm)),
    }
    try:
        pdf = typst.compile(template, sys_inputs=inputs, ignore_system_fonts=True, pdf_tags=False)
    except typst.TypstError as error:
        raise InvalidInput("PICTURE_NOT_READABLE", reason=error.message) from error
    _look(bytes(pdf))
    return bytes(pdf)


def _as_svg(source: bytes, kind: MediaType, width_mm: float, height_mm: float) -> str:
    """The picture as the text that typst takes in without a file: a PNG travels inside an SVG of its own size."""
    if kind is MediaType.SVG:
        return source.decode()
    _require_whole(source)
    data = base64.b64encode(source).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width_mm:g} {height_mm:g}">'
        f'<image width="{width_mm:g}" height="{height_mm:g}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{data}"/></svg>'
    )


def _require_whole(png: bytes) -> None:
    """A broken picture inside an SVG is passed over in silence there; here it is refused."""
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            image.verify()
    except (OSError, SyntaxError, ValueError) as error:
        raise InvalidInput("PICTURE_NOT_READABLE", reason=error) from error


def png_preview(pdf: bytes, pixels: int) -> bytes:
    """The first page as PNG on a transparent ground, its longer side `pixels` long."""
    buffer = io.BytesIO()
    _render(pdf, pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _render(pdf: bytes, pixels: int) -> Image.Image:
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0]
        bitmap = page.render(scale=pixels / max(page.get_size()), fill_color=(255, 255, 255, 0), rev_byteorder=True)
        image: Image.Image = bitmap.to_pil().convert("RGBA")
        return image


def _look(pdf: bytes) -> None:
    alpha = _render(pdf, _LOOK).getchannel("A")
    histogram = alpha.histogram()
    area = alpha.width * alpha.height
    if sum(histogram[32:]) < _INK_SEEN * area:
        raise InvalidInput("PICTURE_BLANK")
    if sum(histogram[:128]) < _PAPER_SEEN * area:
        raise InvalidInput("PICTURE_COVERS_TEXT")
