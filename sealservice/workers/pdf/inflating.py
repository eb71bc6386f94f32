"""Unpacks Deflate in small pieces, so that what is counted is never held. Knows bytes, no PDF objects."""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterable, Iterator

from sealservice.workers.limits import Limits

_PIECE = 1 << 16
_STREAMS = 1_000


def inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What `pieces` unpack to, a little at a time; damaged data end there, as for every reader."""
    unpacker = zlib.decompressobj()
    for piece in pieces:
        rest = piece
        while rest and not unpacker.eof:
            try:
                out = unpacker.decompress(rest, _PIECE)
            except zlib.error:
                return
            rest = unpacker.unconsumed_tail
            yield out


def has_bomb(file: int, limits: Limits) -> bool:
    """Whether a file that could not be opened has a stream that unpacks too far: a table of objects may be the bomb."""
    total = 0
    with mmap.mmap(file, 0, access=mmap.ACCESS_READ) as data:
        at = -1
        for _ in range(_STREAMS):
            at = data.find(b"stream", at + 1)
            if at < 0:
                break
            size = 0
            for piece in inflated(_from(data, at + len(b"stream"))):
                size += len(piece)
                if size > limits.stream_bytes or total + size > limits.decoded_bytes:
                    return True
            total += size
    return False


def _from(data: mmap.mmap, at: int) -> Iterator[bytes]:
    """The bytes from `at` on, behind the end of the line."""
    at += 2 if data[at : at + 2] == b"\r\n" else 1
    while at < len(data):
        yield data[at : at + _PIECE]
        at += _PIECE
