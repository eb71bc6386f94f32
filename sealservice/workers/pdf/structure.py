"""The structure tree of a tagged document (ISO 32000-2, 14.7): gives the seal's widget its place in it.

A screen reader then meets the seal as a form field with a spoken name, as PDF/UA wants (ISO 14289-1, 7.18). Only on
unsigned documents; what is drawn as page content is an artifact and needs no place.
"""

from __future__ import annotations

import pikepdf

from sealservice.workers.pdf import syntax
from sealservice.workers.pdf.edits import extended
from sealservice.workers.pdf.objects import own_entries, written
from sealservice.workers.pdf.opening import Document, ObjGen
from sealservice.workers.pdf.revision import Revision

_MAX_DEPTH = 40


class StructureTree:
    """The tree of one document, or the fact that it has none (`exists`)."""

    def __init__(self, document: Document, revision: Revision) -> None:
        root = document.root.get("/StructTreeRoot")
        self._root = root if isinstance(root, pikepdf.Dictionary) and root.is_indirect else None
        self._revision = revision
        self._added: list[tuple[int, ObjGen]] = []
        self._next_key = self._first_free_key() if self._root is not None else 0

    @property
    def exists(self) -> bool:
        return self._root is not None

    def add_widget(self, widget: ObjGen, page: ObjGen, spoken: str) -> int:
        """A /Form element that holds the widget. Returns the /StructParent that the widget has to carry."""
        assert self._root is not None
        parent = self._parent()
        entries = {
            "/Type": b"/StructElem",
            "/S": b"/Form",
            "/P": syntax.reference(parent.objgen),
            "/Pg": syntax.reference(page),
            "/Alt": syntax.text_string(spoken),
            "/K": b"<< /Type /OBJR /Obj " + syntax.reference(widget) + b" /Pg " + syntax.reference(page) + b" >>",
        }
        if "/NS" in parent:
            entries["/NS"] = written(parent, "/NS")
        key = self._next_key
        self._next_key += 1
        self._added.append((key, self._revision.add(syntax.dictionary(entries))))
        return key

    def finish(self) -> None:
        """Writes the changed nodes: the parent's children, the parent tree, the next free key."""
        if not self._added or self._root is None:
            return
        parent = self._parent()
        root = own_entries(self._root)
        self._extend_parent_tree(root)
        root["/ParentTreeNextKey"] = b"%d" % self._next_key
        elements = [syntax.reference(element) for _, element in self._added]
        if parent.is_same_object_as(self._root):
            root["/K"] = extended(self._root, "/K", elements)
        else:
            changed = own_entries(parent)
            changed["/K"] = extended(parent, "/K", elements)
            self._revision.put(parent.objgen, syntax.dictionary(changed))
        self._revision.put(self._root.objgen, syntax.dictionary(root))

    def _parent(self) -> pikepdf.Object:
        """The element that everything hangs from: the one child of the root, or the root."""
        assert self._root is not None
        child = self._root.get("/K")
        if isinstance(child, pikepdf.Array) and len(child) == 1:
            child = child[0]
        single = isinstance(child, pikepdf.Dictionary) and child.is_indirect and "/S" in child
        return child if single and child is not None else self._root

    def _first_free_key(self) -> int:
        assert self._root is not None
        stated = self._root.get("/ParentTreeNextKey", 0)
        return max(int(stated), _highest_key(self._root.get("/ParentTree"), 0) + 1)

    def _extend_parent_tree(self, root: syntax.Entries) -> None:
        """Our keys are the highest, so they go to the end of /Nums, or into a last leaf of /Kids."""
        assert self._root is not None
        tree = self._root.get("/ParentTree")
        entries = own_entries(tree)
        numbers = [part for key, element in self._added for part in (b"%d" % key, syntax.reference(element))]
        if isinstance(tree, pikepdf.Dictionary) and "/Kids" in tree:
            limits = b"[ %d %d ]" % (self._added[0][0], self._added[-1][0])
            leaf = self._revision.add(syntax.dictionary({"/Limits": limits, "/Nums": syntax.array(numbers)}))
            entries["/Kids"] = extended(tree, "/Kids", [syntax.reference(leaf)])
        else:
            entries["/Nums"] = extended(tree, "/Nums", numbers)
        if isinstance(tree, pikepdf.Dictionary) and tree.is_indirect:
            self._revision.put(tree.objgen, syntax.dictionary(entries))
        else:
            root["/ParentTree"] = syntax.dictionary(entries)


def _highest_key(tree: object, depth: int) -> int:
    """Of a number tree, by its last leaf (7.9.7 keeps keys in order) or its limits."""
    if not isinstance(tree, pikepdf.Dictionary) or depth > _MAX_DEPTH:
        return -1
    numbers, kids = tree.get("/Nums"), tree.get("/Kids")
    keys = [int(key) for key in list(numbers)[::2]] if isinstance(numbers, pikepdf.Array) else []
    nested = [_highest_key(kid, depth + 1) for kid in list(kids)[-1:]] if isinstance(kids, pikepdf.Array) else []
    return max([*keys, *nested], default=-1)
