"""The whitelist: what may happen to objects after sealing, act by act.

Allowed are a further signature that covers its whole revision (`signing_act`), long-term data (`store_act`) and, where
a certification says so, a signed form filling (`filling_act`). Each rule names the objects it has accounted for;
whatever no rule has accounted for is not allowed. Nothing here explains to people: that is `explanation`.
"""

from __future__ import annotations

from typing import Any

import pikepdf

from sealverify.comparison import Comparison
from sealverify.filling_act import filled
from sealverify.ledger import Ledger
from sealverify.metadata import only_dates_differ
from sealverify.permission import Permission
from sealverify.signing_act import form, pages, signature
from sealverify.spelling import differing_keys, spelled
from sealverify.store_act import long_term_data
from sealverify.tree import key_of

_TRAILER_KEYS = frozenset(
    ("/Size", "/Prev", "/ID", "/DocChecksum", "/Type", "/W", "/Index", "/Length", "/Filter", "/DecodeParms", "/Info")
)


def account(view: Comparison, permission: Permission) -> Ledger:
    """Applies every rule to the difference `view`, under the `permission` of the signatures before it."""
    ledger = Ledger()
    _trailer(view, ledger)
    for item in view.newly_signed:
        signature(view, item, permission, ledger)
    if len(view.newly_signed) > 1:
        ledger.refuse("CHANGE_SIGNATURES_TOGETHER")
    long_term_data(view, ledger)
    form(view, ledger)
    pages(view, ledger)
    if view.newly_signed and permission.forms:
        filled(view, permission, ledger)
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
        if isinstance(info, pikepdf.Dictionary) and differing_keys(before, info, texts=True) <= {
            "/ModDate",
            "/Producer",
        }:
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
