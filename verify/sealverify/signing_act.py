"""The act of signing: a field, new or placed beforehand, gets its signature, and the page and the form learn of it.

What a signature may bring along is listed entry by entry, because whatever else comes in its revision comes unsealed.
"""

from __future__ import annotations

from typing import Any

import pikepdf

from sealverify.comparison import Comparison, array
from sealverify.ledger import Ledger
from sealverify.permission import Permission
from sealverify.placement import covers_too_much, is_visible, overlapped, page_of
from sealverify.spelling import differing_keys, spelled
from sealverify.tree import FormField, key_of, words

_FIELD_KEYS = frozenset(
    (
        "/Type",
        "/Subtype",
        "/FT",
        "/T",
        "/TU",
        "/V",
        "/Ff",
        "/F",
        "/Rect",
        "/P",
        "/AP",
        "/Lock",
        "/SV",
        "/MK",
        "/DA",
        "/Q",
        "/Kids",
        "/NM",
        "/M",
        "/Border",
        "/BS",
        "/StructParent",
    )
)
_SIGNED_FIELD_KEYS = frozenset(("/V", "/AP", "/M"))
_NEW_FORM_KEYS = frozenset(("/Fields", "/SigFlags", "/DR", "/DA"))


def signature(view: Comparison, item: FormField, permission: Permission, ledger: Ledger) -> None:
    """A field, new or placed beforehand, that got its signature in this revision."""
    value = item.value
    assert value is not None
    is_timestamp = value.get("/SubFilter") == "/ETSI.RFC3161"
    if not _covers_revision(value, view.after.end):
        ledger.refuse("CHANGE_SIGNATURE_PARTIAL", name=item.name)
    problem = _not_allowed(view, item, permission, is_timestamp)
    if problem:
        ledger.refuse(problem, name=item.name)
    numbers = {item.key[0], *(key_of(widget)[0] for widget in item.widgets)} - {0}
    for number in numbers & view.changed:
        _field_signed_in_place(view, number, ledger)
    for thing in (item.dictionary, *item.widgets):
        if key_of(thing)[0] in view.new:
            _new_field(view, thing, ledger)
    ledger.accounted |= numbers & view.numbers
    ledger.accounted |= view.reach(value, *(widget.get("/AP") for widget in item.widgets))
    if problem:
        return
    page = page_of(view.after, item)
    ledger.allow("CHANGE_TIMESTAMP_ADDED" if is_timestamp else "CHANGE_SIGNATURE_ADDED", name=item.name, page=page)
    for other in overlapped(view.before, page, item):
        ledger.allow("CHANGE_SIGNATURE_OVERLAPS", name=item.name, other=other, page=page)


def _not_allowed(view: Comparison, item: FormField, permission: Permission, is_timestamp: bool) -> str | None:
    if is_timestamp and not any("/AP" in widget for widget in item.widgets):
        return None
    if not permission.signatures:
        return "CHANGE_NOT_CERTIFIED"
    if permission.locked(item.name):
        return "CHANGE_FIELD_LOCKED"
    added = (widget for widget in item.widgets if key_of(widget)[0] not in view.before.numbers)
    return "CHANGE_FIELD_NOT_PLACED" if permission.only_placed_fields and any(map(is_visible, added)) else None


def _covers_revision(value: pikepdf.Object, end: int) -> bool:
    numbers = array(value.get("/ByteRange"))
    return len(numbers) == 4 and all(type(number) is int for number in numbers) and numbers[2] + numbers[3] == end


def _field_signed_in_place(view: Comparison, number: int, ledger: Ledger) -> None:
    before, after = view.before.object(number), view.after.object(number)
    changed = (
        differing_keys(before, after) - _SIGNED_FIELD_KEYS if isinstance(before, pikepdf.Dictionary) else {"/Type"}
    )
    changed |= _strange_appearance(after)
    if changed:
        ledger.refuse("CHANGE_FIELD", name=words(after.get("/T", f"#{number}")), keys=" ".join(sorted(changed)))
    if covers_too_much(view.after, after):
        ledger.refuse("CHANGE_TOO_LARGE", name=words(after.get("/T", f"#{number}")))


