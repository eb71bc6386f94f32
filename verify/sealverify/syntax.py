"""PDF syntax as it lies in the file: one object at a byte position, and where each of its values begins and ends.

qpdf reads documents for us; it does not say at which bytes a value stands, and for a signature that is the question.
This reader follows ISO 32000-2 §7.2 and §7.3 to the letter, mends nothing, and raises MalformedDocument instead.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from sealverify.errors import MalformedDocument

Bytes = bytes | mmap.mmap

_DEPTH = 40
_BLANK = re.compile(rb"(?:[\x00\t\n\x0c\r ]+|%[^\r\n]*(?:\r\n|\r|\n))*")
_NAME = re.compile(rb"/[^\x00\t\n\x0c\r ()<>\[\]{}/%]*")
_NUMBER = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?=[\x00\t\n\x0c\r ()<>\[\]{}/%]|\Z)")
_REFERENCE = re.compile(
    rb"(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+R(?=[\x00\t\n\x0c\r ()<>\[\]{}/%]|\Z)"
)
_HEX = re.compile(rb"<([0-9A-Fa-f\x00\t\n\x0c\r ]*)>")
_WORD = re.compile(rb"(true|false|null)(?=[\x00\t\n\x0c\r ()<>\[\]{}/%]|\Z)")
_HEADER = re.compile(rb"(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+obj(?=[\x00\t\n\x0c\r ()<>\[\]{}/%])")
_IN_STRING = re.compile(rb"[()\\]")
_ESCAPED_NAME = re.compile(rb"#([0-9A-Fa-f]{2})")


class Reference(NamedTuple):
    number: int
    generation: int


class Name(str):
    """A name with its slash, `#xx` resolved."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class HexString:
    """`<…>`: the digits as they stand, white space taken out."""

    digits: bytes


@dataclass(frozen=True, slots=True)
class LiteralString:
    """`(…)`: the bytes between the parentheses, escapes untouched."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Item:
    """A value and the bytes [start, end) that it was read from."""

    value: Value
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Dictionary:
    entries: dict[str, Item] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    """Keys that stand more than once: readers differ in which one they take."""

    def get(self, key: str) -> Value:
        item = self.entries.get(key)
        return item.value if item else None

    def whole(self, key: str) -> int | None:
        value = self.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


Value = Dictionary | list[Item] | Name | Reference | HexString | LiteralString | int | float | bool | None


@dataclass(frozen=True, slots=True)
class IndirectObject:
    number: int
    generation: int
    item: Item
    stream: tuple[int, int] | None
    """Where the bytes of its stream lie, when it has one of known length."""
    end: int
    """After `endobj`."""


def fail(at: int, what: str) -> MalformedDocument:
    return MalformedDocument("PDF_SYNTAX", offset=at, what=what)


def skip_blank(data: Bytes, at: int) -> int:
    """Past white space and comments."""
    match = _BLANK.match(data, at)
    return match.end() if match else at


def read_value(data: Bytes, at: int, depth: int = _DEPTH) -> Item:
    """The value that begins at or after `at`, white space and comments skipped."""
    at = skip_blank(data, at)
    if depth <= 0:
        raise fail(at, "nesting")
    if data[at : at + 2] == b"<<":
        return _dictionary(data, at, depth)
    first = data[at : at + 1]
    if first == b"[":
        return _array(data, at, depth)
    if first == b"(":
        return _literal(data, at)
    return _plain(data, at)


def _plain(data: Bytes, at: int) -> Item:
    if match := _NAME.match(data, at):
        text = _ESCAPED_NAME.sub(lambda found: bytes.fromhex(found[1].decode()), match[0])
        return Item(Name(text.decode("latin-1")), at, match.end())
    if match := _REFERENCE.match(data, at):
        return Item(Reference(int(match[1]), int(match[2])), at, match.end())
    if match := _NUMBER.match(data, at):
        text = match[0]
        return Item(float(text) if b"." in text else int(text[:30]), at, match.end())
    if match := _HEX.match(data, at):
        return Item(HexString(re.sub(rb"\s|\x00", b"", match[1])), at, match.end())
    if match := _WORD.match(data, at):
        return Item({b"true": True, b"false": False, b"null": None}[match[1]], at, match.end())
    raise fail(at, "value")


def _literal(data: Bytes, at: int) -> Item:
    depth, position = 1, at + 1
    while depth:
        match = _IN_STRING.search(data, position)
        if match is None:
            raise fail(at, "string")
        position = match.end()
        if match[0] == b"\\":
            position += 1
        else:
            depth += 1 if match[0] == b"(" else -1
    return Item(LiteralString(data[at + 1 : position - 1]), at, position)


def _array(data: Bytes, at: int, depth: int) -> Item:
    items: list[Item] = []
    position = skip_blank(data, at + 1)
    while data[position : position + 1] != b"]":
        items.append(read_value(data, position, depth - 1))
        position = skip_blank(data, items[-1].end)
    return Item(items, at, position + 1)


def _dictionary(data: Bytes, at: int, depth: int) -> Item:
    found = Dictionary()
    position = skip_blank(data, at + 2)
    while data[position : position + 2] != b">>":
        key = read_value(data, position, 1)
        if not isinstance(key.value, Name):
            raise fail(position, "key")
        if key.value in found.entries:
            found.repeated.add(key.value)
        found.entries[key.value] = read_value(data, key.end, depth - 1)
        position = skip_blank(data, found.entries[key.value].end)
    return Item(found, at, position + 2)


def read_object(data: Bytes, at: int) -> IndirectObject:
    """The indirect object whose `n g obj` begins exactly at `at`."""
    header = _HEADER.match(data, at)
    if header is None:
        raise fail(at, "obj")
    item = read_value(data, header.end())
    position, stream = skip_blank(data, item.end), None
    if data[position : position + 6] == b"stream":
        stream = _stream(data, position + 6, item)
        position = skip_blank(data, stream[1])
        position = skip_blank(data, _keyword(data, position, b"endstream"))
    end = _keyword(data, position, b"endobj")
    return IndirectObject(int(header[1]), int(header[2]), item, stream, end)


def _keyword(data: Bytes, at: int, word: bytes) -> int:
    if data[at : at + len(word)] != word:
        raise fail(at, word.decode())
    return at + len(word)


def _stream(data: Bytes, at: int, item: Item) -> tuple[int, int]:
    """Bounds of the stream bytes. A length that is not said in the dictionary itself is measured to `endstream`."""
    start = at + (2 if data[at : at + 2] == b"\r\n" else 1)
    length = item.value.whole("/Length") if isinstance(item.value, Dictionary) else None
    if length is not None and 0 <= length <= len(data) - start:
        return start, start + length
    end = data.find(b"endstream", start)
    if end < 0:
        raise fail(at, "endstream")
    return start, end
