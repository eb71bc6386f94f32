"""Draws a seal from what it says. Knows which shape carries which texts; refuses to know who may have one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from sealservice.kernel.errors import InvalidInput
from sealservice.seals.artwork.composition import Composition, Texts
from sealservice.seals.artwork.oval_seal import compose_oval
from sealservice.seals.artwork.picture import MediaType, Picture
from sealservice.seals.artwork.round_seal import compose_round
from sealservice.seals.artwork.square_seal import USUAL_SUFFIX, compose_square
from sealservice.seals.artwork.styles import LARGEST_MM, SMALLEST_MM, STYLES, Kind, Shape, Style
from sealservice.seals.artwork.svg import write_svg

DEMO_MARK = "（演示）"

_FLATTEST = 1.6
_BROADEST_BORDER, _LARGEST_STAR = 0.07, 0.36
"""As shares of the smaller side: beyond, letters would meet the border or the star."""

_COMPOSERS: Mapping[Shape, Callable[[Style, Texts], Composition]] = MappingProxyType(
    {Shape.ROUND: compose_round, Shape.OVAL: compose_oval, Shape.SQUARE: compose_square}
)

_CARRIES: Mapping[Shape, frozenset[str]] = MappingProxyType(
    {Shape.ROUND: frozenset({"code"}), Shape.OVAL: frozenset({"code", "number"}), Shape.SQUARE: frozenset()}
)


def draw(
    kind: Kind | Style,
    *,
    owner_name: str,
    line: str | None = None,
    code: str = "",
    number: str = "",
    fonts: Path | None = None,
) -> Picture:
    """The seal of `owner_name`, of a kind's usual style or of a style of one's own, as vector outlines.

    `line` is what stands below the star, or after a personal name: None for the kind's own, "" for none. `code`
    stands at the foot, `number` (a tax number) in the middle of an oval. `fonts` is a folder searched before the
    system's.

    Raises InvalidInput: ARTWORK_CHARACTER_MISSING names what the font lacks, ARTWORK_…_TOO_LONG what does not fit,
    ARTWORK_PART_NOT_CARRIED what this shape has no place for. Raises Misconfigured when no font is found."""
    return paint(compose(kind, owner_name=owner_name, line=line, code=code, number=number, fonts=fonts))


def compose(
    kind: Kind | Style,
    *,
    owner_name: str,
    line: str | None = None,
    code: str = "",
    number: str = "",
    fonts: Path | None = None,
) -> Composition:
    """As `draw`, but the board before it is written down: what stands where, to the micrometre."""
    style = kind if isinstance(kind, Style) else STYLES[kind]
    _check_measures(style)
    for part, text in (("code", code), ("number", number)):
        if text and part not in _CARRIES[style.shape]:
            raise InvalidInput("ARTWORK_PART_NOT_CARRIED", part=part, text=text, shape=style.shape)
    name = owner_name.strip()
    texts = Texts(
        owner_name=name,
        line=(_usual_line(style, name) if line is None else line).strip(),
        code=code.strip(),
        number=number.strip(),
        fonts=fonts,
    )
    return _COMPOSERS[style.shape](style, texts)


def _check_measures(style: Style) -> None:
    sides = style.width_mm, style.height_mm
    if not all(SMALLEST_MM <= side <= LARGEST_MM for side in sides):
        raise InvalidInput(
            "ARTWORK_SIZE", width_mm=sides[0], height_mm=sides[1], smallest=SMALLEST_MM, largest=LARGEST_MM
        )
    if style.shape is not Shape.OVAL and sides[0] != sides[1]:
        raise InvalidInput("ARTWORK_SIDES_DIFFER", shape=style.shape, width_mm=sides[0], height_mm=sides[1])
    if style.shape is Shape.OVAL and not 1 < sides[0] / sides[1] <= _FLATTEST:
        raise InvalidInput("ARTWORK_NOT_OVAL", width_mm=sides[0], height_mm=sides[1], flattest=_FLATTEST)
    if style.border_mm > _BROADEST_BORDER * min(sides) or style.star_mm > _LARGEST_STAR * min(sides):
        raise InvalidInput("ARTWORK_OUT_OF_SCALE", width_mm=sides[0], border_mm=style.border_mm, star_mm=style.star_mm)


def _usual_line(style: Style, name: str) -> str:
    return USUAL_SUFFIX.get(len(name), "") if style.shape is Shape.SQUARE else style.line


def paint(composition: Composition) -> Picture:
    style = composition.style
    return Picture(
        source=write_svg(composition), media_type=MediaType.SVG, width_mm=style.width_mm, height_mm=style.height_mm
    )


def demo_name(owner_name: str) -> str:
    """The owner's name as a demo seal must carry it: with （演示） on the ring itself, in full size."""
    return owner_name if "演示" in owner_name else owner_name + DEMO_MARK
