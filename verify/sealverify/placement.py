"""Where signature widgets stand on their pages, how large they are, and what they lie over."""

from __future__ import annotations

from typing import Any

import pikepdf

from sealverify.document import Revision
from sealverify.geometry import Rectangle
from sealverify.tree import FormField, inherited, key_of, words

POINTS_PER_MM = 72 / 25.4
MAX_SIDE_MM = 120
"""A seal is at most 58 mm wide; a signature's picture beyond this in both directions covers text, not a place."""
MAX_SHARE = 0.4
"""The largest share of its page that a later signature's picture may cover."""


def rectangle(value: Any) -> Rectangle | None:
    """Left, bottom, right, top of a PDF rectangle in any order of corners; None when it is none."""
    try:
        x1, y1, x2, y2 = (float(item) for item in value)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def is_visible(widget: pikepdf.Object) -> bool:
    """Whether a widget takes any room on its page; one without width and height is invisible (§12.7.5.5)."""
    if "/Rect" not in widget:
        return "/AP" in widget
    box = rectangle(widget["/Rect"])
    return box is None or box[0] != box[2] or box[1] != box[3]


def overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def page_of(revision: Revision, item: FormField) -> int | None:
    """The number, from 1, of the page that lists a widget of the field; None when no page does."""
    wanted = {key_of(widget) for widget in item.widgets}
    hint: int | None = revision.page_numbers.get(key_of(item.widgets[0].get("/P")))
    order: list[int] = [hint] if hint is not None else []
    order.extend(range(len(revision.pages)))
    for index in order:
        if wanted & {key_of(annotation) for annotation in annotations_of(revision, index)}:
            return index + 1
    return None


def annotations_of(revision: Revision, page: int) -> list[pikepdf.Object]:
    listed = revision.pages[page].get("/Annots")
    found = list(listed) if isinstance(listed, pikepdf.Array) else []
    return [item for item in found if isinstance(item, pikepdf.Dictionary)]


def covers_too_much(revision: Revision, widget: pikepdf.Object) -> bool:
    """Whether a widget is so large, in millimetres or against its page, that it can replace what was sealed."""
    box = rectangle(widget.get("/Rect"))
    if box is None:
        return "/Rect" in widget
    width, height = box[2] - box[0], box[3] - box[1]
    unit, share = 1.0, 0.0
    page = revision.page_numbers.get(key_of(widget.get("/P")))
    if page is not None:
        unit, share = _of_page(revision.pages[page], width * height)
    limit = MAX_SIDE_MM * POINTS_PER_MM / unit
    return (width > limit and height > limit) or share > MAX_SHARE


def _of_page(page: pikepdf.Object, area: float) -> tuple[float, float]:
    unit = page.get("/UserUnit", 1)
    box = rectangle(inherited(page, "/CropBox")) or rectangle(inherited(page, "/MediaBox"))
    whole = (box[2] - box[0]) * (box[3] - box[1]) if box else 0
    return float(unit) or 1.0, area / whole if whole else 1.0


def overlapped(revision: Revision, page: int | None, item: FormField) -> list[str]:
    """Names of earlier annotations of the page (from 1) that the field's widgets lie over."""
    if page is None or page > len(revision.pages):
        return []
    boxes = [box for box in (rectangle(widget.get("/Rect")) for widget in item.widgets) if box]
    own = {key_of(widget) for widget in item.widgets}
    found = []
    for other in annotations_of(revision, page - 1):
        box = rectangle(other.get("/Rect"))
        if box and key_of(other) not in own and any(overlap(box, mine) for mine in boxes):
            found.append(words(other.get("/T", other.get("/Subtype", "?"))))
    return found
