"""DER, written: the few types that a CMS, a timestamp and their requests are made of (X.690).

Everything here turns values into bytes and nothing reads. Parts that never change are encoded once by the caller and
glued together afterwards; that is why a CMS costs microseconds. Reading is `sealverify.ber`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache

SEQUENCE = 0x30
SET = 0x31
OCTET_STRING = 0x04
BIT_STRING = 0x03
INTEGER = 0x02
OID = 0x06
GENERALIZED_TIME = 0x18
UTF8_STRING = 0x0C

NULL = b"\x05\x00"
TRUE = b"\x01\x01\xff"


def tlv(tag: int, content: bytes) -> bytes:
    """One element: identifier octet, definite length in the shortest form, content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    return tlv(SEQUENCE, b"".join(parts))


def set_of(parts: Iterable[bytes]) -> bytes:
    """SET OF: the encodings in ascending order, as DER demands (X.690 §11.6)."""
    return tlv(SET, b"".join(sorted(parts)))


def octet_string(value: bytes) -> bytes:
    return tlv(OCTET_STRING, value)


def integer(value: int) -> bytes:
    """INTEGER of any size, in the fewest octets of two's complement."""
    bits = value.bit_length() if value >= 0 else (value + 1).bit_length()
    return tlv(INTEGER, value.to_bytes(bits // 8 + 1, "big", signed=True))


@cache
def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form; arcs may be of any size (those under 2.25 have 128 bits)."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tlv(OID, b"".join(_arc(arc) for arc in (first * 40 + second, *rest)))


def _arc(value: int) -> bytes:
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(0x80 | value & 0x7F)
    return bytes(reversed(octets))


def utf8_string(value: str) -> bytes:
    return tlv(UTF8_STRING, value.encode())


def generalized_time(at: datetime) -> bytes:
    """GeneralizedTime in UTC, to the millisecond, fraction without trailing zeros (RFC 3161 §2.4.2)."""
    utc = at.astimezone(UTC)
    fraction = f".{utc.microsecond // 1000:03d}".rstrip("0").rstrip(".")
    return tlv(GENERALIZED_TIME, f"{utc:%Y%m%d%H%M%S}{fraction}Z".encode("ascii"))


def explicit(number: int, content: bytes) -> bytes:
    """[number] EXPLICIT: `content` is a whole element."""
    return tlv(0xA0 | number, content)


def implicit(number: int, element: bytes) -> bytes:
    """[number] IMPLICIT: the identifier of `element` is replaced, its form (primitive or constructed) stays."""
    return bytes((0x80 | element[0] & 0x20 | number,)) + element[1:]
