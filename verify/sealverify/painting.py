"""Where a content stream paints one particular XObject: under which matrix, within which clip.

Follows the graphics state as far as that question needs (q, Q, cm, rectangles as clips) and no further. A painting
under any other clip, transparency state or optional content does not count, because it may not be visible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pikepdf

from sealverify.geometry import IDENTITY, Matrix, Rectangle, bounds, meet, multiply
from sealverify.tree import ObjectKey, inherited, key_of, words

_OPERATORS = "q Q cm re m l c v y h W W* n S s f F f* B B* b b* gs Do BDC BMC EMC"
_PATH = frozenset(("m", "l", "c", "v", "y", "h"))
_PAINT = frozenset(("n", "S", "s", "f", "F", "f*", "B", "B*", "b", "b*"))
_MAX_STATES = 10_000


@dataclass(frozen=True)
class Painted:
    """`matrix` from behind the XObject's own /Matrix to the stream's space; `clip` is None where nothing clips."""

    matrix: Matrix
    clip: Rectangle | None


@dataclass(frozen=True)
class _State:
    matrix: Matrix = IDENTITY
    clip: Rectangle | None = None
    plain: bool = True


def painted(holder: pikepdf.Object, wanted: ObjectKey) -> list[Painted]:
    """Every painting of the XObject `wanted` by `holder`, a page or a form XObject."""
    names = _names(holder, wanted)
    if not names:
        return []
    try:
        instructions = pikepdf.parse_content_stream(holder, _OPERATORS)
        return list(_Machine(names).run(instructions))
    except (pikepdf.PdfError, TypeError, ValueError, OverflowError):
        return []


def _names(holder: pikepdf.Object, wanted: ObjectKey) -> set[str]:
    resources = inherited(holder, "/Resources")
    listed = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
    if not isinstance(listed, pikepdf.Dictionary):
        return set()
    return {str(name) for name, value in listed.items() if key_of(value) == wanted != (0, 0)}


class _Machine:
    """The part of the graphics state that decides where a picture stands and whether it can be seen."""

    def __init__(self, names: set[str]) -> None:
        self._names = names
        self._state = _State()
        self._stack: list[_State] = []
        self._rectangles: list[Rectangle] = []
        self._other_path = False
        self._clipping = False
        self._marks: list[bool] = []

    def run(self, instructions: Any) -> Iterator[Painted]:  # what pikepdf parses
        for operands, operator in instructions:
            name = words(operator)
            if name == "Do":
                if words(operands[0]) in self._names and self._state.plain and not any(self._marks):
                    yield Painted(self._state.matrix, self._state.clip)
            elif name in ("q", "Q", "cm", "gs"):
                self._change_state(name, operands)
            elif name in ("BDC", "BMC", "EMC"):
                self._mark(name, operands)
            else:
                self._path(name, operands)

    def _change_state(self, name: str, operands: Any) -> None:
        if name == "q" and len(self._stack) < _MAX_STATES:
            self._stack.append(self._state)
        elif name == "Q" and self._stack:
            self._state = self._stack.pop()
        elif name == "cm":
            a, b, c, d, e, f = (float(value) for value in operands)
            self._state = replace(self._state, matrix=multiply((a, b, c, d, e, f), self._state.matrix))
        elif name == "gs":
            self._state = replace(self._state, plain=False)

    def _mark(self, name: str, operands: Any) -> None:
        """Optional content (ISO 32000-2 §8.11.3) may be switched off: what stands in it is not counted as drawn."""
        if name == "EMC":
            self._marks = self._marks[:-1]
        else:
            self._marks.append(words(operands[0]) == "/OC")

    def _path(self, name: str, operands: Any) -> None:
        if name == "re":
            x, y, width, height = (float(value) for value in operands)
            box = (min(x, x + width), min(y, y + height), max(x, x + width), max(y, y + height))
            self._rectangles.append(bounds(self._state.matrix, box))
        elif name in _PATH:
            self._other_path = True
        elif name in ("W", "W*"):
            self._clipping = True
        elif name in _PAINT:
            self._end_path()

    def _end_path(self) -> None:
        if self._clipping:
            if self._other_path or len(self._rectangles) != 1:
                self._state = replace(self._state, plain=False)
            else:
                clip = self._rectangles[0]
                self._state = replace(self._state, clip=meet(clip, self._state.clip) if self._state.clip else clip)
        self._rectangles, self._other_path, self._clipping = [], False, False
