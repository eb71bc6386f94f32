"""The riding seal (骑缝章): one seal cut over the edges of many pages.

Fan the pages out with the first on top, stamp across their edges, and each page carries one slice. So on the right
edge the first page has the seal's left part; on the left edge it has the right part, and so on around. All slices of a
seal lie at one height as the reader sees the pages, whatever their size and rotation, flush with the visible edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers.order import Edge, Riding
from sealservice.workers.pdf.geometry import Box, Sheet
from sealservice.workers.pdf.pages import PageView
from sealservice.workers.pdf.spots import Size, Spot

_UPRIGHT = (Edge.RIGHT, Edge.LEFT)
_MIN_SLICE_MM = 1.0
_BLEED_MM = 0.25
"""How far a slice is drawn over the page's edge: a page is seldom a whole number of pixels wide, and the last one, half
page and half nothing, would show as a white line."""


def slices(wanted: Riding, size: Size, pages: Sequence[PageView]) -> tuple[list[Spot], int]:
    """One spot a page, and the number of whole seals. Raises DocumentRefused: fewer than two pages, a cut that leaves
    nothing, a seal that does not fit along the edge."""
    if len(pages) < 2 or wanted.group < 2:
        raise DocumentRefused("RIDING_NEEDS_TWO_PAGES", pages=len(pages))
    if len({page.index for page in pages}) < len(pages):
        raise DocumentRefused("RIDING_PAGE_TWICE")
    sheets = [page.sheet() for page in pages]
    middle = wanted.offset_mm
    if middle is None:
        middle = min(_length(sheet, wanted.edge) for sheet in sheets) / 2
    spots = []
    groups = shared_out(len(pages), wanted.group)
    for group, (start, end) in enumerate(pairwise(accumulate(groups, initial=0)), 1):
        cuts = cut(end - start, wanted.cut_ratio)
        for index in range(start, end):
            part = cuts[index - start]
            whole, seen = _boxes(wanted.edge, middle, part, size, sheets[index])
            _require_fit(pages[index], sheets[index], seen, size)
            number = index - start + 1
            bleed = _over_the_edge(seen, wanted.edge) if number < end - start else None  # the last has nothing left
            spots.append(Spot(pages[index], sheets[index], whole, seen, number, end - start, group, bleed))
    return spots, len(groups)


def shared_out(pages: int, largest: int) -> list[int]:
    """`pages` over as few groups of at most `largest` as will do, their sizes differing by one at most.

    A last group of one page would carry a whole seal at the edge; so none has fewer than two (when `largest` > 2)."""
    count = -(-pages // largest)
    if count > 1 and pages // count < 2:
        count = pages // 2
    small, extra = divmod(pages, count)
    return [small + 1] * extra + [small] * (count - extra)


def cut(parts: int, ratio: float | None) -> list[tuple[float, float]]:
    """Where the seal is cut, from 0 to 1: `ratio` of it for the first page, what is left in equal parts."""
    if ratio is not None and not 0 < ratio < 1:
        raise DocumentRefused("RIDING_CUT_WRONG", ratio=f"{ratio:g}")
    first = 1 / parts if ratio is None else ratio
    widths = [first] + [(1 - first) / (parts - 1)] * (parts - 1)
    return list(pairwise(accumulate(widths, initial=0.0)))


def _boxes(edge: Edge, middle: float, part: tuple[float, float], size: Size, sheet: Sheet) -> tuple[Box, Box]:
    """Where the whole seal would lie so that its `part`, counted from the first page's side, ends at the edge."""
    start, end = part
    if edge in _UPRIGHT:
        wide, top = (end - start) * size.width, middle - size.height / 2
        if edge is Edge.RIGHT:
            whole = Box(sheet.width_mm - end * size.width, top, size.width, size.height)
            return whole, Box(sheet.width_mm - wide, top, wide, size.height)
        return Box(-(1 - end) * size.width, top, size.width, size.height), Box(0, top, wide, size.height)
    high, left = (end - start) * size.height, middle - size.width / 2
    if edge is Edge.BOTTOM:
        whole = Box(left, sheet.height_mm - end * size.height, size.width, size.height)
        return whole, Box(left, sheet.height_mm - high, size.width, high)
    return Box(left, -(1 - end) * size.height, size.width, size.height), Box(left, 0, size.width, high)


def _over_the_edge(seen: Box, edge: Edge) -> Box:
    if edge in _UPRIGHT:
        left = seen.left - (_BLEED_MM if edge is Edge.LEFT else 0)
        return Box(left, seen.top, seen.width + _BLEED_MM, seen.height)
    top = seen.top - (_BLEED_MM if edge is Edge.TOP else 0)
    return Box(seen.left, top, seen.width, seen.height + _BLEED_MM)


def _length(sheet: Sheet, edge: Edge) -> float:
    return sheet.height_mm if edge in _UPRIGHT else sheet.width_mm


def _require_fit(page: PageView, sheet: Sheet, seen: Box, size: Size) -> None:
    if min(seen.width, seen.height) < _MIN_SLICE_MM:
        raise DocumentRefused("RIDING_SLICE_TOO_THIN", slice=f"{min(seen.width, seen.height):.2f}", least=_MIN_SLICE_MM)
    if not sheet.contains(seen):
        raise DocumentRefused(
            "RIDING_DOES_NOT_FIT",
            page=page.number,
            seal=f"{size.width:g} × {size.height:g}",
            width=f"{sheet.width_mm:.1f}",
            height=f"{sheet.height_mm:.1f}",
        )
