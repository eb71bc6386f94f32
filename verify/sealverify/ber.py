"""BER and DER, read: one element at a time, from bytes that anybody may have written (X.690).

Nothing is interpreted and nothing is copied until somebody asks; signatures and digests are taken over the bytes as
received, so every element remembers its own. Bounded in depth and in count; the only error is `MalformedDer`.
BER is readable (old programs write it into PDFs); `is_der` says whether it was DER.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sealverify import der
from sealverify.errors import MalformedDer

_DEPTH = 40
_CONSTRUCTED = 0x20
_TIME = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z\Z")


@dataclass(frozen=True, slots=True)
class Element:
    """One TLV inside `data`: its identifier octet at `start`, its content from `body` to `stop`, its end at `end`
    (two octets after `stop` when the length was indefinite)."""

    data: bytes
    tag: int
    start: int
    body: int
    stop: int
    end: int

    @property
    def content(self) -> bytes:
        return self.data[self.body : self.stop]

    @property
    def encoded(self) -> bytes:
        """The element as received, identifier and length included."""
        return self.data[self.start : self.end]

    @property
    def definite(self) -> bool:
        return self.stop == self.end

    def children(self) -> list[Element]:
        """The elements inside. Raises MalformedDer when the element is primitive or its content does not add up."""
        if not self.tag & _CONSTRUCTED:
            raise MalformedDer("DER_NOT_CONSTRUCTED", offset=self.start)
        return list(_elements(self.data, self.body, self.stop, _DEPTH))

    def expect(self, tag: int) -> Element:
        if self.tag != tag:
            raise MalformedDer("DER_UNEXPECTED", offset=self.start, expected=f"{tag:#04x}", found=f"{self.tag:#04x}")
        return self

    def integer(self) -> int:
        content = self.expect(der.INTEGER).content
        if not content:
            raise MalformedDer("DER_EMPTY", offset=self.start)
        return int.from_bytes(content, "big", signed=True)

    def oid(self) -> str:
        return _dotted(self.expect(der.OID))

    def octets(self) -> bytes:
        """The value of an OCTET STRING, put together when BER cut it into pieces."""
        if self.tag == der.OCTET_STRING | _CONSTRUCTED:
            return b"".join(piece.octets() for piece in self.children())
        return self.expect(der.OCTET_STRING).content

    def time(self) -> datetime:
        """A GeneralizedTime in UTC, as RFC 3161 §2.4.2 writes it."""
        return _time(self.expect(der.GENERALIZED_TIME))


def read(data: bytes, *, at: int = 0) -> Element:
    """The element that begins at `at`; what follows it is not looked at."""
    return _element(data, at, len(data), _DEPTH)


def read_whole(data: bytes) -> Element:
    """The one element that `data` is. Raises MalformedDer when something follows it."""
    element = read(data)
    if element.end != len(data):
        raise MalformedDer("DER_TRAILING", offset=element.end)
    return element


def _elements(data: bytes, at: int, stop: int, depth: int) -> Iterator[Element]:
    while at < stop:
        element = _element(data, at, stop, depth - 1)
        yield element
        at = element.end


def _element(data: bytes, at: int, limit: int, depth: int) -> Element:
    if depth <= 0:
        raise MalformedDer("DER_TOO_DEEP", offset=at)
    if at + 2 > limit:
        raise MalformedDer("DER_SHORT", offset=at)
    tag, first = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise MalformedDer("DER_TAG", offset=at)
    if first == 0x80:
        return _indefinite(data, at, limit, depth)
    body = at + 2
    size = first
    if first > 0x80:
        octets = first & 0x7F
        body += octets
        size = int.from_bytes(data[at + 2 : body], "big")
    if _overruns(body, size, limit, first):
        raise MalformedDer("DER_SHORT", offset=at)
    return Element(data, tag, at, body, body + size, body + size)


def _overruns(body: int, size: int, limit: int, first: int) -> bool:
    """Whether a length is longer than eight octets or reaches beyond what there is."""
    return first > 0x88 or body > limit or body + size > limit


def _indefinite(data: bytes, at: int, limit: int, depth: int) -> Element:
    """An element of indefinite length: ends at the first end-of-contents octets among its children."""
    if not data[at] & _CONSTRUCTED:
        raise MalformedDer("DER_LENGTH", offset=at)
    position = at + 2
    while data[position : position + 2] != b"\x00\x00":
        position = _element(data, position, limit, depth - 1).end
    if position + 2 > limit:
        raise MalformedDer("DER_SHORT", offset=at)
    return Element(data, data[at], at, at + 2, position, position + 2)


def _dotted(element: Element) -> str:
    content = element.content
    if not content or content[-1] & 0x80 or len(content) > 128:
        raise MalformedDer("DER_OID", offset=element.start)
    arcs, value = [], 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - first * 40, *arcs[1:])))


def _time(element: Element) -> datetime:
    match = _TIME.match(element.content)
    if match is None:
        raise MalformedDer("DER_TIME", offset=element.start)
    *parts, fraction = match.groups()
    try:
        at = datetime(*(int(part) for part in parts), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError as problem:
        raise MalformedDer("DER_TIME", offset=element.start) from problem
    return at + timedelta(microseconds=int((fraction or b"0").ljust(6, b"0")[:6]))


def is_der(data: bytes) -> bool:
    """Whether `data` is one element in the distinguished encoding: definite lengths in their shortest form, strings in
    one piece. (The order inside a SET OF is the business of whoever knows that it is one.)"""
    try:
        return _distinguished(read_whole(data))
    except MalformedDer:
        return False


def _distinguished(element: Element) -> bool:
    size = element.stop - element.body
    if not element.definite or element.body - element.start != _header(size):
        return False
    if element.tag & 0xE0 == _CONSTRUCTED and element.tag not in (der.SEQUENCE, der.SET):
        return False
    return not element.tag & _CONSTRUCTED or all(_distinguished(child) for child in element.children())


def _header(size: int) -> int:
    return 2 if size < 0x80 else 2 + (size.bit_length() + 7) // 8
