"""Where letters stand on a curve so that the gaps between them are even to the eye.

A letter's foot is straight and touches the curve in its middle. How much of the curve it covers is what its ends look
down on; what the eye compares is the straight distance between the ends of neighbours. Knows widths and a curve;
refuses to know what the letters are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sealservice.seals.artwork.curves import Curve

_PROJECTIONS = 2
_EVENINGS = 4


@dataclass(frozen=True, slots=True)
class Stand:
    """One letter's place on a curve: where its middle is, and how much of the curve its foot covers before and
    after."""

    middle: float
    before: float
    after: float


def arrange(widths: Sequence[float], gap: float, curve: Curve) -> list[Stand]:
    """Where letters of these widths stand, centred on the top of the curve, all in millimetres.

    Gaps are even along the curve first; then, where it bends unevenly, a little is moved from those that are wider
    across to those that are narrower. The whole keeps its length."""
    gaps = [gap] * (len(widths) - 1)
    stands = _settle(widths, gaps, curve)
    for _ in range(_EVENINGS):
        across = _across(widths, stands, curve)
        mean = sum(across) / max(len(across), 1)
        gaps = [one + mean - other for one, other in zip(gaps, across, strict=True)]
        stands = _settle(widths, gaps, curve)
    return stands


def length(widths: Sequence[float], gap: float, curve: Curve) -> float:
    """How much of the curve letters of these widths take with this gap, in millimetres."""
    stands = _settle(widths, [gap] * (len(widths) - 1), curve)
    return stands[-1].middle + stands[-1].after - (stands[0].middle - stands[0].before)


def _settle(widths: Sequence[float], gaps: Sequence[float], curve: Curve) -> list[Stand]:
    """How much a letter covers depends on where it stands, and that on how much the others cover; hence two
    rounds."""
    stands = spread([(width / 2, width / 2) for width in widths], gaps)
    for _ in range(2):
        covers = [
            (_reach(curve, stand.middle, -width / 2), _reach(curve, stand.middle, width / 2))
            for stand, width in zip(stands, widths, strict=True)
        ]
        stands = spread(covers, gaps)
    return stands


def _reach(curve: Curve, middle: float, half: float) -> float:
    """How far along the curve a foot reaches that touches it at `middle` and goes on straight for `half`: to the
    place that the foot's end looks down on."""
    start = curve.station(middle)
    (x, y), cosine, sine = start.at, math.cos(start.angle), math.sin(start.angle)
    end = x + half * cosine, y + half * sine
    distance = middle + start.radius * math.atan(half / start.radius)
    for _ in range(_PROJECTIONS):
        station = curve.station(distance)
        cosine, sine = math.cos(station.angle), math.sin(station.angle)
        dx, dy = end[0] - station.at[0], end[1] - station.at[1]
        height = dx * sine - dy * cosine
        distance += (dx * cosine + dy * sine) * station.radius / (station.radius + height)
    return abs(distance - middle)


def _across(widths: Sequence[float], stands: Sequence[Stand], curve: Curve) -> list[float]:
    """The straight distances between the feet of neighbours."""
    ends = []
    for width, stand in zip(widths, stands, strict=True):
        station = curve.station(stand.middle)
        dx, dy = math.cos(station.angle) * width / 2, math.sin(station.angle) * width / 2
        (x, y) = station.at
        ends.append(((x - dx, y - dy), (x + dx, y + dy)))
    return [math.dist(one[1], other[0]) for one, other in pairwise(ends)]


def spread(covers: Sequence[tuple[float, float]], gaps: Sequence[float]) -> list[Stand]:
    """Places one after another, the whole centred on 0."""
    place = -(sum(before + after for before, after in covers) + sum(gaps)) / 2
    stands = []
    for (before, after), gap in zip(covers, (*gaps, 0.0), strict=True):
        stands.append(Stand(place + before, before, after))
        place += before + after + gap
    return stands
