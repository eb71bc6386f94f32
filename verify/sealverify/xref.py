"""Cross-reference sections as they lie in the file: what exactly one revision lists (ISO 32000-2 §7.5.4, §7.5.8).

A reader like qpdf merges all sections into one table, and in the merged table an attack that lists old objects anew
cannot be seen. This room reads one section at a time and mends nothing.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum

from sealverify.errors import MalformedDocument
from sealverify.syntax import Bytes, Dictionary, Item, Name, fail, read_object, read_value, skip_blank

_MAX_ENTRIES = 2_000_000
_MAX_STREAM = 64 * 1024 * 1024
_SUBSECTION = re.compile(rb"(\d{1,10}) (\d{1,10})[ \t]*(?:\r\n|\r|\n)")
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \r| \n|\r\n)")
_TAIL = re.compile(rb"startxref[\x00\t\n\x0c\r ]+(\d{1,15})[\x00\t\n\x0c\r ]+%%EOF(?:\r\n|\r|\n)?")


class Kind(StrEnum):
    FREE = "FREE"
    IN_FILE = "IN_FILE"
    COMPRESSED = "COMPRESSED"


@dataclass(frozen=True, slots=True)
class Entry:
    """`place` is the offset, or the number of the object stream; `generation` is 0 for what is compressed."""

    kind: Kind
    place: int
    generation: int


@dataclass(frozen=True, slots=True)
class Section:
    """One cross-reference section. `end` is behind its `%%EOF` and the one line end that may follow."""

    start: int
    end: int
    entries: dict[int, Entry]
    trailer: Dictionary
    stream_number: int | None
    """The object number of the section itself when it is a stream."""

    @property
    def previous(self) -> int | None:
        return self.trailer.whole("/Prev")


def tail(data: Bytes, end: int) -> int | None:
    """The offset behind `startxref` when [0, end) ends as a file does, with `%%EOF` and at most one line end."""
    window = bytes(data[max(0, end - 96) : end])
    found = [match for match in _TAIL.finditer(window) if match.end() == len(window)]
    return int(found[-1][1]) if found else None


def last_section(data: Bytes) -> int | None:
    """The offset that the file's last `startxref` names, whatever may follow it."""
    at = data.rfind(b"startxref")
    match = _TAIL.match(data, at) if at >= 0 else None
    return int(match[1]) if match else None


def read_section(data: Bytes, at: int) -> Section:
    """The section that begins exactly at `at`, up to its own `%%EOF`. Raises MalformedDocument."""
    if not 0 < at < len(data):
        raise fail(at, "xref")
    if data[at : at + 4] == b"xref":
        entries, trailer, position = _table(data, at + 4)
        return Section(at, _end(data, position, at), entries, trailer, None)
    found = read_object(data, at)
    dictionary = found.item.value
    if not isinstance(dictionary, Dictionary) or dictionary.get("/Type") != "/XRef" or found.stream is None:
        raise fail(at, "xref")
    entries = _stream_entries(dictionary, bytes(data[slice(*found.stream)]), at)
    return Section(at, _end(data, found.end, at), entries, dictionary, found.number)


def _end(data: Bytes, position: int, at: int) -> int:
    match = _TAIL.match(data, skip_blank(data, position))
    if match is None or int(match[1]) != at:
        raise fail(position, "startxref")
    return match.end()


def _table(data: Bytes, position: int) -> tuple[dict[int, Entry], Dictionary, int]:
    entries: dict[int, Entry] = {}
    position = skip_blank(data, position)
    while match := _SUBSECTION.match(data, position):
        first, count = int(match[1]), int(match[2])
        position = _subsection(data, match.end(), range(first, first + count), entries)
    position = skip_blank(data, position)
    if data[position : position + 7] != b"trailer":
        raise fail(position, "trailer")
    trailer = read_value(data, position + 7)
    if not isinstance(trailer.value, Dictionary) or trailer.value.repeated:
        raise fail(position, "trailer")
    return entries, trailer.value, trailer.end


