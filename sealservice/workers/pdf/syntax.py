"""PDF syntax, as little as a writer of small objects needs (ISO 32000-2, 7.3). Knows bytes, no document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache

Entries = dict[str, bytes]
"""A dictionary to be written: names with their slash, values in PDF syntax."""

_ESCAPED = re.compile(rb"[()\\]")
_REGULAR = frozenset(range(0x21, 0x7F)) - frozenset(b"#/()<>[]{}%")


@lru_cache(4096)
def name(text: str) -> bytes:
    """`text` with its slash, as a name; what is not regular becomes #xx."""
    encoded = text.removeprefix("/").encode()
    return b"/" + b"".join(bytes([byte]) if byte in _REGULAR else b"#%02x" % byte for byte in encoded)


def text_string(text: str) -> bytes:
    """A text string: a literal where ASCII will do, as others write it, else UTF-16BE with its mark in hexadecimal,
    safe in any place and for any character (7.9.2.2)."""
    if text.isascii() and text.isprintable():
        return b"(" + _ESCAPED.sub(rb"\\\g<0>", text.encode()) + b")"
    return b"<feff" + text.encode("utf-16-be").hex().encode() + b">"


def date(at: datetime) -> bytes:
    """Of an aware time (7.9.4), in UTC."""
    offset = at.utcoffset()
    if offset is None:
        raise ValueError("a time without a zone was about to be written")
    return b"(D:" + (at - offset).strftime("%Y%m%d%H%M%S").encode() + b"+00'00')"


def number(value: float) -> bytes:
    """Up to six decimals and never an exponent, which PDF does not know."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return (text if text not in ("", "-0", "-") else "0").encode()


def numbers(values: Iterable[float]) -> bytes:
    return b" ".join(map(number, values))


def array(items: Iterable[bytes]) -> bytes:
    return b"[ " + b" ".join(items) + b" ]"


def reference(objgen: tuple[int, int]) -> bytes:
    return b"%d %d R" % objgen


def dictionary(entries: Mapping[str, bytes]) -> bytes:
    return b"<< " + b" ".join(name(key) + b" " + value for key, value in entries.items()) + b" >>"


def stream(entries: Mapping[str, bytes], data: bytes) -> bytes:
    return dictionary({**entries, "/Length": b"%d" % len(data)}) + b"\nstream\n" + data + b"\nendstream"
