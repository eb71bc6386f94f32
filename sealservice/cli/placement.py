"""From the options of a command line to a Placement. Exactly one way to say where, or none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sealservice.cli.output import WrongUsage
from sealservice.workers.order import (
    At,
    Automatic,
    Edge,
    EveryPage,
    Field,
    Hits,
    Invisible,
    Keyword,
    NextField,
    Placement,
    Riding,
)

_FIELD_MM = 42.0
_NEXT = re.compile(r"(?P<name>[^@]+)@(?P<at>[^x]+?)(?:,(?P<width>[\d.]+)x(?P<height>[\d.]+))?")


@dataclass(frozen=True)
class Spot:
    """A point, in millimetres from the top left."""

    x_mm: float
    y_mm: float

    @classmethod
    def parse(cls, text: str) -> Spot:
        """From "X,Y". Raises WrongUsage("PLACE_UNREADABLE")."""
        return cls(*_numbers(text, 2))


def placement(  # one argument an option of the command line
    *, at: str | None, keyword: str | None, hits: Hits, offset: str, field: str | None, riding: bool, edge: Edge,
    group: int, cut: float | None, pages: str | None, every_page: bool, spot: Spot | None, invisible: bool,
) -> Placement:  # fmt: skip
    """Raises WrongUsage("PLACE_TWICE") for two ways at once, and for a place that cannot be read."""
    ways: list[Placement] = []
    if at is not None:
        ways.append(page_place(at))
    if keyword is not None:
        shift = Spot.parse(offset)
        ways.append(Keyword(text=keyword, hits=hits, dx_mm=shift.x_mm, dy_mm=shift.y_mm))
    if field is not None:
        ways.append(Field(name=field))
    if riding:
        ways.append(Riding(edge=edge, group=group, cut_ratio=cut, pages=page_numbers(pages) if pages else None))
    if every_page:
        ways.append(EveryPage(x_mm=spot.x_mm if spot else None, y_mm=spot.y_mm if spot else None))
    if invisible:
        ways.append(Invisible())
    if len(ways) > 1:
        raise WrongUsage("PLACE_TWICE", ways=", ".join(type(way).__name__ for way in ways))
    return ways[0] if ways else Automatic()


def page_place(text: str) -> At:
    """From "PAGE,X,Y"; page -1 is the last. Raises WrongUsage("PLACE_UNREADABLE")."""
    page, x, y = _numbers(text, 3)
    if page != int(page):
        raise WrongUsage("PLACE_UNREADABLE", given=text)
    return At(page=int(page), x_mm=x, y_mm=y)


def page_numbers(text: str) -> tuple[int, ...]:
    """From "1-3,7". Raises WrongUsage("PAGES_UNREADABLE")."""
    chosen: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        last = last if dash else first
        if not (first.isdecimal() and last.isdecimal() and 0 <= int(last) - int(first) <= 100_000):
            raise WrongUsage("PAGES_UNREADABLE", given=text)
        chosen.update(range(int(first), int(last) + 1))
    return tuple(sorted(chosen))


def next_field(text: str) -> NextField:
    """From "NAME@PAGE,X,Y" or "NAME@PAGE,X,Y,WIDTHxHEIGHT", in millimetres; 42 by 42 without a size."""
    match = _NEXT.fullmatch(text)
    if match is None:
        raise WrongUsage("NEXT_FIELD_UNREADABLE", given=text)
    try:
        width, height = float(match["width"] or _FIELD_MM), float(match["height"] or _FIELD_MM)
    except ValueError:
        raise WrongUsage("NEXT_FIELD_UNREADABLE", given=text) from None
    return NextField(name=match["name"], at=page_place(match["at"]), width_mm=width, height_mm=height)


def _numbers(text: str, count: int) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count or not all(abs(number) < 1e6 for number in numbers):
        raise WrongUsage("PLACE_UNREADABLE", given=text)
    return numbers
