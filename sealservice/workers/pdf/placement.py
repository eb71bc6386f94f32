"""Where the seal stands: from what was asked to spots on pages, each checked against the page as its reader sees it.

The seal keeps its true size everywhere. A place that would put it over the page's edge is refused with the page's
size, but for riding seals, whose middle is the edge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers import order as orders
from sealservice.workers.limits import Limits
from sealservice.workers.pdf import riding
from sealservice.workers.pdf.fields import FormField, find_empty
from sealservice.workers.pdf.geometry import Box, Sheet
from sealservice.workers.pdf.keyword import Hit, TextSearch
from sealservice.workers.pdf.pages import PageView, read_rectangle
from sealservice.workers.pdf.spots import Plan, Size, Spot

_MARGIN_MM = 20.0
_AUTOMATIC_WORDS = ("盖章", "(seal)")


@dataclass(frozen=True)
class Scene:
    """What placing needs to know of the document."""

    pages: Sequence[PageView]
    fields: Sequence[FormField]
    text: TextSearch
    limits: Limits


def plan(placement: orders.Placement, size: Size, scene: Scene) -> Plan:
    """Raises DocumentRefused when the seal cannot stand where it was asked to."""
    planner = _PLANNERS[type(placement)]
    result: Plan = planner(placement, size, scene)
    if len(result.spots) > scene.limits.places:
        raise DocumentRefused("PLACES_TOO_MANY", places=len(result.spots), limit=scene.limits.places)
    return result


def page_by_number(pages: Sequence[PageView], number: int) -> PageView:
    """Counted from 1, or from the end when negative. Raises DocumentRefused("PAGE_NOT_THERE")."""
    if not 1 <= abs(number) <= len(pages):
        raise DocumentRefused("PAGE_NOT_THERE", page=number, pages=len(pages))
    return pages[number - 1 if number > 0 else number]


def require_inside(page: PageView, sheet: Sheet, box: Box) -> None:
    """Raises DocumentRefused("PLACE_OUTSIDE_PAGE") unless all of `box` is on the page."""
    if sheet.contains(box):
        return
    x, y = box.centre
    raise DocumentRefused(
        "PLACE_OUTSIDE_PAGE",
        page=page.number,
        x=f"{x:g}",
        y=f"{y:g}",
        seal=f"{box.width:g} × {box.height:g}",
        width=f"{sheet.width_mm:.1f}",
        height=f"{sheet.height_mm:.1f}",
    )


def spot_at(page: PageView, x_mm: float, y_mm: float, size: Size) -> Spot:
    """The whole seal, its middle at (x, y). Raises DocumentRefused("PLACE_OUTSIDE_PAGE")."""
    sheet = page.sheet()
    box = Box.around(x_mm, y_mm, size.width, size.height)
    require_inside(page, sheet, box)
    return Spot(page, sheet, box, box)


def _at(placement: orders.At, size: Size, scene: Scene) -> Plan:
    page = page_by_number(scene.pages, placement.page)
    return Plan("Single", (spot_at(page, placement.x_mm, placement.y_mm, size),))


def _every_page(placement: orders.EveryPage, size: Size, scene: Scene) -> Plan:
    def spot(page: PageView) -> Spot:
        x, y = _lower_right(page.sheet(), size)
        return spot_at(
            page,
            x if placement.x_mm is None else placement.x_mm,
            y if placement.y_mm is None else placement.y_mm,
            size,
        )

    return Plan("EveryPage", tuple(spot(page) for page in scene.pages))


def _keyword(placement: orders.Keyword, size: Size, scene: Scene) -> Plan:
    hits = scene.text.find(placement.text, scene.pages, placement.hits)
    if not hits:
        code = "KEYWORD_NOT_FOUND" if scene.text.saw_text else "DOCUMENT_WITHOUT_TEXT"
        raise DocumentRefused(code, keyword=placement.text, pages=len(scene.pages))

    def spot(hit: Hit) -> Spot:
        page = scene.pages[hit.page]
        x, y = page.sheet().box(hit.rect).centre
        return spot_at(page, x + placement.dx_mm, y + placement.dy_mm, size)

    form = "Keyword" if placement.hits is orders.Hits.EVERY else "Single"
    return Plan(form, tuple(map(spot, hits)), keyword=placement.text)


def _automatic(_: orders.Automatic, size: Size, scene: Scene) -> Plan:
    for word in _AUTOMATIC_WORDS:
        hits = scene.text.find(word, scene.pages, orders.Hits.LAST)
        if hits:
            page = scene.pages[hits[0].page]
            sheet = page.sheet()
            x, y = sheet.box(hits[0].rect).centre
            return Plan("Single", (spot_at(page, *_pushed_inside(x, y, sheet, size), size),), keyword=word)
    page = scene.pages[-1]
    return Plan("Single", (spot_at(page, *_lower_right(page.sheet(), size), size),))


def _lower_right(sheet: Sheet, size: Size) -> tuple[float, float]:
    x = sheet.width_mm - _MARGIN_MM - size.width / 2
    y = sheet.height_mm - _MARGIN_MM - size.height / 2
    return _pushed_inside(x, y, sheet, size)


def _pushed_inside(x: float, y: float, sheet: Sheet, size: Size) -> tuple[float, float]:
    """The nearest place where the whole seal is on the page, if there is one."""
    return (
        max(size.width / 2, min(x, sheet.width_mm - size.width / 2)),
        max(size.height / 2, min(y, sheet.height_mm - size.height / 2)),
    )


def _field(placement: orders.Field, size: Size, scene: Scene) -> Plan:
    field = find_empty(list(scene.fields), placement.name)
    rect = read_rectangle(field.widgets[0].get("/Rect")) if field.widgets else None
    if rect is None or rect[0] == rect[2] or rect[1] == rect[3]:
        return Plan("Invisible", (), field=field)  # the document wants this signature unseen
    page = _page_of(field, scene)
    sheet = page.sheet()
    frame = sheet.box(rect)
    if frame.width < size.width - 0.01 or frame.height < size.height - 0.01:
        raise DocumentRefused(
            "FIELD_TOO_SMALL",
            field=field.name,
            seal=f"{size.width:g} × {size.height:g}",
            box=f"{frame.width:.1f} × {frame.height:.1f}",
        )
    box = Box.around(*frame.centre, size.width, size.height)
    return Plan("Single", (Spot(page, sheet, box, box),), field=field, frame=rect)


def _page_of(field: FormField, scene: Scene) -> PageView:
    widget = field.widgets[0]
    for page in scene.pages:
        annotations = page.object.get("/Annots")
        if annotations is not None and any(one.is_same_object_as(widget) for one in annotations):
            return page
    raise DocumentRefused("FIELD_ON_NO_PAGE", field=field.name)


def _riding(placement: orders.Riding, size: Size, scene: Scene) -> Plan:
    numbers = placement.pages or range(1, len(scene.pages) + 1)
    pages = [page_by_number(scene.pages, number) for number in numbers]
    spots, groups = riding.slices(placement, size, pages)
    return Plan("Riding", tuple(spots), groups=groups)


def _invisible(_: orders.Invisible, __: Size, ___: Scene) -> Plan:
    return Plan("Invisible", ())


_PLANNERS: dict[type, Callable[..., Plan]] = {
    orders.At: _at,
    orders.EveryPage: _every_page,
    orders.Keyword: _keyword,
    orders.Automatic: _automatic,
    orders.Field: _field,
    orders.Riding: _riding,
    orders.Invisible: _invisible,
}
