"""Whether a document unpacks into more than anybody should have to swallow.

Deflate makes at most 1,032 bytes of one, so a document whose streams are small enough is let through unopened; what
could be a bomb is unpacked in small pieces that are counted and thrown away. Images are judged by the size they
declare, because that is what a viewer sets aside for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pikepdf

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers.limits import Limits
from sealservice.workers.pdf.inflating import inflated
from sealservice.workers.pdf.objects import is_true
from sealservice.workers.pdf.survey import Survey

_GROWTH = {
    "/FlateDecode": 1032,
    "/Fl": 1032,
    "/LZWDecode": 1366,
    "/LZW": 1366,
    "/RunLengthDecode": 64,
    "/RL": 64,
    "/ASCII85Decode": 4,
    "/A85": 4,
}
"""The most bytes that one byte can become; an LZW code of 12 bits stands for at most 4,096 / 2 of them on average."""

_FLATE = ("/FlateDecode", "/Fl")
_MAX_FILTERS = 4
_CHANNELS = 4


def refuse_bombs(found: Survey, limits: Limits) -> None:
    """Raises DocumentRefused("DOCUMENT_UNPACKS_TOO_FAR")."""
    suspects: list[tuple[pikepdf.Object, list[str]]] = []
    most = 0
    for stream in found.streams.values():
        filters = _filters(stream)
        if len(filters) > _MAX_FILTERS:
            raise DocumentRefused("DOCUMENT_UNPACKS_TOO_FAR")
        if stream.stream_dict.get("/Subtype") == "/Image":
            _require(_declared(stream) <= limits.decoded_bytes)
            if len(filters) < 2:
                continue
        bound = _bound(_length(stream), filters)
        most += bound
        if bound > limits.stream_bytes:
            suspects.append((stream, filters))
    if most > limits.decoded_bytes:
        suspects = [(stream, _filters(stream)) for stream in _packed(found)]
    _count(suspects, limits)


def _count(suspects: Iterable[tuple[pikepdf.Object, list[str]]], limits: Limits) -> None:
    total = 0
    for stream, filters in suspects:
        size = 0
        for piece in _unpacked(stream.read_raw_bytes(), filters):
            size += piece
            _require(size <= limits.stream_bytes and total + size <= limits.decoded_bytes)
        total += size


def _unpacked(data: bytes, filters: list[str]) -> Iterator[int]:
    """The sizes of the pieces that come out; after the last Deflate the rest of the filters count at their worst."""
    leading = 0
    while leading < len(filters) and filters[leading] in _FLATE:
        leading += 1
    factor = _bound(1, filters[leading:])
    pieces: Iterable[bytes] = (data,)
    for _ in range(leading):
        pieces = inflated(pieces)
    for piece in pieces:
        yield len(piece) * factor


def _packed(found: Survey) -> Iterator[pikepdf.Object]:
    for stream in found.streams.values():
        if stream.stream_dict.get("/Subtype") != "/Image" and _filters(stream):
            yield stream


def _filters(stream: pikepdf.Object) -> list[str]:
    value = stream.stream_dict.get("/Filter")
    items = value.as_list() if isinstance(value, pikepdf.Array) else [value]
    return [str(item) for item in items if isinstance(item, pikepdf.Name)]


def _length(stream: pikepdf.Object) -> int:
    value = stream.stream_dict.get("/Length", 0)
    return value if isinstance(value, int) else 0


def _bound(length: int, filters: list[str]) -> int:
    for name in filters:
        length *= _GROWTH.get(name, 1)
    return length


def _declared(image: pikepdf.Object) -> int:
    """Bytes that a viewer needs for the image."""
    dictionary = image.stream_dict
    width, height, bits = (int(dictionary.get(key, 8)) for key in ("/Width", "/Height", "/BitsPerComponent"))
    if min(width, height, bits) < 0:
        raise DocumentRefused("DOCUMENT_DAMAGED", reason="an image of negative size")
    channels = 1 if is_true(dictionary, "/ImageMask") or bits == 1 else _CHANNELS
    return width * height * bits * channels // 8


def _require(within: bool) -> None:
    if not within:
        raise DocumentRefused("DOCUMENT_UNPACKS_TOO_FAR")
