"""Setting a line of letters, on a curve or straight, with even gaps between the ink of neighbours.

A letter takes the room of its ink, not of its em square, so that a narrow 月 or a bracket leaves no hole. On a curve
the inner edges of all letters' boxes touch one curve: that is where neighbours come closest, so an even gap there is
an even gap to the eye, and boxes can never overlap. Knows how letters stand; refuses to know on which seal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sealservice.seals.artwork.arrangement import arrange, length, spread
from sealservice.seals.artwork.curves import Curve
from sealservice.seals.artwork.fonts import Glyph
from sealservice.seals.artwork.geometry import Affine, Point, Polygon

_NARROWEST = 0.25
"""No letter takes less room than a quarter em, else a middle dot or an I would be squeezed between its neighbours."""

_BAND = (-0.095, 0.86)
"""How far below and above the baseline Han characters reach, in em: bottom and top of a line that holds any."""

_DIGITS = (-0.012, 0.745)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How letters are set: `height` of the line's ink in millimetres, `width` of an em as a share of its height
    (1 is the font as designed, 0.5 half as wide), `gap` between neighbours as a share of the letters' mean width."""

    height: float
    width: float
    gap: float


@dataclass(frozen=True, slots=True)
class PlacedGlyph:
    """A glyph on the board. `corners` are the corners of its ink's box: lower left, lower right, upper right, upper
    left as the letter sees itself."""

    glyph: Glyph
    affine: Affine

    @property
    def corners(self) -> Polygon:
        ink = self.glyph.ink
        if ink is None:
            raise ValueError("a space has no corners")
        outline = ((ink.left, ink.bottom), (ink.right, ink.bottom), (ink.right, ink.top), (ink.left, ink.top))
        return tuple(self.affine(point) for point in outline)


Lettering = tuple[PlacedGlyph, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A text to be set: its glyphs and the band of the em they need."""

    glyphs: tuple[Glyph, ...]
    bottom: float
    top: float

    @classmethod
    def of(cls, glyphs: Sequence[Glyph]) -> Line:
        inks = [glyph.ink for glyph in glyphs if glyph.ink is not None]
        digits = all(glyph.character.isascii() for glyph in glyphs)
        low, high = _DIGITS if digits else _BAND
        return cls(tuple(glyphs), min(low, *(i.bottom for i in inks), low), max(high, *(i.top for i in inks), high))

    def widths(self, setting: Setting) -> list[float]:
        """The room each letter takes, in millimetres."""
        em = self.em(setting) * setting.width
        return [em * (max(g.ink.width, _NARROWEST) if g.ink else g.advance) for g in self.glyphs]

    def em(self, setting: Setting) -> float:
        return setting.height / (self.top - self.bottom)

    def gap(self, setting: Setting) -> float:
        """Between neighbours, in millimetres."""
        widths = self.widths(setting)
        return setting.gap * sum(widths) / len(widths)


def set_on_curve(line: Line, setting: Setting, curve: Curve, *, lower: bool = False) -> Lettering:
    """Letters with their feet on the upper half of `curve`, heads outward; with `lower`, on the lower half with their
    heads on it, so that they read upright at the foot of a seal. Centred on the vertical axis."""
    anchor = line.top if lower else line.bottom
    em = line.em(setting)
    placed = []
    for glyph, stand in zip(line.glyphs, arrange(line.widths(setting), line.gap(setting), curve), strict=True):
        if glyph.ink is None:
            continue
        station = curve.station(stand.middle)
        (x, y), angle = station.at, station.angle
        at, turn = ((x, -y), -angle) if lower else ((x, y), angle)
        origin = (glyph.ink.middle[0], anchor)
        placed.append(PlacedGlyph(glyph, Affine.placing(origin, at=at, scale=(em * setting.width, em), angle=turn)))
    return tuple(placed)


def length_on_curve(line: Line, setting: Setting, curve: Curve) -> float:
    """How much of `curve` the line takes, in millimetres."""
    return length(line.widths(setting), line.gap(setting), curve)


def set_straight(line: Line, setting: Setting, middle: Point) -> Lettering:
    """Letters on a horizontal line whose ink is centred on `middle`."""
    em, gaps = line.em(setting), [line.gap(setting)] * (len(line.glyphs) - 1)
    stands = spread([(width / 2, width / 2) for width in line.widths(setting)], gaps)
    baseline = (line.bottom + line.top) / 2
    placed = []
    for glyph, stand in zip(line.glyphs, stands, strict=True):
        if glyph.ink is not None:
            origin, at = (glyph.ink.middle[0], baseline), (middle[0] + stand.middle, middle[1])
            placed.append(PlacedGlyph(glyph, Affine.placing(origin, at=at, scale=(em * setting.width, em))))
    return tuple(placed)


def width_straight(line: Line, setting: Setting) -> float:
    return sum(line.widths(setting)) + line.gap(setting) * (len(line.glyphs) - 1)
