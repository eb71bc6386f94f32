"""The door for pictures of seals that somebody else made: SVG or PNG, with the true size they are to have.

What a file is shows in its first bytes, not in its name. Whatever comes in is bounded, plain, in proportion and
see-through, or is refused by name. Pure, so that it can run in a limited child process; refuses to know whose seal it
is.
"""

from __future__ import annotations

import re

from sealservice.kernel.errors import InvalidInput
from sealservice.seals.artwork.picture import MediaType, Picture
from sealservice.seals.artwork.png_intake import SIGNATURE, read_png, write_png
from sealservice.seals.artwork.styles import LARGEST_MM, SMALLEST_MM
from sealservice.seals.artwork.svg_intake import read_svg

MOST_BYTES = {MediaType.SVG: 1_000_000, MediaType.PNG: 8_000_000}
LEAST_DPI = 300
"""What an office printer prints sharply. A 42 mm seal needs 496 pixels."""

_PROPORTION = 0.01
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|svg|!DOCTYPE|[A-Za-z_][\w.-]*:svg)", re.IGNORECASE)


def accept_picture(data: bytes, *, width_mm: float, height_mm: float, white_to_transparent: bool = False) -> Picture:
    """The picture in `data` at its true size. An SVG goes on as it came, a PNG is written anew.

    `white_to_transparent` takes the white out of a PNG that has a white ground, as scans have.

    Raises InvalidInput: PICTURE_… says what was found; ARTWORK_SIZE for a size no seal has."""
    if not all(SMALLEST_MM <= side <= LARGEST_MM for side in (width_mm, height_mm)):
        raise InvalidInput(
            "ARTWORK_SIZE", width_mm=width_mm, height_mm=height_mm, smallest=SMALLEST_MM, largest=LARGEST_MM
        )
    media_type = sniff(data)
    if len(data) > MOST_BYTES[media_type]:
        raise InvalidInput("PICTURE_TOO_LARGE", bytes=len(data), most=MOST_BYTES[media_type])
    if media_type is MediaType.SVG:
        _check_proportion(read_svg(data), width_mm, height_mm)
        return Picture(source=data, media_type=media_type, width_mm=width_mm, height_mm=height_mm)
    image = read_png(data, white_to_transparent=white_to_transparent)
    _check_proportion(image.width / image.height, width_mm, height_mm)
    dpi = round(min(image.width / width_mm, image.height / height_mm) * 25.4)
    if dpi < LEAST_DPI:
        raise InvalidInput("PICTURE_TOO_COARSE", dpi=dpi, least=LEAST_DPI, width=image.width, height=image.height)
    return Picture(source=write_png(image), media_type=media_type, width_mm=width_mm, height_mm=height_mm)


def sniff(data: bytes) -> MediaType:
    """What `data` is by its first bytes. Raises InvalidInput: PICTURE_EMPTY, PICTURE_UNKNOWN_FORMAT."""
    if not data:
        raise InvalidInput("PICTURE_EMPTY")
    if data.startswith(SIGNATURE):
        return MediaType.PNG
    if _MARKUP.match(data[:512]):
        return MediaType.SVG
    raise InvalidInput("PICTURE_UNKNOWN_FORMAT", start=data[:8].hex(" "))


def _check_proportion(aspect: float, width_mm: float, height_mm: float) -> None:
    if abs(aspect * height_mm / width_mm - 1) > _PROPORTION:
        raise InvalidInput("PICTURE_PROPORTION", aspect=f"{aspect:.3f}", width_mm=width_mm, height_mm=height_mm)
