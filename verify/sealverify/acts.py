"""The whitelist: what may happen to objects after sealing, act by act.

Allowed are a further signature that covers its whole revision, long-term data (DSS, document timestamps) and, where a
certification says so, a signed form filling. Each rule names the objects it has accounted for; whatever no rule has
accounted for is not allowed. Nothing here explains to people: that is `explanation`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pikepdf

from sealverify.comparison import Comparison, array, dictionary_of, differing_keys, references, spelled
from sealverify.document import FormField, key_of, words
from sealverify.metadata import only_dates_differ
from sealverify.permission import Permission
from sealverify.placement import covers_too_much, overlapped, page_of

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
_FILLED_FIELD_KEYS = frozenset(("/V", "/AP", "/AS", "/M", "/I"))
_NEW_FORM_KEYS = frozenset(("/Fields", "/SigFlags", "/DR", "/DA"))
_STORE_KEYS = frozenset(("/Type", "/VRI", "/Certs", "/CRLs", "/OCSPs"))
_PLAIN_STREAM_KEYS = frozenset(("/Length", "/Filter", "/DecodeParms", "/Type"))
_TRAILER_KEYS = frozenset(
    ("/Size", "/Prev", "/ID", "/DocChecksum", "/Type", "/W", "/Index", "/Length", "/Filter", "/DecodeParms", "/Info")
)


@dataclass
class Ledger:
    """What the rules have found: objects accounted for, acts that were allowed, and acts that were not."""

    accounted: set[int] = field(default_factory=set)
    permitted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refused: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def allow(self, code: str, **details: Any) -> None:
        self.permitted.append((code, details))

    def refuse(self, code: str, **details: Any) -> None:
        self.refused.append((code, details))


def account(view: Comparison, permission: Permission) -> Ledger:
    """Applies every rule to the difference `view`, under the `permission` of the signatures before it."""
    ledger = Ledger()
    _trailer(view, ledger)
    for item in view.newly_signed:
        _signature(view, item, permission, ledger)
    if len(view.newly_signed) > 1:
        ledger.refuse("CHANGE_SIGNATURES_TOGETHER")
    _long_term_data(view, ledger)
    _form(view, ledger)
    _pages(view, ledger)
    if view.newly_signed and permission.forms:
        _filled(view, permission, ledger)
    _metadata(view, ledger)
    _catalog(view, ledger)
    _void(view, ledger)
    return ledger


def _trailer(view: Comparison, ledger: Ledger) -> None:
    before, after = view.before.pdf.trailer, view.after.pdf.trailer
    changed = differing_keys(before, after) - _TRAILER_KEYS
    if "/Info" in before and spelled(before.get("/Info")) != spelled(after.get("/Info")):
        changed.add("/Info")
    if changed:
        ledger.refuse("CHANGE_CATALOG", keys=" ".join(sorted(changed)))


def _signature(view: Comparison, item: FormField, permission: Permission, ledger: Ledger) -> None:
    """A field, new or placed beforehand, that got its signature in this revision."""
    value = item.value
    assert value is not None
    is_timestamp = value.get("/SubFilter") == "/ETSI.RFC3161"
    if not _covers_revision(value, view.after.end):
        ledger.refuse("CHANGE_SIGNATURE_PARTIAL", name=item.name)
    problem = _not_allowed(item, permission, is_timestamp)
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


def _not_allowed(item: FormField, permission: Permission, is_timestamp: bool) -> str | None:
    if is_timestamp and not any("/AP" in widget for widget in item.widgets):
        return None
    if not permission.signatures:
        return "CHANGE_NOT_CERTIFIED"
    return "CHANGE_FIELD_LOCKED" if permission.locked(item.name) else None


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


def _form(view: Comparison, ledger: Ledger) -> None:
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


def _pages(view: Comparison, ledger: Ledger) -> None:
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


def _filled(view: Comparison, permission: Permission, ledger: Ledger) -> None:
    """Form fields filled in under a certification that allows it, in a revision that somebody signed."""
    for item in view.after.fields:
        numbers = {item.key[0], *(key_of(widget)[0] for widget in item.widgets)} - {0}
        changed = numbers & view.changed
        if item.kind == "/Sig" or not changed or permission.locked(item.name):
            continue
        if any(_foreign(view, number) for number in changed):
            continue
        ledger.accounted |= changed | _appearances(view, item, numbers)
        ledger.allow("CHANGE_FORM_FILLED", name=item.name, page=page_of(view.after, item))


def _foreign(view: Comparison, number: int) -> set[str]:
    before, after = dictionary_of(view.before.object(number)), dictionary_of(view.after.object(number))
    return {"/Type"} if before is None or after is None else differing_keys(before, after) - _FILLED_FIELD_KEYS


def _appearances(view: Comparison, item: FormField, owners: set[int]) -> set[int]:
    """Appearance streams of a filled field: new ones, or its own written anew."""
    values = [widget.get("/AP") for widget in item.widgets]
    own = {number for value in values for number in references(value)} | {key_of(value)[0] for value in values}
    rewritten = {number for number in own & view.changed if view.used_only_by(number, owners | own)}
    return rewritten | view.reach(*values, item.value)


def _long_term_data(view: Comparison, ledger: Ledger) -> None:
    """The document security store: certificates, CRLs and OCSP answers may be added (ISO 32000-2 §12.8.4.3)."""
    store, root = view.after.root.get("/DSS"), key_of(view.after.root)[0]
    if not isinstance(store, pikepdf.Dictionary):
        return
    holders, streams = _store_parts(store)
    touched = (holders | streams) & view.numbers
    if not touched and spelled(store) == spelled(view.before.root.get("/DSS")):
        return
    users = holders | {root}
    fine = set(store.keys()) <= _STORE_KEYS and all(_additive(view, number, users) for number in holders & view.changed)
    fine = (
        fine and not streams & view.changed and all(_plain(view.after.object(number)) for number in streams & view.new)
    )
    if not fine:
        ledger.refuse("CHANGE_LONG_TERM_DATA_WRONG")
        return
    ledger.accounted |= touched
    ledger.allow("CHANGE_LONG_TERM_DATA")


def _store_parts(store: pikepdf.Object) -> tuple[set[int], set[int]]:
    """Numbers of the dictionaries and arrays that make up the store, and of the streams in it."""
    holders, streams = set(), set()
    pending = [(store, 0)]
    while pending:
        thing, depth = pending.pop()
        if isinstance(thing, pikepdf.Stream):
            streams.add(key_of(thing)[0])
        elif isinstance(thing, pikepdf.Dictionary | pikepdf.Array) and depth < 5:
            holders.add(key_of(thing)[0])
            inner = thing.values() if isinstance(thing, pikepdf.Dictionary) else thing
            pending.extend((item, depth + 1) for item in inner)
    return holders - {0}, streams - {0}


def _additive(view: Comparison, number: int, users: set[int]) -> bool:
    """Whether a part of the store only grew, and was nothing but a part of the store before."""
    before, after = view.before.object(number), view.after.object(number)
    if not view.used_only_by(number, users):
        return False
    if isinstance(before, pikepdf.Array) and isinstance(after, pikepdf.Array):
        return {spelled(item) for item in before} <= {spelled(item) for item in after}
    return (
        isinstance(before, pikepdf.Dictionary)
        and isinstance(after, pikepdf.Dictionary)
        and set(before.keys()) <= set(after.keys())
    )


def _plain(thing: Any) -> bool:
    return isinstance(thing, pikepdf.Stream) and set(thing.stream_dict.keys()) <= _PLAIN_STREAM_KEYS


def _metadata(view: Comparison, ledger: Ledger) -> None:
    """Whoever signs may note the date and the program in the metadata; every other word of it stays."""
    if not ledger.permitted:
        return
    old, new = view.before.root.get("/Metadata"), view.after.root.get("/Metadata")
    number, root = key_of(new)[0], key_of(view.after.root)[0]
    if number in view.numbers and view.used_only_by(number, [root]) and only_dates_differ(old, new):
        ledger.accounted.add(number)
    info = view.after.pdf.trailer.get("/Info")
    number = key_of(info)[0]
    if number in view.numbers and view.used_only_by(number, [0]):
        before = view.before.pdf.trailer.get("/Info", pikepdf.Dictionary())
        if isinstance(info, pikepdf.Dictionary) and differing_keys(before, info) <= {"/ModDate", "/Producer"}:
            ledger.accounted |= {number} | view.reach(info)


def _catalog(view: Comparison, ledger: Ledger) -> None:
    """Each entry of the catalogue that may differ has been judged by its own rule; all others stay."""
    root = key_of(view.after.root)[0]
    changed = differing_keys(view.before.root, view.after.root)
    allowed = {"/AcroForm", "/Extensions", "/Version", "/Metadata"} if ledger.permitted else set()
    if ("CHANGE_LONG_TERM_DATA", {}) in ledger.permitted:
        allowed.add("/DSS")
    if "/Metadata" in changed and key_of(view.after.root.get("/Metadata"))[0] not in ledger.accounted:
        allowed.discard("/Metadata")
    if not isinstance(view.after.root.get("/AcroForm"), pikepdf.Dictionary):
        allowed.discard("/AcroForm")
    if changed - allowed:
        ledger.refuse("CHANGE_CATALOG", keys=" ".join(sorted(changed - allowed)))
    ledger.accounted |= view.reach(view.after.root.get("/Extensions")) | ({root} & view.numbers)


def _void(view: Comparison, ledger: Ledger) -> None:
    """A new object under a number that the signed revision already pointed at is content slipped under a signature."""
    for number in view.filled:
        ledger.refuse("CHANGE_VOID_FILLED", number=number)


def unaccounted(view: Comparison, ledger: Ledger) -> set[int]:
    """What no rule accounts for. The containers of compressed objects hold what is judged one by one."""
    left = view.numbers - ledger.accounted
    return {number for number in left if not (number in view.new and _is_container(view.after.object(number)))}


def _is_container(thing: Any) -> bool:
    return isinstance(thing, pikepdf.Stream) and thing.get("/Type") in ("/XRef", "/ObjStm")
