"""The seal's picture: a one-page PDF turned into one form XObject, kept ready to be written into any document.

The picture is ours, made and accepted earlier; it is still read inside the worker, and its objects are copied by
value. All places in a document share this one object.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import zlib
from collections import OrderedDict
from dataclasses import dataclass

import pikepdf

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers.pdf import syntax
from sealservice.workers.pdf.geometry import Rect
from sealservice.workers.pdf.objects import own_entries, written
from sealservice.workers.pdf.opening import ObjGen
from sealservice.workers.pdf.pages import read_rectangle

_KEPT = 64
_MAX_BYTES = 16 << 20
_MAX_OBJECTS = 2_000
_REFERENCE = re.compile(rb"\b(\d+) (\d+) R\b")
_LENGTH = re.compile(rb"/Length \d+( \d+ R)?(?= )")
_TRANSPARENT = re.compile(rb"/SMask (?!/None)|/(ca|CA) (?!1[ .]*0* )|/BM (?!/Normal)|/S /Transparency")
"""What PDF/A-1 does not have (ISO 19005-1, 6.4)."""

_Piece = bytes | int
"""Syntax, or the place in the picture's list of an object whose number is given when it is written."""

_cache: OrderedDict[bytes, Picture] = OrderedDict()


@dataclass(frozen=True)
class Picture:
    """Ready-made objects, first the form XObject. `bounds` is its bounding box, `digest` that of the picture's PDF."""

    digest: bytes
    bounds: Rect
    transparent: bool
    objects: tuple[tuple[_Piece, ...], ...]

    def written(self, numbers: list[int]) -> list[bytes]:
        """The objects' syntax under these object numbers, one for each."""
        return [
            b"".join(b"%d 0 R" % numbers[piece] if isinstance(piece, int) else piece for piece in pieces)
            for pieces in self.objects
        ]


def load_picture(file: int) -> Picture:
    """From an open PDF of one page; the last few are remembered by digest. Raises DocumentRefused("PICTURE_WRONG")."""
    size = os.fstat(file).st_size
    if size > _MAX_BYTES:
        raise DocumentRefused("PICTURE_WRONG", reason="the picture is too large")
    data = os.pread(file, size, 0)
    digest = hashlib.sha256(data).digest()
    if digest not in _cache:
        _cache[digest] = _read(data, digest)
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    _cache.move_to_end(digest)
    return _cache[digest]


def _read(data: bytes, digest: bytes) -> Picture:
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            page = pdf.pages[0].obj
            bounds = read_rectangle(page.get("/CropBox")) or read_rectangle(page.get("/MediaBox"))
            if len(pdf.pages) != 1 or bounds is None or page.get("/Rotate", 0) != 0:
                raise DocumentRefused("PICTURE_WRONG", reason="it is not one upright page")
            copier = _Copier(pdf)
            copier.copy(_form(page, bounds))
            return Picture(digest, bounds, copier.transparent, tuple(copier.objects))
    except (pikepdf.PdfError, IndexError) as problem:
        raise DocumentRefused("PICTURE_WRONG", reason=problem) from problem


def _form(page: pikepdf.Object, bounds: Rect) -> tuple[bytes, bytes]:
    """The dictionary, still open, and the content of the form XObject that draws what the page draws."""
    contents = page.get("/Contents")
    streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    content = zlib.compress(b"\n".join(stream.read_bytes() for stream in streams if stream is not None), 9)
    entries = {
        "/Type": b"/XObject",
        "/Subtype": b"/Form",
        "/BBox": syntax.array([syntax.numbers(bounds)]),
        "/Resources": written(page, "/Resources") if "/Resources" in page else b"<< >>",
        "/Filter": b"/FlateDecode",
    }
    if "/Group" in page:
        entries["/Group"] = written(page, "/Group")
    return syntax.dictionary(entries), content


class _Copier:
    """Copies objects out of a document, turning every reference into a place in `objects`."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self.objects: list[tuple[_Piece, ...]] = []
        self.transparent = False
        self._pdf = pdf
        self._places: dict[ObjGen, int] = {}
        self._waiting: list[ObjGen] = []

    def copy(self, form: tuple[bytes, bytes]) -> None:
        """The form, then what it refers to, and what that refers to."""
        self._add(*form)
        while self._waiting:
            if len(self.objects) > _MAX_OBJECTS:
                raise DocumentRefused("PICTURE_WRONG", reason="it has too many objects")
            value = self._pdf.get_object(self._waiting.pop(0))
            if isinstance(value, pikepdf.Stream):
                entries = own_entries(value.stream_dict)
                self._add(syntax.dictionary(entries), value.read_raw_bytes())
            else:
                known = isinstance(value, pikepdf.Object)
                self._add(value.unparse(resolved=True) if known else repr(value).encode(), None)

    def _add(self, dictionary: bytes, data: bytes | None) -> None:
        self.transparent = self.transparent or bool(_TRANSPARENT.search(dictionary))
        if data is None:
            self.objects.append(self._pieces(dictionary))
            return
        entries = _LENGTH.sub(b"", dictionary.removesuffix(b" >>")) + b" /Length %d >>" % len(data)
        self.objects.append((*self._pieces(entries), b"\nstream\n" + data + b"\nendstream"))

    def _pieces(self, text: bytes) -> tuple[_Piece, ...]:
        pieces: list[_Piece] = []
        done = 0
        for match in _REFERENCE.finditer(text):
            pieces += [text[done : match.start()], self._place((int(match[1]), int(match[2])))]
            done = match.end()
        return (*pieces, text[done:])

    def _place(self, objgen: ObjGen) -> int:
        if objgen not in self._places:
            self._places[objgen] = len(self._places) + 1
            self._waiting.append(objgen)
        return self._places[objgen]
