"""Changes to objects that a document has: page dictionaries, the form, the catalogue. Each is written once, at the end.

An object is taken over as it is written, references kept, and only what has to change is changed; an array that stands
as an object of its own is changed there, so that as little as possible differs from before.
"""

from __future__ import annotations

import pikepdf

from sealservice.workers.pdf import syntax
from sealservice.workers.pdf.content import PageDrawer
from sealservice.workers.pdf.objects import own_entries, written
from sealservice.workers.pdf.opening import Document, ObjGen
from sealservice.workers.pdf.pages import PageView
from sealservice.workers.pdf.revision import Revision
from sealservice.workers.pdf.spots import Spot


def extended(node: pikepdf.Object | None, key: str, items: list[bytes]) -> bytes:
    """The array under `key` of `node` with `items` behind what it has; a single value becomes an array."""
    value = node.get(key) if node is not None else None
    if isinstance(value, pikepdf.Array):
        return value.unparse(resolved=True).strip().removesuffix(b"]") + b" ".join(items) + b" ]"
    old = [written(node, key)] if node is not None and value is not None else []
    return syntax.array([*old, *items])


def append(revision: Revision, node: pikepdf.Object, entries: syntax.Entries, key: str, items: list[bytes]) -> None:
    """Appends to the array under `key`, in `entries` (those of `node`) or where the array is an object of its own."""
    value = node.get(key)
    if isinstance(value, pikepdf.Array) and value.is_indirect:
        revision.put(value.objgen, extended(node, key, items))
    else:
        entries[key] = extended(node, key, items)


class PageEdits:
    """What is added to pages: widgets, and pictures of the seal."""

    def __init__(self, revision: Revision, *, tab_order: bool) -> None:
        self._revision, self._tab_order = revision, tab_order
        self._widgets: dict[int, list[bytes]] = {}
        self._spots: dict[int, list[Spot]] = {}
        self._pages: dict[int, PageView] = {}

    def add_widget(self, page: PageView, widget: ObjGen) -> None:
        self._pages[page.index] = page
        self._widgets.setdefault(page.index, []).append(syntax.reference(widget))

    def add_spot(self, spot: Spot) -> None:
        self._pages[spot.page.index] = spot.page
        self._spots.setdefault(spot.page.index, []).append(spot)

    def finish(self, drawer: PageDrawer | None) -> None:
        for index, page in self._pages.items():
            before = own_entries(page.object)
            entries = dict(before)
            if index in self._widgets:
                append(self._revision, page.object, entries, "/Annots", self._widgets[index])
                if self._tab_order:  # ISO 14289-1, 7.18.3: tabs go in the order of the structure
                    entries.setdefault("/Tabs", b"/S")
            if index in self._spots and drawer is not None:
                drawer.draw(page, self._spots[index], entries)
            if entries != before:
                self._revision.put(page.objgen, syntax.dictionary(entries))


class CatalogueEdits:
    """What is added to the catalogue and the form in it."""

    def __init__(self, document: Document, revision: Revision) -> None:
        self._root, self._revision = document.root, revision
        self._fields: list[bytes] = []
        self._certification: ObjGen | None = None

    def add_field(self, field: ObjGen) -> None:
        self._fields.append(syntax.reference(field))

    def certify(self, signature: ObjGen) -> None:
        self._certification = signature

    def finish(self) -> None:
        before = own_entries(self._root)
        entries = dict(before)
        self._finish_form(entries)
        if self._certification is not None:
            permissions = own_entries(self._root.get("/Perms"))
            permissions["/DocMDP"] = syntax.reference(self._certification)
            entries["/Perms"] = syntax.dictionary(permissions)
        if entries != before:
            self._revision.put(self._root.objgen, syntax.dictionary(entries))

    def _finish_form(self, catalogue: syntax.Entries) -> None:
        form = self._root.get("/AcroForm")
        if not isinstance(form, pikepdf.Dictionary):
            made = {"/Fields": syntax.array(self._fields), "/SigFlags": b"3"}
            catalogue["/AcroForm"] = syntax.reference(self._revision.add(syntax.dictionary(made)))
            return
        before = own_entries(form)
        entries = dict(before)
        if self._fields:
            append(self._revision, form, entries, "/Fields", self._fields)
        entries["/SigFlags"] = b"3"
        if not form.is_indirect:
            catalogue["/AcroForm"] = syntax.dictionary(entries)
        elif entries != before:
            self._revision.put(form.objgen, syntax.dictionary(entries))
