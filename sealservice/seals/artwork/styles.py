"""What a seal of each kind looks like: shape, true size, border, star, the line it carries. And the one table of
colours.

Sizes follow the rules there are; where there is no national rule, common practice, and this says which is which.

- 国发〔1999〕25号: seals of administrative bodies, enterprises and associations are round, in 宋体, simplified
  characters, the name running from left to right around the star (or the national emblem, which we never draw); not
  above 45 mm; 42 mm for towns and most offices. Its article 22: a seal for one business (contract, finance) must
  differ from the official seal in name and in style; hence they are smaller and have no star here.
- 国家税务总局公告2011年第7号: the invoice seal is an ellipse of 40 x 30 mm with a border of 1 mm, tax number in the
  middle (3.7 mm high, 26 mm wide), name around it (4.2 mm high, spanning 210° to 260°), below it the words (4.6 mm
  high).
- Practice of registration offices: 42 mm with a border of 1.2 mm and a star of 14 mm; seals for one business 38 to 40
  mm with a border of 1 mm; name seals square, 18 to 20 mm.

Refuses to know how anything is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What a seal is for."""

    OFFICIAL = "OFFICIAL"
    APPROVAL = "APPROVAL"
    LICENCE = "LICENCE"
    CONTRACT = "CONTRACT"
    FINANCE = "FINANCE"
    INVOICE = "INVOICE"
    PERSONAL = "PERSONAL"


class Shape(StrEnum):
    ROUND = "ROUND"
    OVAL = "OVAL"
    SQUARE = "SQUARE"


class Carving(StrEnum):
    """RELIEF (朱文) prints red characters, INTAGLIO (白文) a red ground that the paper's white shows through."""

    RELIEF = "RELIEF"
    INTAGLIO = "INTAGLIO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Lengths in millimetres at true size. `star_mm` is the diameter of the circle through the star's points, 0 for
    none; `line` is what stands below the star when the caller says nothing; a square seal then takes the suffix that
    makes four."""

    shape: Shape
    width_mm: float
    height_mm: float
    border_mm: float
    star_mm: float = 0.0
    line: str = ""
    carving: Carving = Carving.RELIEF

    def at_size(self, width_mm: float, height_mm: float) -> Style:
        """The same seal larger or smaller, border and star with it."""
        scale = min(width_mm / self.width_mm, height_mm / self.height_mm)
        return replace(
            self,
            width_mm=width_mm,
            height_mm=height_mm,
            border_mm=self.border_mm * scale,
            star_mm=self.star_mm * scale,
        )


SMALLEST_MM, LARGEST_MM = 8.0, 100.0
"""No side of a seal is shorter or longer than this, drawn or given."""

COLOURS: Mapping[str, str] = MappingProxyType({"seal red": "#D7000F"})
"""sRGB, written into the PDF with its ICC profile. The red of Chinese official documents (大红), as in red
headings."""


def _round(diameter: float, *, border: float, star: float = 0.0, line: str = "") -> Style:
    return Style(shape=Shape.ROUND, width_mm=diameter, height_mm=diameter, border_mm=border, star_mm=star, line=line)


STYLES: Mapping[Kind, Style] = MappingProxyType(
    {
        Kind.OFFICIAL: _round(42, border=1.2, star=14),
        Kind.APPROVAL: _round(42, border=1.2, star=14, line="行政审批专用章"),
        Kind.LICENCE: _round(42, border=1.2, star=14, line="电子证照专用章"),
        Kind.CONTRACT: _round(40, border=1.0, line="合同专用章"),
        Kind.FINANCE: _round(38, border=1.0, line="财务专用章"),
        Kind.INVOICE: Style(shape=Shape.OVAL, width_mm=40, height_mm=30, border_mm=1.0, line="发票专用章"),
        Kind.PERSONAL: Style(shape=Shape.SQUARE, width_mm=20, height_mm=20, border_mm=0.9),
    }
)
