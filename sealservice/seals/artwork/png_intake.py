"""Reads a PNG from outside and writes a clean one: eight bits of red, green, blue and transparency, and nothing else.

Bounded before it is decoded: the size in the first chunk decides, not the promise of a library. Comments, profiles,
times and whatever else was in the file stay outside. Refuses to know true sizes, databases and keys.
"""

from __future__ import annotations

import io
import struct
from typing import Any

from PIL import Image, ImageChops, ImageMath

from sealservice.kernel.errors import InvalidInput

SIGNATURE = b"\x89PNG\r\n\x1a\n"

MOST_PIXELS = 16_000_000
_LONGEST_SIDE = 5_000
_OPEN_SHARE = 0.02


def read_png(data: bytes, *, white_to_transparent: bool) -> Image.Image:
    """The picture as RGBA.

    Raises InvalidInput: PICTURE_TOO_MANY_PIXELS, PICTURE_NOT_READABLE, PICTURE_OPAQUE (a white ground would cover the
    text beneath; `white_to_transparent` takes the white out instead)."""
    _check_size(data)
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as source:
            _refuse_animation(source)
            image = source.convert("RGBA")
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise InvalidInput("PICTURE_NOT_READABLE", reason=str(error)) from error
    if white_to_transparent:
        image = _take_white_out(image)
    _refuse_opaque(image)
    return image


def write_png(image: Image.Image) -> bytes:
    """The same pixels always give the same bytes."""
    buffer = io.BytesIO()
    Image.frombytes("RGBA", image.size, image.tobytes()).save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def _check_size(data: bytes) -> None:
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise InvalidInput("PICTURE_NOT_READABLE", reason="no IHDR chunk")
    width, height = struct.unpack(">II", data[16:24])
    if not (0 < width <= _LONGEST_SIDE and 0 < height <= _LONGEST_SIDE and width * height <= MOST_PIXELS):
        raise InvalidInput(
            "PICTURE_TOO_MANY_PIXELS", width=width, height=height, side=_LONGEST_SIDE, pixels=MOST_PIXELS
        )


def _refuse_animation(source: Image.Image) -> None:
    if getattr(source, "n_frames", 1) != 1:
        raise InvalidInput("PICTURE_ANIMATED")


def _refuse_opaque(image: Image.Image) -> None:
    open_pixels = sum(image.getchannel("A").histogram()[:128])
    if open_pixels < _OPEN_SHARE * image.width * image.height:
        raise InvalidInput("PICTURE_OPAQUE")


def _take_white_out(image: Image.Image) -> Image.Image:
    """What, laid over white, looks as the picture does over white, with as little ink as possible.

    A pixel's ink is how far its darkest channel is from white; its colour is what remains when that much white is
    taken away. So edges stay soft, and no pale rim is left around them."""
    over_white = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    missing = [ImageChops.invert(channel) for channel in over_white.split()]
    ink = ImageChops.lighter(ImageChops.lighter(missing[0], missing[1]), missing[2])
    channels = [ImageMath.lambda_eval(_without_white, missing=channel, ink=ink) for channel in missing]
    return Image.merge("RGBA", [*channels, ink])


def _without_white(names: dict[str, Any]) -> Any:
    """ImageMath divides by nothing to nothing, so where there is no ink the colour is white."""
    missing, ink = names["missing"], names["ink"]
    return names["convert"](255 - (missing * 255 + ink / 2) / ink, "L")
