"""The curves that letters stand on: circles, and curves parallel to an ellipse.

A curve is walked by its length in millimetres, from the top, clockwise positive. Refuses to know what is set on it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from sealservice.seals.artwork.geometry import Point

_STEPS = 256
"""Stations in half an ellipse: at 40 mm that is one every 0.2 mm, and a chord between two leaves the curve by 1 µm."""


@dataclass(frozen=True, slots=True)
class Station:
    """A place on a curve: where it is, how far an upright letter is turned there (clockwise, radians), and the radius
    of the curve there in millimetres."""

    at: Point
    angle: float
    radius: float


class Curve(Protocol):
    def station(self, distance: float) -> Station:
        """The place `distance` millimetres clockwise from the top."""

    def polar(self, angle: float) -> float:
        """The distance along the curve from the top to where it meets the ray at `angle` radians from the top."""


@dataclass(frozen=True, slots=True)
class Circle:
    radius: float

    def station(self, distance: float) -> Station:
        angle = distance / self.radius
        return Station((self.radius * math.sin(angle), -self.radius * math.cos(angle)), angle, self.radius)

    def polar(self, angle: float) -> float:
        return angle * self.radius


@dataclass(frozen=True)
class ParallelToEllipse:
    """The curve that runs everywhere `inset` millimetres inside the ellipse with the half axes `a` and `b`.

    `inset` must be smaller than b²/a, the ellipse's tightest radius."""

    a: float
    b: float
    inset: float
    _stations: tuple[Station, ...] = field(init=False, repr=False)
    _lengths: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        stations = tuple(self._compute(math.pi * i / _STEPS) for i in range(_STEPS + 1))
        lengths = [0.0]
        for one, other in pairwise(stations):
            lengths.append(lengths[-1] + math.dist(one.at, other.at))
        object.__setattr__(self, "_stations", stations)
        object.__setattr__(self, "_lengths", tuple(lengths))

    def _compute(self, t: float) -> Station:
        normal_x, normal_y = self.b * math.sin(t), self.a * math.cos(t)
        speed = math.hypot(normal_x, normal_y)
        x = self.a * math.sin(t) - self.inset * normal_x / speed
        y = self.b * math.cos(t) - self.inset * normal_y / speed
        return Station((x, -y), math.atan2(normal_x, normal_y), speed**3 / (self.a * self.b) - self.inset)

    def station(self, distance: float) -> Station:
        place, share = _locate(self._lengths, abs(distance))
        one, other = self._stations[place], self._stations[place + 1]
        x, y = (_between(p, q, share) for p, q in zip(one.at, other.at, strict=True))
        angle, sign = _between(one.angle, other.angle, share), math.copysign(1, distance)
        return Station((sign * x, y), sign * angle, _between(one.radius, other.radius, share))

    def polar(self, angle: float) -> float:
        place, share = _locate([math.atan2(station.at[0], -station.at[1]) for station in self._stations], angle)
        return _between(self._lengths[place], self._lengths[place + 1], share)


def _locate(values: Sequence[float], value: float) -> tuple[int, float]:
    place = min(max(bisect_left(values, value) - 1, 0), len(values) - 2)
    return place, (value - values[place]) / (values[place + 1] - values[place])


def _between(one: float, other: float, share: float) -> float:
    return one + (other - one) * share
