"""The square name seal: two to four characters and, if wanted, 印 or 之印, read down the right column first.

In relief (朱文) red characters in a red frame, in intaglio (白文) a red ground that shows the paper through the
characters: they are cut out of it, not painted white. Refuses to know whose name it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from sealservice.kernel.errors import InvalidInput
from sealservice.seals.artwork.composition import Composition, Frame, Texts
from sealservice.seals.artwork.fonts import Glyph, Typeface, glyphs
from sealservice.seals.artwork.geometry import Affine, Box
from sealservice.seals.artwork.lettering import Lettering, PlacedGlyph
from sealservice.seals.artwork.styles import Carving, Style

DEMO_SUFFIX = "演示"
SUFFIXES = ("", "印", "之印", DEMO_SUFFIX)

USUAL_SUFFIX = {2: "之印", 3: "印"}
"""By the length of the name: what makes it four characters, which is how a name seal looks best."""

_SIDE = 20.0
_MARGIN = {Carving.RELIEF: 1.05, Carving.INTAGLIO: 1.25}
"""Between the frame, or the ground's edge, and the letters."""

_GAP = 0.65
_WEIGHT = 0.14
_CORNER = 0.6
_FILL = 0.82
"""A letter whose ink is smaller than this share of an em, like 一 or 卜, is not blown up to fill its cell."""


def compose_square(style: Style, texts: Texts) -> Composition:
    """Raises InvalidInput: a name of another length, another suffix, a character the font lacks."""
    if texts.line not in SUFFIXES:
        raise InvalidInput("ARTWORK_SUFFIX_UNKNOWN", line=texts.line)
    if not 2 <= len(texts.owner_name) <= 4:
        raise InvalidInput("ARTWORK_NAME_NOT_PERSONAL", text=texts.owner_name, characters=len(texts.owner_name))
    text = texts.owner_name + texts.line
    letters = glyphs(text, Typeface.SERIF, texts.fonts)
    right = _right_column(len(texts.owner_name), len(texts.line))
    board = _Board(style, style.width_mm / _SIDE)
    name = board.column(letters[:right], right_side=True) + board.column(letters[right:], right_side=False)
    weight = _WEIGHT * board.scale if style.carving is Carving.RELIEF else 0.0
    return Composition(style=style, title=text, marks=(board.frame(),), name=name, weight=weight)


def _right_column(name: int, suffix: int) -> int:
    """How many characters stand in the right column: the surname before a two-character given name, the whole name
    before its suffix where that balances, else the larger half."""
    if (name, suffix) == (3, 0):
        return 1
    return (name + suffix + 1) // 2


@dataclass(frozen=True, slots=True)
class _Board:
    style: Style
    scale: float

    def frame(self) -> Frame:
        corner = _CORNER * self.scale
        if self.style.carving is Carving.INTAGLIO:
            return Frame(self.style.width_mm / 2, self.style.height_mm / 2, corner, 0.0)
        stroke = self.style.border_mm
        return Frame((self.style.width_mm - stroke) / 2, (self.style.height_mm - stroke) / 2, corner, stroke)

    def column(self, letters: tuple[Glyph, ...], *, right_side: bool) -> Lettering:
        border = self.style.border_mm if self.style.carving is Carving.RELIEF else 0.0
        margin, gap = border + _MARGIN[self.style.carving] * self.scale, _GAP * self.scale
        width = (self.style.width_mm - 2 * margin - gap) / 2
        height = (self.style.height_mm - 2 * margin - gap * (len(letters) - 1)) / len(letters)
        x = (gap + width) / 2 * (1 if right_side else -1)
        top = -self.style.height_mm / 2 + margin
        middles = [(x, top + height / 2 + row * (height + gap)) for row in range(len(letters))]
        return tuple(_fill(glyph, at, width, height) for glyph, at in zip(letters, middles, strict=True))


def _fill(glyph: Glyph, at: tuple[float, float], width: float, height: float) -> PlacedGlyph:
    ink = glyph.ink or Box(left=0, bottom=0, right=glyph.advance, top=1)
    scale = width / max(ink.width, _FILL), height / max(ink.height, _FILL)
    return PlacedGlyph(glyph, Affine.placing(ink.middle, at=at, scale=scale))
