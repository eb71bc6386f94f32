"""A page as its reader sees it, and the way between what is seen and default user space (ISO 32000-2, 8.3.2.3).

The reader sees the CropBox turned by /Rotate and measures in millimetres from the top left; content streams and
annotations speak of default user space, whose unit is /UserUnit times 1/72 inch. Pure arithmetic: no document.
"""

from __future__ import annotations

from dataclasses import dataclass

Rect = tuple[float, float, float, float]
Matrix = tuple[float, float, float, float, float, float]

POINTS_PER_MM = 72 / 25.4
_TURNS: dict[int, tuple[int, int, int, int]] = {
    0: (1, 0, 0, 1),
    90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    270: (0, -1, 1, 0),
}
"""By /Rotate: where one step to the right, and one step up, as seen, go in user space."""


@dataclass(frozen=True)
class Box:
    """A rectangle on the page as seen: millimetres from the top left."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def around(cls, x: float, y: float, width: float, height: float) -> Box:
        return cls(x - width / 2, y - height / 2, width, height)

    @property
    def centre(self) -> tuple[float, float]:
        return self.left + self.width / 2, self.top + self.height / 2


@dataclass(frozen=True)
class Sheet:
    """One page: its visible rectangle in user space, its clockwise turn, and its unit in 1/72 inch."""

    visible: Rect
    rotate: int = 0
    unit: float = 1.0

    @property
    def scale(self) -> float:
        """Units of user space per millimetre."""
        return POINTS_PER_MM / self.unit

    @property
    def width_mm(self) -> float:
        return self._shown_size()[0] / self.scale

    @property
    def height_mm(self) -> float:
        return self._shown_size()[1] / self.scale

    def contains(self, box: Box, tolerance: float = 0.01) -> bool:
        return (
            box.left >= -tolerance
            and box.top >= -tolerance
            and box.left + box.width <= self.width_mm + tolerance
            and box.top + box.height <= self.height_mm + tolerance
        )

    def to_user(self, x_mm: float, y_mm: float) -> tuple[float, float]:
        """The point seen at (x, y) millimetres, in user space."""
        left, bottom, right, top = self.visible
        right_x, right_y, up_x, up_y = _TURNS[self.rotate]
        along, up = x_mm * self.scale, self._shown_size()[1] - y_mm * self.scale
        corner_x = left if right_x + up_x > 0 else right
        corner_y = bottom if right_y + up_y > 0 else top
        return corner_x + right_x * along + up_x * up, corner_y + right_y * along + up_y * up

    def to_shown(self, x: float, y: float) -> tuple[float, float]:
        """The point (x, y) of user space in millimetres, as seen."""
        right_x, right_y, up_x, up_y = _TURNS[self.rotate]
        origin_x, origin_y = self.to_user(0, 0)
        along = (x - origin_x) * right_x + (y - origin_y) * right_y
        up = (x - origin_x) * up_x + (y - origin_y) * up_y
        return along / self.scale, -up / self.scale

    def rect(self, box: Box) -> Rect:
        """`box` in user space: left, bottom, right, top."""
        first = self.to_user(box.left, box.top)
        second = self.to_user(box.left + box.width, box.top + box.height)
        return min(first[0], second[0]), min(first[1], second[1]), max(first[0], second[0]), max(first[1], second[1])

    def box(self, rect: Rect) -> Box:
        """A rectangle of user space as the reader sees it."""
        first, second = self.to_shown(rect[0], rect[1]), self.to_shown(rect[2], rect[3])
        left, top = min(first[0], second[0]), min(first[1], second[1])
        return Box(left, top, max(first[0], second[0]) - left, max(first[1], second[1]) - top)

    def matrix(self, box: Box, source: Rect) -> Matrix:
        """Draws what fills `source` (the bounding box of a form XObject) upright into `box`."""
        right_x, right_y, up_x, up_y = _TURNS[self.rotate]
        across = box.width * self.scale / (source[2] - source[0])
        upward = box.height * self.scale / (source[3] - source[1])
        a, b, c, d = right_x * across, right_y * across, up_x * upward, up_y * upward
        x, y = self.to_user(box.left, box.top + box.height)
        return a, b, c, d, x - a * source[0] - c * source[1], y - b * source[0] - d * source[1]

    def turn(self) -> Matrix:
        """The rotation alone: makes an appearance drawn upright stand upright for the reader."""
        right_x, right_y, up_x, up_y = _TURNS[self.rotate]
        return right_x, right_y, up_x, up_y, 0, 0

    def _shown_size(self) -> tuple[float, float]:
        width, height = self.visible[2] - self.visible[0], self.visible[3] - self.visible[1]
        return (width, height) if self.rotate % 180 == 0 else (height, width)
