"""Is every picture of a seal impression really drawn where the signed document says it is?

Recomputes each place of a /SEAL_Impression from the page's content or the signature's widget: the same picture object,
at the stated rectangle, and all slices of a group together showing the whole picture. Nothing is rendered; a place
drawn in any other way than docs/formats/impression.md describes counts as missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pikepdf

from sealverify.document import FoundSignature, Revision
from sealverify.geometry import IDENTITY, Matrix, Rectangle, bounds, inverse, meet, multiply, near
from sealverify.painting import Painted, painted
from sealverify.placement import annotations_of, rectangle
from sealverify.sealdata import ImpressionData, Place
from sealverify.tree import key_of

_TOLERANCE = 0.05
"""Units of the page's user space: the rounding of decimals in the file."""
_SHARE = 0.005
"""Of the picture's size, that may be hidden between two slices."""


@dataclass(frozen=True)
class Slices:
    """How many places the document states, how many are drawn, and which are missing."""

    expected: int
    present: int
    missing: tuple[dict[str, int | None], ...] = ()
    covered: bool = True
    """Whether the slices of every group, together, show the whole picture."""

    @property
    def complete(self) -> bool:
        return not self.missing and self.covered

    def as_json(self) -> dict[str, Any]:
        return {
            "expected": self.expected,
            "present": self.present,
            "missing": list(self.missing),
            "whole_picture": self.covered,
        }


def recompute(revision: Revision, found: FoundSignature, data: ImpressionData) -> Slices:
    """Every place of `data` in `revision`."""
    picture = _picture(revision, data)
    pages: dict[int, list[Painted]] = {}
    shown: dict[int, list[Rectangle]] = defaultdict(list)
    missing = []
    for place in data.places:
        if place.page not in pages:
            pages[place.page] = _drawings(revision, found, place.page, picture) if picture is not None else []
        part = _part(pages[place.page], place, picture)
        if part is None:
            missing.append(_named(place))
        elif place.of > 1:
            shown[place.group].append(part)
        elif not _covers([part], bounds_of(picture)):
            missing.append(_named(place))
    missing.extend(_unlisted(data.places))
    whole = all(_covers(parts, bounds_of(picture)) for parts in shown.values())
    expected = len(data.places) + sum(1 for item in missing if item["page"] is None)
    return Slices(expected, expected - len(missing), tuple(missing), whole)


def _picture(revision: Revision, data: ImpressionData) -> pikepdf.Object | None:
    if data.picture is None or revision.numbers.get(data.picture[0]) != data.picture[1]:
        return None
    thing = revision.object(data.picture[0])
    known = isinstance(thing, pikepdf.Stream) and rectangle(thing.get("/BBox")) is not None
    return thing if known else None


def bounds_of(picture: pikepdf.Object | None) -> Rectangle:
    box = rectangle(picture.get("/BBox")) if picture is not None else None
    return box or (0.0, 0.0, 0.0, 0.0)


def _named(place: Place) -> dict[str, int | None]:
    return {"page": place.page + 1, "slice": place.slice, "of": place.of, "group": place.group}


def _unlisted(places: Iterable[Place]) -> list[dict[str, int | None]]:
    """Slices that a group must have and the document does not even state."""
    groups: dict[int, list[Place]] = defaultdict(list)
    for place in places:
        if place.of > 1:
            groups[place.group].append(place)
    found: list[dict[str, int | None]] = []
    for group, members in groups.items():
        of = max(place.of for place in members)
        listed = {place.slice for place in members}
        found.extend({"page": None, "slice": k, "of": of, "group": group} for k in range(1, of + 1) if k not in listed)
    return found


def _drawings(revision: Revision, found: FoundSignature, page: int, picture: pikepdf.Object) -> list[Painted]:
    """All that is drawn of `picture` on one page: by the page's content, and by this signature's widget."""
    if page >= len(revision.pages):
        return []
    drawn = painted(revision.pages[page], key_of(picture))
    own = {key_of(widget) for widget in found.field.widgets} if found.field else set()
    for widget in annotations_of(revision, page):
        if key_of(widget) in own:
            drawn.extend(_by_widget(widget, picture))
    return drawn


def _by_widget(widget: pikepdf.Object, picture: pikepdf.Object) -> list[Painted]:
    """The widget's normal appearance, placed as ISO 32000-2 §12.5.5 says."""
    appearance = widget.get("/AP")
    stream = appearance.get("/N") if isinstance(appearance, pikepdf.Dictionary) else None
    target = rectangle(widget.get("/Rect"))
    box = rectangle(stream.get("/BBox")) if isinstance(stream, pikepdf.Stream) else None
    if stream is None or target is None or box is None:
        return []
    matrix = matrix_of(stream)
    outer = bounds(matrix, box)
    if near(outer[0], outer[2], 1e-9) or near(outer[1], outer[3], 1e-9):
        return []
    x, y = (target[2] - target[0]) / (outer[2] - outer[0]), (target[3] - target[1]) / (outer[3] - outer[1])
    place = multiply(matrix, (x, 0.0, 0.0, y, target[0] - outer[0] * x, target[1] - outer[1] * y))
    if key_of(stream) == key_of(picture):
        return [Painted(multiply(inverse(matrix) or IDENTITY, place), target)]
    return [_moved(item, place, target) for item in painted(stream, key_of(picture))]


def _moved(item: Painted, place: Matrix, target: Rectangle) -> Painted:
    clip = meet(target, bounds(place, item.clip)) if item.clip else target
    return Painted(multiply(item.matrix, place), clip)


def matrix_of(form: pikepdf.Object) -> Matrix:
    """A form XObject's /Matrix; the identity where there is none that can be read."""
    try:
        a, b, c, d, e, f = (float(value) for value in form.get("/Matrix", ()))
    except (TypeError, ValueError, OverflowError):
        return IDENTITY
    return a, b, c, d, e, f


def _part(drawn: list[Painted], place: Place, picture: pikepdf.Object | None) -> Rectangle | None:
    """Which part of the picture the drawing at `place` shows, in the picture's own space; None when there is none."""
    if picture is None:
        return None
    for item in drawn:
        matrix = multiply(matrix_of(picture), item.matrix)
        back = inverse(matrix)
        whole = bounds(matrix, bounds_of(picture))
        visible = meet(whole, item.clip) if item.clip else whole
        if back is not None and all(
            near(one, other, _TOLERANCE) for one, other in zip(visible, place.rect, strict=True)
        ):
            return bounds(back, visible)
    return None


def _covers(parts: list[Rectangle], whole: Rectangle) -> bool:
    """Whether rectangles that lie side by side, in either direction, cover the whole."""
    width, height = whole[2] - whole[0], whole[3] - whole[1]
    if width <= 0 or height <= 0:
        return False
    return _spans(parts, whole, 0, width * _SHARE, height * _SHARE) or _spans(
        parts, whole, 1, height * _SHARE, width * _SHARE
    )


def _spans(parts: list[Rectangle], whole: Rectangle, axis: int, along: float, across: float) -> bool:
    other = 1 - axis
    reached = whole[axis]
    for part in sorted(parts, key=lambda item: item[axis]):
        full = part[other] <= whole[other] + across and part[other + 2] >= whole[other + 2] - across
        if full and part[axis] <= reached + along:
            reached = max(reached, part[axis + 2])
    return reached >= whole[axis + 2] - along
