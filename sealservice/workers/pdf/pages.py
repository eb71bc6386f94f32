"""The page tree (ISO 32000-2, 7.7.3), walked by ourselves: bounded, without loops, and without changing a thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pikepdf

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers.limits import Limits
from sealservice.workers.pdf.geometry import Rect, Sheet
from sealservice.workers.pdf.opening import Document, ObjGen

_INHERITED = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")
_LETTER: Rect = (0, 0, 612, 792)
_MAX_DEPTH = 50
_LONGEST_SIDE_MM = 20_000


@dataclass(frozen=True)
class PageView:
    """One page: its object, and what it has from itself or from the nodes above it."""

    index: int
    objgen: ObjGen
    object: pikepdf.Object
    attributes: dict[str, pikepdf.Object]

    @property
    def number(self) -> int:
        """As people count."""
        return self.index + 1

    def sheet(self) -> Sheet:
        """Raises DocumentRefused("PAGE_HAS_NO_SIZE") when its boxes make no sense."""
        media = read_rectangle(self.attributes.get("/MediaBox")) or _LETTER
        visible = _overlap(media, read_rectangle(self.attributes.get("/CropBox")) or media) or media
        turn = self.attributes.get("/Rotate", 0)
        rotate = turn % 360 if isinstance(turn, int) and turn % 90 == 0 else 0
        unit = _number(self.object.get("/UserUnit", 1))
        sheet = Sheet(visible, rotate, unit if unit and unit > 0 else 1.0)
        if not all(1 <= side <= _LONGEST_SIDE_MM for side in (sheet.width_mm, sheet.height_mm)):
            raise DocumentRefused("PAGE_HAS_NO_SIZE", page=self.number)
        return sheet


def read_pages(document: Document, limits: Limits) -> list[PageView]:
    """Every page in order. Raises DocumentRefused: a tree that loops or is broken, none or too many pages."""
    pages = []
    for index, (node, attributes) in enumerate(_leaves(document.root.get("/Pages"))):
        if index >= limits.pages:
            raise DocumentRefused("DOCUMENT_TOO_MANY_PAGES", limit=limits.pages)
        pages.append(PageView(index, node.objgen, node, attributes))
    if not pages:
        raise DocumentRefused("DOCUMENT_WITHOUT_PAGES")
    return pages


def _leaves(root: pikepdf.Object | None) -> Iterator[tuple[pikepdf.Object, dict[str, pikepdf.Object]]]:
    seen: set[ObjGen] = set()
    stack: list[tuple[object, dict[str, pikepdf.Object], int]] = [(root, {}, 0)]
    while stack:
        node, inherited, depth = stack.pop()
        if (
            not isinstance(node, pikepdf.Dictionary)
            or not node.is_indirect
            or node.objgen in seen
            or depth > _MAX_DEPTH
        ):
            raise DocumentRefused("DOCUMENT_DAMAGED", reason="the page tree is broken or runs in a circle")
        seen.add(node.objgen)
        attributes = {**inherited, **{key: node[key] for key in _INHERITED if key in node}}
        if "/Kids" in node:
            stack.extend((kid, attributes, depth + 1) for kid in reversed(list(_kids(node))))
        else:
            yield node, attributes


def _kids(node: pikepdf.Object) -> list[pikepdf.Object]:
    kids = node["/Kids"]
    if not isinstance(kids, pikepdf.Array):
        raise DocumentRefused("DOCUMENT_DAMAGED", reason="the page tree is broken")
    return list(kids)


def read_rectangle(value: object) -> Rect | None:
    """Four numbers, put in order; None for anything else."""
    if not isinstance(value, pikepdf.Array) or len(value) != 4:
        return None
    first, second, third, fourth = (_number(item) for item in value)
    if first is None or second is None or third is None or fourth is None:
        return None
    return min(first, third), min(second, fourth), max(first, third), max(second, fourth)


def _overlap(first: Rect, second: Rect) -> Rect | None:
    left, bottom = max(first[0], second[0]), max(first[1], second[1])
    right, top = min(first[2], second[2]), min(first[3], second[3])
    return (left, bottom, right, top) if left < right and bottom < top else None


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]  # int, Decimal, or an object that is none
    except (TypeError, ValueError, OverflowError):
        return None
