"""Finding the setting in which a text fits its place: as loose as one would like it, as tight as it must be.

A text that does not fit even at its tightest is refused, never cut off and never made illegible. Knows letters and
the room around them; refuses to know which seal they are for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sealservice.kernel.errors import InvalidInput
from sealservice.seals.artwork.curves import Curve
from sealservice.seals.artwork.fonts import Typeface, glyphs
from sealservice.seals.artwork.geometry import Point, Polygon, clear, rectangle
from sealservice.seals.artwork.lettering import (
    Lettering,
    Line,
    Setting,
    length_on_curve,
    set_on_curve,
    set_straight,
    width_straight,
)

Family = Callable[[float], Setting]
"""Settings from 0, as one would like it, to 1, as tight as is still worthy of a seal."""

Span = tuple[float, float]
"""From loose to tight."""

_HALVINGS = 24


class Role(Enum):
    """What a text is on a seal, and the code of its refusal."""

    NAME = "ARTWORK_NAME_TOO_LONG"
    LINE = "ARTWORK_LINE_TOO_LONG"
    CODE = "ARTWORK_CODE_TOO_LONG"
    NUMBER = "ARTWORK_NUMBER_TOO_LONG"

    @property
    def too_long(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a seal; `family` is how it may be set."""

    role: Role
    line: Line
    family: Family

    def loosest(self, fits: Callable[[Setting], bool]) -> Setting:
        """Raises InvalidInput (ARTWORK_…_TOO_LONG) when nothing fits."""
        if not fits(self.family(1.0)):
            text = "".join(glyph.character for glyph in self.line.glyphs)
            raise InvalidInput(self.role.too_long, text=text, characters=len(text))
        if fits(self.family(0.0)):
            return self.family(0.0)
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if fits(self.family(middle)) else (middle, high)
        return self.family(high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearing:
    """Where a straight line may stand: around `middle`, at most `widest` millimetres wide, `clearance` millimetres
    away from everything `taken`."""

    middle: Point
    widest: float
    taken: Sequence[Polygon]
    clearance: float


def take(text: str, role: Role, family: Family, *, typeface: Typeface, fonts: Path | None) -> Part:
    """Raises InvalidInput: ARTWORK_NAME_EMPTY (only a name is never left out), ARTWORK_CHARACTER_MISSING."""
    if not text.strip():
        raise InvalidInput("ARTWORK_NAME_EMPTY")
    return Part(role, Line.of(glyphs(text, typeface, fonts)), family)


def fit_on_curve(
    part: Part, under: Callable[[Line, Setting], Curve], half_span: float, *, lower: bool = False
) -> Lettering:
    """Set within `half_span` radians of the vertical axis; `under` gives the curve for a setting."""

    def fits(setting: Setting) -> bool:
        curve = under(part.line, setting)
        return length_on_curve(part.line, setting, curve) <= 2 * curve.polar(half_span)

    setting = part.loosest(fits)
    return set_on_curve(part.line, setting, under(part.line, setting), lower=lower)


def fit_straight(part: Part, clearing: Clearing) -> Lettering:
    def fits(setting: Setting) -> bool:
        width = width_straight(part.line, setting)
        room = rectangle(centre=clearing.middle, width=width, height=setting.height)
        return width <= clearing.widest and clear(room, clearing.taken, clearing.clearance)

    return set_straight(part.line, part.loosest(fits), clearing.middle)


def setting_family(*, height: Span, width: Span, gap: Span, late: int = 1) -> Family:
    """Every length goes from its first value to its second: gaps first, then widths, heights last. The greater
    `late`, the longer the height is kept."""

    def family(squeeze: float) -> Setting:
        return Setting(
            height=_between(height, squeeze**late),
            width=_between(width, squeeze),
            gap=_between(gap, 1 - (1 - squeeze) ** 2),
        )

    return family


def _between(ends: Span, squeeze: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * squeeze
