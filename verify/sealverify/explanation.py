"""What a change that is not allowed means to a reader: which page, which field, which signature.

The judgement was made by `acts`; this room only finds words for it, and may find none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pikepdf

from sealverify.comparison import Comparison, references, same
from sealverify.document import Revision
from sealverify.placement import annotations_of
from sealverify.spelling import differing_keys, spelled
from sealverify.tree import key_of, words

Finding = tuple[str, dict[str, Any]]
"""A code of the catalogue and the names that fill its sentence; `page` counts from 1."""

_MAX_WALK = 50_000


def explain(view: Comparison, numbers: set[int]) -> list[Finding]:
    """Findings for the objects `numbers`; never none when there are numbers. Without numbers only whether signatures or
    pages came or went."""
    outline = [*_signatures(view), *_page_list(view)]
    if not numbers:
        return outline
    found = [*outline, *_fields(view), *_pages(view, numbers), *_document(view, numbers)]
    if found:
        return found
    if all(number in view.changed and _alike(view, number) for number in numbers):
        return [("CHANGE_RELISTED", {"number": min(numbers)})]
    return [("CHANGE_OBJECTS", {"count": len(numbers)})]


def _alike(view: Comparison, number: int) -> bool:
    return same(view.before.object(number), view.after.object(number))


def _signatures(view: Comparison) -> Iterator[Finding]:
    after = {item.name: item for item in view.after.fields}
    for item in view.before.fields:
        if item.is_signed and (item.name not in after or not after[item.name].is_signed):
            yield "CHANGE_SIGNATURE_REMOVED", {"name": item.name}
        elif item.is_signed and item.value is not None and key_of(item.value)[0] in view.changed:
            yield "CHANGE_SIGNATURE_OVERWRITTEN", {"name": item.name}


def _fields(view: Comparison) -> Iterator[Finding]:
    after = {item.name: item for item in view.after.fields}
    for item in view.before.fields:
        other = after.get(item.name)
        if item.kind != "/Sig" and other is not None and _said(item.value) != _said(other.value):
            yield "CHANGE_FIELD_VALUE", {"name": item.name, "old": _said(item.value), "new": _said(other.value)}


def _said(value: Any) -> str:
    if isinstance(value, pikepdf.Stream):
        return "…"
    return "" if value is None else words(value)[:80]


def _page_list(view: Comparison) -> Iterator[Finding]:
    before, after = view.before.page_numbers, view.after.page_numbers
    for key in after.keys() - before.keys():
        yield "CHANGE_PAGE_ADDED", {"page": after[key] + 1}
    for key in before.keys() - after.keys():
        yield "CHANGE_PAGE_REMOVED", {"page": before[key] + 1}
    common = before.keys() & after.keys()
    if sorted(common, key=before.__getitem__) != sorted(common, key=after.__getitem__):
        yield "CHANGE_PAGES_REORDERED", {}


def _pages(view: Comparison, numbers: set[int]) -> Iterator[Finding]:
    for key, index in view.before.page_numbers.items():
        if key not in view.after.page_numbers:
            continue
        before, after = view.before.object(key[0]), view.after.object(key[0])
        yield from _annotations(view, index, view.after.page_numbers[key], numbers)
        drawn = {"/Contents", "/Resources"}
        if differing_keys(before, after) & drawn or numbers & _drawing(view.before, before):
            yield "CHANGE_PAGE_CONTENT", {"page": index + 1}
        other = differing_keys(before, after) - drawn - {"/Annots", "/Parent"}
        if other:
            yield "CHANGE_PAGE", {"page": index + 1, "keys": " ".join(sorted(other))}


def _annotations(view: Comparison, page: int, page_after: int, numbers: set[int]) -> Iterator[Finding]:
    before = {key_of(item): item for item in annotations_of(view.before, page)}
    after = {key_of(item): item for item in annotations_of(view.after, page_after)}
    for key in after.keys() - before.keys():
        if key[0] not in view.added_widgets:
            yield "CHANGE_ANNOTATION_ADDED", {"page": page + 1, "kind": words(after[key].get("/Subtype", "?"))}
    for key in before.keys() - after.keys():
        yield "CHANGE_ANNOTATION_REMOVED", {"page": page + 1, "kind": words(before[key].get("/Subtype", "?"))}
    for key in before.keys() & after.keys():
        streams = references(before[key].get("/AP")) | {key_of(before[key].get("/AP"))[0]}
        if key[0] in numbers or streams & numbers:
            yield "CHANGE_ANNOTATION", {"page": page + 1, "kind": words(before[key].get("/Subtype", "?"))}


def _drawing(revision: Revision, page: pikepdf.Object) -> set[int]:
    """Numbers of the objects that draw a page: its contents and resources, and what these lead to."""
    pending = list(references_of(page, "/Contents") | references_of(page, "/Resources"))
    seen: set[int] = set()
    while pending and len(seen) < _MAX_WALK:
        number = pending.pop()
        if number not in seen and number in revision.numbers:
            seen.add(number)
            pending.extend(references(revision.object(number)))
    return seen


def references_of(page: pikepdf.Object, key: str) -> set[int]:
    value = page.get(key)
    number = key_of(value)[0]
    return {number} if number else references(value)


def _document(view: Comparison, numbers: set[int]) -> Iterator[Finding]:
    before, after = view.before.root, view.after.root
    metadata = key_of(before.get("/Metadata"))[0] or -1
    info = key_of(view.before.pdf.trailer.get("/Info"))[0] or -1
    if {metadata, info} & numbers or spelled(before.get("/Metadata")) != spelled(after.get("/Metadata")):
        yield "CHANGE_METADATA", {}
    form = key_of(before.get("/AcroForm"))[0] or -1
    if form in numbers:
        yield "CHANGE_FORM", {"keys": "/AcroForm"}
