"""What placing decides: spots on pages. Shared by those who find them and those who draw them."""

from __future__ import annotations

from dataclasses import dataclass

from sealservice.workers.order import Place
from sealservice.workers.pdf.fields import FormField
from sealservice.workers.pdf.geometry import Box, Rect, Sheet
from sealservice.workers.pdf.pages import PageView


@dataclass(frozen=True)
class Size:
    """Of the seal, in millimetres."""

    width: float
    height: float


@dataclass(frozen=True)
class Spot:
    """One picture on one page. `whole` is where all of the seal would lie, `seen` the part that shows, and `bleed` what
    is drawn of it, when that reaches a little over the page's edge."""

    page: PageView
    sheet: Sheet
    whole: Box
    seen: Box
    slice: int = 1
    of: int = 1
    group: int = 1
    bleed: Box | None = None

    @property
    def rect(self) -> Rect:
        """What is drawn, in default user space."""
        return self.sheet.rect(self.bleed or self.seen)

    def place(self) -> Place:
        """As the answer states it."""
        x, y = self.seen.centre
        return Place(
            page=self.page.number,
            x_mm=round(x, 3),
            y_mm=round(y, 3),
            rect=self.rect,
            slice=self.slice,
            of=self.of,
            group=self.group,
        )


@dataclass(frozen=True)
class Plan:
    """All spots, the widget's first. `form` is the impression's form; `frame` the box of the field that is filled."""

    form: str
    spots: tuple[Spot, ...]
    groups: int = 1
    keyword: str | None = None
    field: FormField | None = None
    frame: Rect | None = None