def _new_field(view: Comparison, thing: pikepdf.Object, ledger: Ledger) -> None:
    name = words(thing.get("/T", f"#{key_of(thing)[0]}"))
    foreign = set(thing.keys()) - _FIELD_KEYS - ({"/Parent"} if "/T" not in thing else set())
    foreign |= _strange_appearance(thing)
    if foreign:
        ledger.refuse("CHANGE_FIELD", name=name, keys=" ".join(sorted(foreign)))
    if covers_too_much(view.after, thing):
        ledger.refuse("CHANGE_TOO_LARGE", name=name)
    if "/T" in thing and [item.name for item in view.after.fields].count(name) > 1:
        ledger.refuse("CHANGE_FIELD", name=name, keys="/T")
    ledger.accounted |= view.reach(*(thing.get(key) for key in ("/Lock", "/SV", "/MK", "/BS")))


def _strange_appearance(widget: pikepdf.Object) -> set[str]:
    """A signature looks the same whatever the pointer does: one normal appearance, which is one stream."""
    appearance = widget.get("/AP")
    if appearance is None:
        return set()
    fine = isinstance(appearance, pikepdf.Dictionary) and set(appearance.keys()) == {"/N"}
    return set() if fine and isinstance(appearance["/N"], pikepdf.Stream) else {"/AP"}


def _additions(view: Comparison, old: Any, new: Any, owner: int, ledger: Ledger) -> list[Any] | None:
    """What was put behind the end of an array, in place or as a new one; None when more than that happened."""
    number, before, after = key_of(new)[0], array(old), array(new)
    if [spelled(item) for item in after[: len(before)]] != [spelled(item) for item in before]:
        return None
    if key_of(old)[0] and key_of(old) != key_of(new):
        return None
    if number in view.changed and not view.used_only_by(number, [owner]):
        return None
    ledger.accounted |= {number} & view.numbers
    return after[len(before) :]


def form(view: Comparison, ledger: Ledger) -> None:
    """The AcroForm: newly signed fields may join it, nothing else."""
    before, after = view.before.root.get("/AcroForm"), view.after.root.get("/AcroForm")
    if not isinstance(after, pikepdf.Dictionary):
        return
    number = key_of(after)[0]
    root = key_of(view.after.root)[0]
    fields = {item.key[0] for item in view.newly_signed} & view.new
    if isinstance(before, pikepdf.Dictionary):
        foreign = differing_keys(before, after) - {"/Fields", "/SigFlags"}
        foreign |= set() if key_of(before)[0] in (0, number) else {"/AcroForm"}
        old = before.get("/Fields")
    else:
        foreign, old = set(after.keys()) - _NEW_FORM_KEYS, None
        ledger.accounted |= view.reach(after.get("/DR"))
    added = _additions(view, old, after.get("/Fields"), number or root, ledger)
    if added is None or foreign or any(key_of(item)[0] not in fields for item in added):
        ledger.refuse("CHANGE_FORM", keys=" ".join(sorted(foreign)) or "/Fields")
    if number in view.numbers and view.used_only_by(number, [root]):
        ledger.accounted.add(number)


def pages(view: Comparison, ledger: Ledger) -> None:
    """A page may gain the widget of a newly signed field, nothing else."""
    for key, index in view.before.page_numbers.items():
        before, after = view.before.object(key[0]), view.after.object(key[0])
        annotations = key_of(before.get("/Annots"))[0]
        if not {key[0], annotations} & view.changed:
            continue
        if not isinstance(after, pikepdf.Dictionary) or differing_keys(before, after) - {"/Annots"}:
            continue
        added = _additions(view, before.get("/Annots"), after.get("/Annots"), key[0], ledger)
        if added is None or any(key_of(item)[0] not in view.added_widgets for item in added):
            ledger.refuse("CHANGE_ANNOTATIONS", page=index + 1)
        ledger.accounted |= {key[0]} & view.changed
