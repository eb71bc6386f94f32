"""The oval seal, made for invoices: name around, tax number in the middle, the words below it, the code at the foot.

Heights and distances are those of 国家税务总局公告2011年第7号 for the 40 x 30 mm seal, and scale with the seal.
Refuses to know whether the tax number is right: that is the business of whoever registers the owner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sealservice.seals.artwork.composition import Composition, Ring, Texts
from sealservice.seals.artwork.curves import ParallelToEllipse
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
from sealservice.seals.artwork.geometry import Polygon
from sealservice.seals.artwork.lettering import Lettering, Line, Setting
from sealservice.seals.artwork.styles import Style

_HEIGHT = 30.0
_NAME_CLEARANCE = 0.6
_CODE_CLEARANCE = 0.6
_CLEARANCE = 0.8
_NAME_HALF_SPAN = 2.01
"""230° in all, inside the rule's 210° to 260°."""

_CODE_HALF_SPAN = 0.82
_NUMBER_MIDDLE = 0.0
_NUMBER_WIDEST = 26.0
_LINE_WIDEST = 24.0
_LINE_MIDDLE = 6.5
"""The rule: the line's top 4.2 mm below the centre, its letters 4.6 mm high."""


def compose_oval(style: Style, texts: Texts) -> Composition:
    """Raises InvalidInput: a character the font lacks, or a text too long for this seal."""
    board = _Board(style, style.height_mm / _HEIGHT)
    name = board.name(texts)
    code = board.code(texts) if texts.code else ()
    taken = [glyph.corners for glyph in name + code]
    number = board.number(texts, taken) if texts.number else ()
    line = board.line(texts, taken) if texts.line else ()
    ring = Ring((style.width_mm - style.border_mm) / 2, (style.height_mm - style.border_mm) / 2, style.border_mm)
    title = " ".join(filter(None, (texts.owner_name, texts.line)))
    return Composition(style=style, title=title, marks=(ring,), name=name, line=line, code=code, number=number)


@dataclass(frozen=True, slots=True)
class _Board:
    style: Style
    scale: float

    def name(self, texts: Texts) -> Lettering:
        family = self._family(height=(4.2, 3.5), width=(0.95, 0.32), gap=(0.9, 0.12), late=3)
        part = take(texts.owner_name, Role.NAME, family, typeface=Typeface.SERIF, fonts=texts.fonts)
        half_span = min(_NAME_HALF_SPAN, 0.4 + 0.22 * len(part.line.glyphs))
        return fit_on_curve(part, self._inside(_NAME_CLEARANCE), half_span)

    def code(self, texts: Texts) -> Lettering:
        family = self._family(height=(2.0, 1.1), width=(1.0, 0.85), gap=(0.45, 0.25))
        part = take(texts.code, Role.CODE, family, typeface=Typeface.SANS, fonts=texts.fonts)
        return fit_on_curve(part, self._inside(_CODE_CLEARANCE), _CODE_HALF_SPAN, lower=True)

    def number(self, texts: Texts, taken: list[Polygon]) -> Lettering:
        family = self._family(height=(3.7, 2.6), width=(0.85, 0.36), gap=(0.22, 0.2), late=12)
        part = take(texts.number, Role.NUMBER, family, typeface=Typeface.SANS, fonts=texts.fonts)
        return fit_straight(part, self._clearing(_NUMBER_MIDDLE, _NUMBER_WIDEST, taken))

    def line(self, texts: Texts, taken: list[Polygon]) -> Lettering:
        family = self._family(height=(4.6, 3.0), width=(0.7, 0.45), gap=(0.28, 0.08))
        part = take(texts.line, Role.LINE, family, typeface=Typeface.SERIF, fonts=texts.fonts)
        return fit_straight(part, self._clearing(_LINE_MIDDLE, _LINE_WIDEST, taken))

    def _clearing(self, middle: float, widest: float, taken: list[Polygon]) -> Clearing:
        return Clearing(
            middle=(0.0, middle * self.scale),
            widest=widest * self.scale,
            taken=taken,
            clearance=_CLEARANCE * self.scale,
        )

    def _family(self, *, height: Span, width: Span, gap: Span, late: int = 1) -> Family:
        scaled = (height[0] * self.scale, height[1] * self.scale)
        return setting_family(height=scaled, width=width, gap=gap, late=late)

    def _inside(self, clearance: float) -> Callable[[Line, Setting], ParallelToEllipse]:
        """The curve for the letters' inner edges, so that the widest letter's outer corners keep `clearance` even
        where the ellipse is tightest."""
        inset = self.style.border_mm + clearance * self.scale
        a, b = self.style.width_mm / 2 - inset, self.style.height_mm / 2 - inset

        def curve(line: Line, setting: Setting) -> ParallelToEllipse:
            corner = (max(line.widths(setting)) / 2) ** 2 / (2 * b**2 / a)
            return ParallelToEllipse(a, b, setting.height + corner)

        return curve
