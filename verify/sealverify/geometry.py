"""Matrices and rectangles of PDF user space (ISO 32000-2 §8.3.3); nothing about what they place."""

from __future__ import annotations

Matrix = tuple[float, float, float, float, float, float]
Rectangle = tuple[float, float, float, float]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def multiply(first: Matrix, then: Matrix) -> Matrix:
    """`first`, and then `then`: points are row vectors."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def inverse(matrix: Matrix) -> Matrix | None:
    """None when the matrix flattens the plane."""
    a, b, c, d, e, f = matrix
    determinant = a * d - b * c
    if abs(determinant) < 1e-12:
        return None
    return (
        d / determinant,
        -b / determinant,
        -c / determinant,
        a / determinant,
        (c * f - d * e) / determinant,
        (b * e - a * f) / determinant,
    )


def bounds(matrix: Matrix, box: Rectangle) -> Rectangle:
    """The upright rectangle around `box` after `matrix`."""
    a, b, c, d, e, f = matrix
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def meet(one: Rectangle, other: Rectangle) -> Rectangle:
    """What two rectangles have in common; empty ones come out with no width."""
    left, bottom = max(one[0], other[0]), max(one[1], other[1])
    return left, bottom, max(left, min(one[2], other[2])), max(bottom, min(one[3], other[3]))


def near(one: float, other: float, tolerance: float) -> bool:
    return abs(one - other) <= tolerance
