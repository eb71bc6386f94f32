"""What a seal consists of before it is written down: marks (border, star, ground) and lettering, all in millimetres.

The rooms that draw a shape hand one of these out, the SVG writer takes it. Refuses to know how either works.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sealservice.seals.artwork.geometry import Polygon
from sealservice.seals.artwork.lettering import Lettering
from sealservice.seals.artwork.styles import Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What a seal says; "" for what it does not say. `fonts` is the folder configured for fonts, if any."""

    owner_name: str
    line: str
    code: str
    number: str
    fonts: Path | None


@dataclass(frozen=True, slots=True)
class Ring:
    """An ellipse around the centre; `x` and `y` are the half axes of the stroke's middle, `stroke` its width."""

    x: float
    y: float
    stroke: float


@dataclass(frozen=True, slots=True)
class Frame:
    """A rounded rectangle around the centre: half sides and corner radius of the stroke's middle. `stroke` 0 fills
    it, and the lettering is cut out of it."""

    x: float
    y: float
    corner: float
    stroke: float


Mark = Ring | Frame | Polygon


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A seal on the board. Every lettering is empty when the seal does not carry it. `weight` is the width in
    millimetres of a contour that makes letters sturdier, 0 for none."""

    style: Style
    title: str
    marks: tuple[Mark, ...]
    name: Lettering
    line: Lettering = ()
    code: Lettering = ()
    number: Lettering = ()
    weight: float = 0.0

    @property
    def lettering(self) -> Lettering:
        return self.name + self.line + self.code + self.number
