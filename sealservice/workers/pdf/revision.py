"""One revision added to a PDF (ISO 32000-2, 7.5.6): changed and new objects, their table, a trailer that points back.

The table is a stream where the document's last one is a stream, else a classic table. Everything is laid out before
anything is written, so that the /ByteRange is known; the document's own bytes are copied in pieces and hashed on the
way. Knows no seal; the one thing it knows of signatures is the hole for /Contents.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from sealservice.workers.pdf import syntax
from sealservice.workers.pdf.objects import own_entries
from sealservice.workers.pdf.opening import Document, ObjGen

_CHUNK = 1 << 20
_BYTE_RANGE = b"[ " + b" ".join([b"%-10d"] * 4) + b" ]"
_NOT_COPIED = frozenset({"/Size", "/Prev", "/XRefStm", "/Encrypt", "/ID"}) | {
    *("/Type", "/W", "/Index", "/Length", "/Filter", "/DecodeParms", "/DL")
}
"""Of an older trailer: what is said anew, and what only concerned its own stream."""


class Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


@dataclass(frozen=True)
class SignatureHole:
    """The signature dictionary: its entries but /Contents and /ByteRange, and the room for the CMS in bytes."""

    objgen: ObjGen
    entries: syntax.Entries
    room: int


@dataclass(frozen=True)
class Written:
    """Where the hole is, and the digests over what was written."""

    digest: bytes
    byte_range: tuple[int, int, int, int]
    contents_at: int
    contents_length: int
    prefix_length: int
    prefix_digest: bytes


class Revision:
    """Collects objects for `document`; `write` puts them behind its bytes."""

    def __init__(self, document: Document) -> None:
        self._document = document
        highest = max((number for number, _ in document.pdf.get_xref_table()), default=0)
        self._next = max(highest + 1, int(document.pdf.trailer.get("/Size", 0)))
        self._objects: dict[ObjGen, bytes] = {}

    def new(self) -> ObjGen:
        """A number that no object has."""
        self._next += 1
        return self._next - 1, 0

    def put(self, objgen: ObjGen, body: bytes) -> ObjGen:
        """Sets an object, new or changed, to `body`."""
        self._objects[objgen] = body
        return objgen

    def add(self, body: bytes) -> ObjGen:
        return self.put(self.new(), body)

    def write(self, source: int, output: int, hole: SignatureHole, seed: bytes) -> Written:
        """Copies `source` to `output` (nothing, when they are one file) and adds the revision, the signature last.

        `seed` makes the new half of the file identifier unlike that of any other revision."""
        hasher = hashlib.sha256()
        length = _copy(source, output, hasher)
        prefix_digest = hasher.digest()
        identifier = hashlib.sha256(prefix_digest + seed).digest()[:16]
        revision, contents_at = self._lay_out(length, hole, identifier)
        after = contents_at + 2 * hole.room + 2
        ranges = (0, contents_at, after, length + len(revision) - after)
        _fill_byte_range(revision, contents_at - length, ranges)
        hasher.update(revision[: contents_at - length])
        hasher.update(revision[after - length :])
        os.lseek(output, length, os.SEEK_SET)
        _write_all(output, revision)
        return Written(hasher.digest(), ranges, contents_at, 2 * hole.room, length, prefix_digest)

    def _lay_out(self, start: int, hole: SignatureHole, identifier: bytes) -> tuple[bytearray, int]:
        data = bytearray(b"\n")
        offsets: dict[ObjGen, int] = {}
        for objgen, body in self._objects.items():
            offsets[objgen] = start + len(data)
            data += b"%d %d obj\n" % objgen + body + b"\nendobj\n"
        offsets[hole.objgen] = start + len(data)
        entries = syntax.dictionary(hole.entries).removesuffix(b" >>")
        placeholder = _BYTE_RANGE % (0, 0, 0, 0)
        data += b"%d %d obj\n" % hole.objgen + entries + b" /ByteRange " + placeholder + b" /Contents "
        contents_at = start + len(data)
        data += b"<" + b"0" * (2 * hole.room) + b"> >>\nendobj\n"
        self._finish(data, start, offsets, identifier)
        return data, contents_at

    def _finish(self, data: bytearray, start: int, offsets: dict[ObjGen, int], identifier: bytes) -> None:
        at = start + len(data)
        if self._document.has_table_stream:
            own = self.new()
            data += (
                b"%d %d obj\n" % own + _table_stream({**offsets, own: at}, self._trailer(identifier)) + b"\nendobj\n"
            )
        else:
            data += _table(offsets) + b"trailer\n" + syntax.dictionary(self._trailer(identifier)) + b"\n"
        data += b"startxref\n%d\n%%%%EOF\n" % at

    def _trailer(self, identifier: bytes) -> syntax.Entries:
        old = self._document.pdf.trailer
        entries = {key: value for key, value in own_entries(old).items() if key not in _NOT_COPIED}
        fresh = b"<" + identifier.hex().encode() + b">"
        first = _first_identifier(self._document) or fresh
        return {
            **entries,
            "/Size": b"%d" % self._next,
            "/Prev": b"%d" % self._document.start,
            "/ID": syntax.array([first, fresh]),
        }


def _first_identifier(document: Document) -> bytes | None:
    identifiers = document.pdf.trailer.get("/ID")
    try:
        return b"<" + bytes(identifiers[0]).hex().encode() + b">" if identifiers is not None else None
    except (TypeError, IndexError, ValueError):
        return None


def _table(offsets: dict[ObjGen, int]) -> bytes:
    data = bytearray(b"xref\n")
    for run in _runs(offsets):
        data += b"%d %d\n" % (run[0][0], len(run))
        data += b"".join(b"%010d %05d n \n" % (offsets[objgen], objgen[1]) for objgen in run)
    return bytes(data)


def _table_stream(offsets: dict[ObjGen, int], trailer: syntax.Entries) -> bytes:
    runs = _runs(offsets)
    rows = b"".join(
        b"\1" + offsets[objgen].to_bytes(5, "big") + objgen[1].to_bytes(2, "big") for run in runs for objgen in run
    )
    index = b" ".join(b"%d %d" % (run[0][0], len(run)) for run in runs)
    entries = {"/Type": b"/XRef", "/W": b"[ 1 5 2 ]", "/Index": syntax.array([index]), "/Filter": b"/FlateDecode"}
    return syntax.stream({**entries, **trailer}, zlib.compress(rows))


def _runs(offsets: dict[ObjGen, int]) -> list[list[ObjGen]]:
    """The objects in order, cut where the numbers are not consecutive."""
    ordered = enumerate(sorted(offsets))
    return [[objgen for _, objgen in run] for _, run in groupby(ordered, lambda pair: pair[1][0] - pair[0])]


def _fill_byte_range(revision: bytearray, contents_at: int, ranges: tuple[int, int, int, int]) -> None:
    text = _BYTE_RANGE % ranges
    at = revision.rindex(b"/ByteRange ", 0, contents_at) + len(b"/ByteRange ")
    revision[at : at + len(text)] = text


def _copy(source: int, output: int, hasher: Hash) -> int:
    at = 0
    while chunk := os.pread(source, _CHUNK, at):
        hasher.update(chunk)
        if source != output:
            _write_all(output, chunk)
        at += len(chunk)
    return at


def _write_all(output: int, data: bytes | bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(output, view) :]
