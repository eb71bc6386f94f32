"""The act of filling in a form under a certification that allows it, in a revision that somebody signed."""

from __future__ import annotations

from sealverify.comparison import Comparison, dictionary_of, references
from sealverify.ledger import Ledger
from sealverify.permission import Permission
from sealverify.placement import page_of
from sealverify.spelling import differing_keys
from sealverify.tree import FormField, key_of

_FILLED_FIELD_KEYS = frozenset(("/V", "/AP", "/AS", "/M", "/I"))


def filled(view: Comparison, permission: Permission, ledger: Ledger) -> None:
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
