"""Writes a composition as SVG: outlines only, no text, no font, nothing that a reader could interpret in two ways.

One unit is one millimetre, the viewBox is the true size, numbers are rounded to the micrometre. Refuses to decide
anything about the drawing.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

from sealservice.seals.artwork.composition import Composition, Frame, Mark, Ring
from sealservice.seals.artwork.geometry import Point, Polygon
from sealservice.seals.artwork.lettering import PlacedGlyph
from sealservice.seals.artwork.styles import COLOURS, Carving


def write_svg(composition: Composition) -> bytes:
    """UTF-8. The same composition always gives the same bytes."""
    style = composition.style
    width, height = _number(style.width_mm), _number(style.height_mm)
    left, top = _number(-style.width_mm / 2), _number(-style.height_mm / 2)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
        f'viewBox="{left} {top} {width} {height}">',
        f"<title>{escape(composition.title)}</title>",
        f'<g fill="{COLOURS["seal red"]}" stroke="none">',
        *_drawing(composition),
        "</g>",
        "</svg>",
        "",
    ]
    return "\n".join(lines).encode()


def _drawing(composition: Composition) -> Iterable[str]:
    letters = [outline(placed) for placed in composition.lettering]
    if composition.style.carving is Carving.INTAGLIO:
        ground = " ".join(_frame(mark) for mark in composition.marks if isinstance(mark, Frame))
        yield f'<path fill-rule="evenodd" d="{" ".join((ground, *letters))}"/>'
        return
    yield from map(_mark, composition.marks)
    if composition.weight:
        weight, red = _number(composition.weight), COLOURS["seal red"]
        yield f'<g stroke="{red}" stroke-width="{weight}" stroke-linejoin="round">'
    yield from (f'<path d="{letter}"/>' for letter in letters)
    if composition.weight:
        yield "</g>"


def _mark(mark: Mark) -> str:
    line = f'fill="none" stroke="{COLOURS["seal red"]}"'
    if isinstance(mark, Ring):
        radii = f'rx="{_number(mark.x)}" ry="{_number(mark.y)}"'
        return f'<ellipse {radii} {line} stroke-width="{_number(mark.stroke)}"/>'
    if isinstance(mark, Frame):
        return f'<path d="{_frame(mark)}" {line} stroke-width="{_number(mark.stroke)}"/>'
    return f'<polygon points="{" ".join(map(_pair, mark))}"/>'


def _frame(frame: Frame) -> str:
    x, y, corner = frame.x, frame.y, frame.corner
    arc = f"A{_number(corner)} {_number(corner)} 0 0 1 "
    starts: Polygon = ((corner - x, -y), (x, corner - y), (x - corner, y), (-x, y - corner))
    ends: Polygon = ((x - corner, -y), (x, y - corner), (corner - x, y), (-x, corner - y))
    sides = (f"{_pair(start)}L{_pair(end)}" for start, end in zip(starts, ends, strict=True))
    return "M" + arc.join(sides) + arc + _pair(starts[0]) + "Z"


def outline(placed: PlacedGlyph) -> str:
    """The path data of a letter where it stands."""
    return "".join(
        command + " ".join(_pair(placed.affine(point)) for point in points) for command, points in placed.glyph.outline
    )


def _pair(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
