"""The round seal: border, star, the owner's name around it, a line below the star, the code at the foot.

All lengths are those of the 42 mm seal and scale with its diameter. A short name stands in large, wide, loose
letters; a long one first closes its gaps and narrows its letters, and gives up height only at the end, as engravers
do. Refuses to know which body may carry which seal.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from sealservice.seals.artwork.composition import Composition, Mark, Ring, Texts
from sealservice.seals.artwork.curves import Circle
from sealservice.seals.artwork.fitting import (
    Clearing,
    Family,
    Role,
    Span,
    fit_on_curve,
    fit_straight,
    setting_family,
    take,
)
from sealservice.seals.artwork.fonts import Typeface
from sealservice.seals.artwork.geometry import Polygon, star
from sealservice.seals.artwork.lettering import Lettering, Line, Setting
from sealservice.seals.artwork.styles import Style

_DIAMETER = 42.0
_NAME_CLEARANCE = 1.0
_CODE_CLEARANCE = 0.75
_LINE_CLEARANCE = 0.8
_LINE_WIDEST = 26.0
_LINE_UNDER_STAR = 10.3
_LINE_WITHOUT_STAR = 2.4
_NAME_HALF_SPAN = 2.18
"""125° to either side when a line or a code needs the foot of the seal."""

_NAME_HALF_SPAN_ALONE = 2.35
_CODE_HALF_SPAN = 0.7


def compose_round(style: Style, texts: Texts) -> Composition:
    """Raises InvalidInput: a character the font lacks, or a text too long for this seal."""
    board = _Board(style, style.width_mm / _DIAMETER)
    code = board.code(texts) if texts.code else ()
    name = board.name(texts)
    line = board.line(texts, [glyph.corners for glyph in name + code]) if texts.line else ()
    title = " ".join(filter(None, (texts.owner_name, texts.line)))
    return Composition(style=style, title=title, marks=board.marks(), name=name, line=line, code=code)


@dataclass(frozen=True, slots=True)
class _Board:
    style: Style
    scale: float

    def marks(self) -> tuple[Mark, ...]:
        radius = (self.style.width_mm - self.style.border_mm) / 2
        ring = Ring(radius, radius, self.style.border_mm)
        return (ring, star(self.style.star_mm / 2)) if self.style.star_mm else (ring,)

    def name(self, texts: Texts) -> Lettering:
        family = self._family(height=(5.7, 4.3), width=(0.98, 0.32), gap=(0.95, 0.12), late=2)
        part = take(texts.owner_name, Role.NAME, family, typeface=Typeface.SERIF, fonts=texts.fonts)
        widest = _NAME_HALF_SPAN if texts.code or texts.line else _NAME_HALF_SPAN_ALONE
        return fit_on_curve(part, self._inside(_NAME_CLEARANCE), min(widest, 0.45 + 0.22 * len(part.line.glyphs)))

    def code(self, texts: Texts) -> Lettering:
        family = self._family(height=(1.6, 1.2), width=(1.0, 0.8), gap=(0.42, 0.22))
        part = take(texts.code, Role.CODE, family, typeface=Typeface.SANS, fonts=texts.fonts)
        return fit_on_curve(part, self._inside(_CODE_CLEARANCE), _CODE_HALF_SPAN, lower=True)

    def line(self, texts: Texts, taken: list[Polygon]) -> Lettering:
        starred = self.style.star_mm > 0
        height, middle = (3.9, _LINE_UNDER_STAR) if starred else (5.2, _LINE_WITHOUT_STAR)
        family = self._family(height=(height, 2.8), width=(0.86, 0.46), gap=(0.16, 0.06))
        part = take(texts.line, Role.LINE, family, typeface=Typeface.SERIF, fonts=texts.fonts)
        clearing = Clearing(
            middle=(0.0, middle * self.scale),
            widest=_LINE_WIDEST * self.scale,
            taken=taken,
            clearance=_LINE_CLEARANCE * self.scale,
        )
        return fit_straight(part, clearing)

    def _family(self, *, height: Span, width: Span, gap: Span, late: int = 1) -> Family:
        scaled = (height[0] * self.scale, height[1] * self.scale)
        return setting_family(height=scaled, width=width, gap=gap, late=late)

    def _inside(self, clearance: float) -> Callable[[Line, Setting], Circle]:
        """The circle for the letters' inner edges, so that the widest letter's outer corners keep `clearance`."""
        outer = self.style.width_mm / 2 - self.style.border_mm - clearance * self.scale

        def curve(line: Line, setting: Setting) -> Circle:
            half = max(line.widths(setting)) / 2
            return Circle(math.sqrt(outer**2 - half**2) - setting.height)

        return curve
