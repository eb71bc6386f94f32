"""Puts the pieces of one pressing together into one revision: picture, field, pages, form, catalogue, signature."""

from __future__ import annotations

from collections.abc import Sequence

from sealservice.workers.order import Certification, NextField, PreparationOrder
from sealservice.workers.pdf import signature, syntax
from sealservice.workers.pdf.content import PageDrawer, appearance, blank_appearance, inked
from sealservice.workers.pdf.edits import CatalogueEdits, PageEdits
from sealservice.workers.pdf.geometry import Box, Rect
from sealservice.workers.pdf.objects import own_entries
from sealservice.workers.pdf.opening import Document, ObjGen
from sealservice.workers.pdf.pages import PageView
from sealservice.workers.pdf.picture import Picture
from sealservice.workers.pdf.placement import page_by_number, require_inside
from sealservice.workers.pdf.revision import Revision, SignatureHole, Written
from sealservice.workers.pdf.spots import Plan
from sealservice.workers.pdf.structure import StructureTree

_NOWHERE: Rect = (0, 0, 0, 0)


class Press:
    """One pressing of `order` as `plan` decided, into the field `name`; with `ink` the text beneath shines through."""

    def __init__(
        self,
        order: PreparationOrder,
        plan: Plan,
        document: Document,
        pages: Sequence[PageView],
        name: str,
        *,
        ink: bool,
    ) -> None:
        self._ink = ink
        self._order, self._plan, self._document, self._pages, self._name = order, plan, document, pages, name
        self._revision = Revision(document)
        self._catalogue = CatalogueEdits(document, self._revision)
        self._structure = StructureTree(document, self._revision)
        self._sheets = PageEdits(self._revision, tab_order=self._structure.exists)

    def write(self, source: int, output: int, picture: Picture | None, *, signed: bool) -> Written:
        """Writes the file; `signed` when it carries a signature already."""
        order, revision = self._order, self._revision
        if signed:
            self._sheets = PageEdits(revision, tab_order=False)
        shown = (picture, self._add_picture(picture)) if picture else None
        hole = revision.new()
        references = self._references(hole, signed=signed)
        self._add_signature_field(hole, shown, signed=signed)
        for field in order.next_fields:
            self._add_next_field(field)
        for spot in self._plan.spots[1:]:
            self._sheets.add_spot(spot)
        self._sheets.finish(PageDrawer(revision, shown[1], shown[0].bounds) if shown else None)
        self._structure.finish()
        self._catalogue.finish()
        entries = signature.signature_entries(order, self._plan, shown, references)
        seed = order.impression_id.encode()
        return revision.write(source, output, SignatureHole(hole, entries, order.contents_bytes), seed)

    def _add_picture(self, picture: Picture) -> ObjGen:
        numbers = [self._revision.new() for _ in picture.objects]
        bodies = picture.written([number for number, _ in numbers])
        for objgen, body in zip(numbers, bodies, strict=True):
            self._revision.put(objgen, body)
        return self._revision.add(inked(numbers[0], picture.bounds)) if self._ink else numbers[0]

    def _references(self, hole: ObjGen, *, signed: bool) -> list[bytes]:
        certification = self._order.certification
        if self._order.lock and not signed:
            certification = Certification.NO_CHANGES
        references = []
        if certification is not None:
            references.append(signature.certifies(certification))
            self._catalogue.certify(hole)
        asked = signature.locks_as_asked(self._plan.field) if self._plan.field else None
        if self._order.lock and signed:
            references.append(signature.locks_all())
        elif asked is not None:
            references.append(asked)
        return references

    def _add_signature_field(self, hole: ObjGen, shown: tuple[Picture, ObjGen] | None, *, signed: bool) -> None:
        value: syntax.Entries = {"/V": syntax.reference(hole)}
        if self._order.lock and signed and self._plan.field is None:
            value["/Lock"] = syntax.reference(self._revision.add(signature.lock_dictionary()))
        if self._plan.field is not None:
            self._fill_field(value, self._appearance(shown), signed=signed)
            return
        spot = self._plan.spots[0] if self._plan.spots else None
        page = spot.page if spot else self._pages[0]
        rotate = spot.sheet.rotate if spot else 0
        frame = spot.rect if spot else _NOWHERE
        entries = {
            **signature.field_entries(self._name),
            **value,
            **signature.widget_entries(page.objgen, frame, self._spoken(), rotate),
            **self._appearance(shown),
        }
        self._add_widget(page, entries, tagged=not signed)

    def _appearance(self, shown: tuple[Picture, ObjGen] | None) -> syntax.Entries:
        if shown is None or not self._plan.spots:
            return {}
        spot = self._plan.spots[0]
        drawn = appearance(spot, self._plan.frame or spot.rect, shown[1], shown[0].bounds)
        return {"/AP": b"<< /N " + syntax.reference(self._revision.add(drawn)) + b" >>"}

    def _fill_field(self, value: syntax.Entries, look: syntax.Entries, *, signed: bool) -> None:
        field = self._plan.field
        assert field is not None
        widget = field.widgets[0] if field.widgets else field.object
        if look and not signed:  # on a signed document the flags are as its signers saw them
            look = {**look, "/F": signature.shown_flags(widget.get("/F", 0))}
        if widget.is_same_object_as(field.object):
            self._revision.put(widget.objgen, syntax.dictionary({**own_entries(widget), **value, **look}))
            return
        self._revision.put(field.object.objgen, syntax.dictionary({**own_entries(field.object), **value}))
        self._revision.put(widget.objgen, syntax.dictionary({**own_entries(widget), **look}))

    def _add_next_field(self, wanted: NextField) -> None:
        page = page_by_number(self._pages, wanted.at.page)
        sheet = page.sheet()
        box = Box.around(wanted.at.x_mm, wanted.at.y_mm, wanted.width_mm, wanted.height_mm)
        require_inside(page, sheet, box)
        frame = sheet.rect(box)
        look = self._revision.add(blank_appearance(sheet, frame))
        entries = {
            **signature.field_entries(wanted.name),
            **signature.widget_entries(page.objgen, frame, wanted.name, sheet.rotate),
            "/AP": b"<< /N " + syntax.reference(look) + b" >>",
        }
        self._add_widget(page, entries, tagged=True)

    def _add_widget(self, page: PageView, entries: syntax.Entries, *, tagged: bool) -> None:
        widget = self._revision.new()
        if tagged and self._structure.exists:
            spoken = self._spoken()
            entries = {**entries, "/StructParent": b"%d" % self._structure.add_widget(widget, page.objgen, spoken)}
        self._revision.put(widget, syntax.dictionary(entries))
        self._sheets.add_widget(page, widget)
        self._catalogue.add_field(widget)

    def _spoken(self) -> str:
        """What a screen reader says at the seal."""
        return f"电子印章 Electronic seal: {self._order.signer_name}"