def _subsection(data: Bytes, position: int, numbers: range, entries: dict[int, Entry]) -> int:
    for number in numbers:
        match = _ENTRY.match(data, position)
        if match is None or number in entries:
            raise fail(position, "xref entry")
        kind = Kind.IN_FILE if match[3] == b"n" else Kind.FREE
        entries[number] = Entry(kind, int(match[1]), int(match[2]))
        position = match.end()
    return position


def _stream_entries(dictionary: Dictionary, raw: bytes, at: int) -> dict[int, Entry]:
    widths = _integers(dictionary.get("/W"))
    size = dictionary.whole("/Size")
    if len(widths) != 3 or size is None or dictionary.repeated or not 0 < sum(widths) <= 24 or min(widths) < 0:
        raise fail(at, "xref stream")
    index = _integers(dictionary.get("/Index")) or [0, size]
    rows = _decoded(dictionary, raw, sum(widths), at)
    numbers = [
        number for first, count in zip(index[::2], index[1::2], strict=True) for number in _range(first, count, at)
    ]
    if len(rows) != len(numbers) * sum(widths) or len(set(numbers)) != len(numbers):
        raise fail(at, "xref stream")
    width = sum(widths)
    return {number: _row(rows[i * width : (i + 1) * width], widths, at) for i, number in enumerate(numbers)}


def _range(first: int, count: int, at: int) -> range:
    if not 0 <= count <= _MAX_ENTRIES or first < 0:
        raise fail(at, "xref stream")
    return range(first, first + count)


def _row(row: bytes, widths: list[int], at: int) -> Entry:
    one, two = widths[0], widths[0] + widths[1]
    kind = int.from_bytes(row[:one], "big") if one else 1
    place, generation = int.from_bytes(row[one:two], "big"), int.from_bytes(row[two:], "big")
    if kind == 2:
        return Entry(Kind.COMPRESSED, place, 0)
    if kind not in (0, 1):
        raise fail(at, "xref stream")
    return Entry(Kind.IN_FILE if kind else Kind.FREE, place, generation)


def _integers(value: object) -> list[int]:
    if not isinstance(value, list):
        return []
    return [item.value for item in value if isinstance(item, Item) and isinstance(item.value, int)]


def _decoded(dictionary: Dictionary, raw: bytes, width: int, at: int) -> bytes:
    """The rows. FlateDecode alone, with the PNG predictors that writers of such streams use, or nothing at all."""
    names = dictionary.get("/Filter")
    if isinstance(names, list):
        names = names[0].value if len(names) == 1 else Name("/")
    if names is None:
        return raw
    if names != "/FlateDecode":
        raise fail(at, "xref stream")
    decoder = zlib.decompressobj()
    try:
        plain = decoder.decompress(raw, _MAX_STREAM)
    except zlib.error as problem:
        raise fail(at, "xref stream") from problem
    if decoder.unconsumed_tail:
        raise MalformedDocument("PDF_TOO_LARGE")
    parameters = dictionary.get("/DecodeParms")
    if isinstance(parameters, list):
        parameters = parameters[0].value if len(parameters) == 1 else None
    predictor = parameters.whole("/Predictor") if isinstance(parameters, Dictionary) else 1
    if not isinstance(parameters, Dictionary) or predictor in (None, 1):
        return plain
    return _unpredicted(plain, parameters.whole("/Columns") or 1, width, at)


def _unpredicted(plain: bytes, columns: int, width: int, at: int) -> bytes:
    """PNG rows of one byte a sample: None, Sub and Up (ISO 32000-2 §7.4.4.4)."""
    if columns != width or len(plain) % (columns + 1):
        raise fail(at, "xref stream")
    rows, above = [], bytes(columns)
    for start in range(0, len(plain), columns + 1):
        tag, row = plain[start], bytearray(plain[start + 1 : start + 1 + columns])
        if tag == 1:
            for i in range(1, columns):
                row[i] = (row[i] + row[i - 1]) & 0xFF
        elif tag == 2:
            row = bytearray((value + up) & 0xFF for value, up in zip(row, above, strict=True))
        elif tag != 0:
            raise fail(at, "xref stream")
        above = bytes(row)
        rows.append(above)
    return b"".join(rows)
