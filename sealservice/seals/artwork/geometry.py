"""Points, quadrilaterals and affine maps of the drawing board.

Everything is in millimetres, the origin in the seal's centre, x to the right and y DOWN as in SVG. This room knows
plane geometry and refuses to know what a letter or a seal is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

Point = tuple[float, float]
Polygon = tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An upright box of a letter in em units, y UP as in a font."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom

    @property
    def middle(self) -> Point:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2


@dataclass(frozen=True, slots=True)
class Affine:
    """(x, y) becomes (a x + c y + e, b x + d y + f)."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    @classmethod
    def placing(cls, origin: Point, *, at: Point, scale: Point, angle: float = 0.0) -> Affine:
        """Takes em units (y up) to the board (y down): `origin` lands on `at`, scaled by `scale` millimetres an em,
        turned clockwise by `angle` radians."""
        cosine, sine = math.cos(angle), math.sin(angle)
        a, b = cosine * scale[0], sine * scale[0]
        c, d = sine * scale[1], -cosine * scale[1]
        return cls(a, b, c, d, at[0] - a * origin[0] - c * origin[1], at[1] - b * origin[0] - d * origin[1])

    def __call__(self, point: Point) -> Point:
        x, y = point
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f


def rectangle(*, centre: Point, width: float, height: float) -> Polygon:
    (x, y), w, h = centre, width / 2, height / 2
    return (x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)


def star(radius: float) -> Polygon:
    """A five-pointed star as on the flag: its inner corners lie on the lines between the points. `radius` to the
    points."""
    inner = radius * math.sin(math.pi / 10) / math.sin(3 * math.pi / 10)
    radii = (radius, inner) * 5
    return tuple((r * math.sin(i * math.pi / 5), -r * math.cos(i * math.pi / 5)) for i, r in enumerate(radii))


def separation(one: Polygon, other: Polygon) -> float:
    """How far two convex polygons are at least apart (separating axes); negative when they overlap.

    Never more than the true distance, and equal to it unless two corners face each other."""
    return max(_gap(normal, one, other) for normal in chain(_normals(one), _normals(other)))


def clear(one: Polygon, others: Iterable[Polygon], distance: float) -> bool:
    return all(separation(one, other) >= distance for other in others)


def _normals(polygon: Sequence[Point]) -> Iterable[Point]:
    for (x1, y1), (x2, y2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        length = math.hypot(x2 - x1, y2 - y1)
        if length:
            yield (y2 - y1) / length, (x1 - x2) / length


def _gap(normal: Point, one: Polygon, other: Polygon) -> float:
    first = [x * normal[0] + y * normal[1] for x, y in one]
    second = [x * normal[0] + y * normal[1] for x, y in other]
    return max(min(second) - max(first), min(first) - max(second))
