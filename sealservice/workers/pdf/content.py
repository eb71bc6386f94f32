"""Draws the seal: as page content by the fragment of docs/formats/impression.md, and as a widget's appearance.

Page content is added to unsigned documents only. What the page drew before is wrapped in q … Q, whatever it left open
is closed, and the page gets resources of its own that hold one name more; objects shared by pages are never changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pikepdf

from sealservice.workers.pdf import syntax
from sealservice.workers.pdf.geometry import Box, Matrix, Rect, Sheet
from sealservice.workers.pdf.objects import own_entries
from sealservice.workers.pdf.opening import ObjGen
from sealservice.workers.pdf.pages import PageView
from sealservice.workers.pdf.revision import Revision
from sealservice.workers.pdf.spots import Spot

_SAVE_OR_RESTORE = re.compile(rb"(?<![^\s])[qQ](?![^\s])")


class PageDrawer:
    """Adds spots to pages. `picture` is the form XObject, `bounds` its bounding box."""

    def __init__(self, revision: Revision, picture: ObjGen, bounds: Rect) -> None:
        self._revision, self._picture, self._bounds = revision, picture, bounds
        self._openers: dict[int, ObjGen] = {}

    def draw(self, page: PageView, spots: Sequence[Spot], entries: syntax.Entries) -> None:
        """Changes `entries`, the page's dictionary, so that it shows `spots` above what it shows already."""
        name = self._with_resource(page, entries)
        old = _content_streams(page.object)
        opened, closed = _imbalance(page.object, old)
        drawing = b"Q\n" * (opened + 1) + b"".join(fragment(spot, name, self._bounds) for spot in spots)
        ending = self._revision.add(syntax.stream({}, drawing))
        references = [stream.unparse() for stream in old if stream.is_indirect]
        opener = syntax.reference(self._opener(closed + 1))
        entries["/Contents"] = syntax.array([opener, *references, syntax.reference(ending)])

    def _opener(self, saves: int) -> ObjGen:
        if saves not in self._openers:
            self._openers[saves] = self._revision.add(syntax.stream({}, b"q\n" * saves))
        return self._openers[saves]

    def _with_resource(self, page: PageView, entries: syntax.Entries) -> str:
        resources = page.attributes.get("/Resources")
        known = own_entries(resources)
        images = own_entries(resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None)
        name = next(name for number in range(1, len(images) + 2) if (name := f"/SEAL{number}") not in images)
        images[name] = syntax.reference(self._picture)
        known["/XObject"] = syntax.dictionary(images)
        entries["/Resources"] = syntax.dictionary(known)
        return name


def fragment(spot: Spot, name: str, bounds: Rect) -> bytes:
    """One spot as page content; leaves the graphics state as it found it."""
    left, bottom, right, top = spot.rect
    clip = syntax.numbers((left, bottom, right - left, top - bottom))
    matrix = syntax.numbers(spot.sheet.matrix(spot.whole, bounds))
    return (
        b"/Artifact << /Type /Pagination /Subtype /Watermark >> BDC\n"
        b"q " + clip + b" re W n " + matrix + b" cm " + syntax.name(name) + b" Do Q\n"
        b"EMC\n"
    )


def appearance(spot: Spot, frame: Rect, picture: ObjGen, bounds: Rect) -> bytes:
    """The normal appearance of a widget whose /Rect is `frame`: the spot, upright for the reader, at its true size.

    Drawn upright from (0, 0) and turned by /Matrix, so that the viewer only has to shift it (12.5.5)."""
    box = spot.sheet.box(frame)
    upright = Sheet((0.0, 0.0, box.width * spot.sheet.scale, box.height * spot.sheet.scale), 0, spot.sheet.unit)
    inside = Box(spot.whole.left - box.left, spot.whole.top - box.top, spot.whole.width, spot.whole.height)
    matrix: Matrix = upright.matrix(inside, bounds)
    entries = {
        "/Type": b"/XObject",
        "/Subtype": b"/Form",
        "/BBox": syntax.array([syntax.numbers(upright.visible)]),
        "/Matrix": syntax.array([syntax.numbers(spot.sheet.turn())]),
        "/Resources": b"<< /XObject << /SEAL1 " + syntax.reference(picture) + b" >> >>",
    }
    return syntax.stream(entries, b"q " + syntax.numbers(matrix) + b" cm /SEAL1 Do Q")


def inked(picture: ObjGen, bounds: Rect) -> bytes:
    """The picture as ink lies on paper: what is dark beneath it stays to be read through it (11.3.5, Multiply)."""
    resources = b"<< /XObject << /SEAL1 %s >> /ExtGState << /Ink << /Type /ExtGState /BM /Multiply >> >> >>"
    entries = {
        "/Type": b"/XObject",
        "/Subtype": b"/Form",
        "/BBox": syntax.array([syntax.numbers(bounds)]),
        "/Resources": resources % syntax.reference(picture),
    }
    return syntax.stream(entries, b"/Ink gs /SEAL1 Do")


def blank_appearance(sheet: Sheet, frame: Rect) -> bytes:
    """What an empty field shows: nothing, which PDF/A still wants said."""
    box = sheet.box(frame)
    size = syntax.numbers((0, 0, box.width * sheet.scale, box.height * sheet.scale))
    return syntax.stream({"/Type": b"/XObject", "/Subtype": b"/Form", "/BBox": syntax.array([size])}, b"")


def _content_streams(page: pikepdf.Object) -> list[pikepdf.Object]:
    contents = page.get("/Contents")
    items: Iterable[object] = contents.as_list() if isinstance(contents, pikepdf.Array) else [contents]
    return [item for item in items if isinstance(item, pikepdf.Stream)]


def _imbalance(page: pikepdf.Object, streams: Sequence[pikepdf.Object]) -> tuple[int, int]:
    """How many q are left open, and how many Q come before their q.

    A look at the bytes settles it for nearly every page; only where they do not tally is the content parsed."""
    opened, closed = _tally(_SAVE_OR_RESTORE.findall(b"\n".join(stream.read_bytes() for stream in streams)))
    if (opened, closed) == (0, 0):
        return 0, 0
    operators = pikepdf.parse_content_stream(page, operators="q Q")
    return _tally([str(instruction.operator).encode() for instruction in operators])


def _tally(operators: Iterable[bytes]) -> tuple[int, int]:
    depth = lowest = 0
    for operator in operators:
        depth += 1 if operator == b"q" else -1
        lowest = min(lowest, depth)
    return depth - lowest, -lowest
