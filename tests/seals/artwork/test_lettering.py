"""Letters stand evenly: for any name of 2 to 40 characters, on the arc of a circle and of an ellipse.

The corners of the letters' boxes are judged here with a geometry of the test's own."""

import math
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealservice.seals.artwork import Kind
from sealservice.seals.artwork.drawing import compose

CODE = "99012600012345"
HAN = "云岭市青禾区行政审批局住房和城乡建设人民政府生态环境委员会国口月一卜龘䶮𠮷"
MIXED = HAN + "（）ABCWgy0189"
names = st.text(alphabet=MIXED, min_size=2, max_size=40)

Quad = tuple[tuple[float, float], ...]


def overlap(one: Quad, other: Quad) -> bool:
    """Two convex quadrilaterals overlap unless a line through a side of one has the other wholly beyond it."""
    for quad, foe in ((one, other), (other, one)):
        inward = math.copysign(1, area(quad))
        for (x1, y1), (x2, y2) in zip(quad, quad[1:] + quad[:1], strict=True):
            if all(inward * ((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)) <= 1e-9 for x, y in foe):
                return False
    return True


def area(quad: Quad) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(quad, quad[1:] + quad[:1], strict=True)) / 2


def polar(point: tuple[float, float]) -> tuple[float, float]:
    """Radius, and the angle clockwise from the top in degrees."""
    x, y = point
    return math.hypot(x, y), math.degrees(math.atan2(x, -y))


def quads(lettering) -> list[Quad]:
    return [placed.corners for placed in lettering]


def feet(lettering) -> list[Quad]:
    """The left and right end of each letter's foot, on the curve that all letters of the text stand on."""
    inks = [placed.glyph.ink for placed in lettering]
    latin = all(placed.glyph.character.isascii() for placed in lettering)
    deepest = -0.012 if latin else -0.095  # how far digits, or any Han characters, reach below the baseline, in em
    bottom = min(deepest, *(ink.bottom for ink in inks), 0)
    ends = [((ink.left, bottom), (ink.right, bottom)) for ink in inks]
    return [tuple(map(placed.affine, end)) for placed, end in zip(lettering, ends, strict=True)]


def foot_gaps(lettering) -> list[float]:
    """Between the feet of neighbours, where they come closest."""
    return [math.dist(one[1], other[0]) for one, other in pairwise(feet(lettering))]


@settings(deadline=None, max_examples=60)
@given(names)
def test_a_name_on_a_round_seal_keeps_clear_of_everything(name: str) -> None:
    seal = compose(Kind.APPROVAL, owner_name=name, code=CODE)
    boxes = quads(seal.lettering)
    assert len(boxes) == len(name) + len(seal.style.line) + len(CODE)
    assert not any(overlap(one, other) for one, other in combinations(boxes, 2))
    radii = [polar(corner)[0] for box in boxes for corner in box]
    assert max(radii) < 21 - 1.2 - 0.5  # never nearer than half a millimetre to the border
    assert all(math.hypot(x, y) > 7 + 0.5 for box in quads(seal.name) for x, y in box)  # nor to the star's points
    assert min(y for box in quads(seal.line) for _, y in box) > 7 * math.cos(math.pi / 5) + 0.5


@settings(deadline=None, max_examples=60)
@given(names)
def test_a_name_on_a_circle_is_even_to_the_micrometre_and_centred(name: str) -> None:
    letters = compose(Kind.OFFICIAL, owner_name=name).name
    gaps = foot_gaps(letters)
    assert min(gaps) > 0.1
    assert max(gaps) - min(gaps) < 1e-3
    (first, _), (_, last) = feet(letters)[0], feet(letters)[-1]
    assert polar(first)[1] == pytest.approx(-polar(last)[1], abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(names)
def test_a_name_on_an_oval_seal_keeps_clear_and_even(name: str) -> None:
    seal = compose(Kind.INVOICE, owner_name=name, number="91990126MA0DEMO00X", code=CODE)
    boxes = quads(seal.lettering)
    assert not any(overlap(one, other) for one, other in combinations(boxes, 2))
    assert all((x / (19 - 0.35)) ** 2 + (y / (14 - 0.35)) ** 2 < 1 for box in boxes for x, y in box)
    gaps = foot_gaps(seal.name)
    assert min(gaps) > 0.1
    assert max(gaps) - min(gaps) < 1e-3


@settings(deadline=None, max_examples=10)
@given(st.text(alphabet=MIXED, min_size=1, max_size=20))
def test_a_name_that_mirrors_itself_stands_mirrored(half: str) -> None:
    for kind in (Kind.OFFICIAL, Kind.INVOICE):
        ends = [end for pair in feet(compose(kind, owner_name=half + half[::-1]).name) for end in pair]
        for (x, y), (mirrored, level) in zip(ends, reversed(ends), strict=True):
            assert (x, y) == pytest.approx((-mirrored, level), abs=1e-6)


def test_letters_stand_upright_to_the_centre_and_the_code_to_the_reader() -> None:
    seal = compose(Kind.APPROVAL, owner_name="云岭市青禾区行政审批局（演示）", code=CODE)
    for box in quads(seal.name):
        foot, head = (((box[a][0] + box[b][0]) / 2, (box[a][1] + box[b][1]) / 2) for a, b in ((0, 1), (3, 2)))
        assert polar(foot)[1] == pytest.approx(polar(head)[1], abs=1e-6)
        assert polar(head)[0] > polar(foot)[0]
    for box in quads(seal.code):
        assert (box[0][1] + box[1][1]) / 2 > (box[2][1] + box[3][1]) / 2  # feet below heads
    centres = [sum(x for x, _ in box) for box in quads(seal.code)]
    assert centres == sorted(centres)


def test_a_longer_name_gets_closer_then_narrower_letters_and_only_then_lower_ones() -> None:
    sizes = {n: compose(Kind.OFFICIAL, owner_name="国" * n).name[0].corners for n in (2, 4, 8, 12, 16, 20, 30, 40)}
    widths = [math.dist(box[0], box[1]) for box in sizes.values()]
    heights = [math.dist(box[1], box[2]) for box in sizes.values()]
    assert widths == sorted(widths, reverse=True)
    assert heights == sorted(heights, reverse=True)
    slimness = [height / width for height, width in zip(heights, widths, strict=True)]
    assert slimness == sorted(slimness)
    assert slimness[-1] > 2.5 * slimness[0]
    assert heights[-1] > 3.8  # forty characters still stand nearly four millimetres high


def test_a_middle_dot_keeps_room_and_a_space_separates_words() -> None:
    dotted = compose(Kind.OFFICIAL, owner_name="阿依·古丽合作社")
    assert min(foot_gaps(dotted.name)) > 0.3
    spaced, run_on = (compose(Kind.OFFICIAL, owner_name=name).name for name in ("Demo Office", "DemoOffice"))
    assert len(spaced) == len(run_on)
    gaps = foot_gaps(spaced)
    assert gaps.index(max(gaps)) == 3
