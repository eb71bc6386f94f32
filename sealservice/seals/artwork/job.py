"""What a worker does with a picture: accepts it, unless we drew it ourselves, and sets it on a page of its true size.

Runs in the limited child and nowhere else; it gets open files and plain values, and gives plain values back.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from sealservice.kernel.errors import InvalidInput
from sealservice.seals.artwork.intake import MOST_BYTES, accept_picture
from sealservice.seals.artwork.picture import MediaType, Picture
from sealservice.seals.artwork.typeset import typeset_picture
from sealservice.workers.limits import Limits


def typeset(request: dict[str, Any], files: Sequence[int], _limits: Limits) -> dict[str, Any]:
    """`files` are the picture as given, the picture as accepted, and its PDF; the latter two are written.

    The request says `width_mm`, `height_mm`, and whether it was `drawn` here. Answers with `media_type`."""
    given, accepted, page = files
    picture = _picture(_read(given), request)
    _write(accepted, picture.source)
    _write(page, typeset_picture(picture.source, picture.media_type, picture.width_mm, picture.height_mm))
    return {"media_type": picture.media_type}


def _picture(data: bytes, request: dict[str, Any]) -> Picture:
    size = {"width_mm": request["width_mm"], "height_mm": request["height_mm"]}
    if request["drawn"]:
        return Picture(source=data, media_type=MediaType.SVG, **size)
    return accept_picture(data, **size)


def _read(file: int) -> bytes:
    size, most = os.fstat(file).st_size, max(MOST_BYTES.values())
    if size > most:
        raise InvalidInput("PICTURE_TOO_LARGE", bytes=size, most=most)
    return os.pread(file, size, 0)


def _write(file: int, data: bytes) -> None:
    with os.fdopen(os.dup(file), "wb") as out:
        out.write(data)
