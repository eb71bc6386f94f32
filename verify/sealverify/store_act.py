"""The act of adding long-term data: the document security store grows, and nothing in it can be anything else."""

from __future__ import annotations

from typing import Any

import pikepdf

from sealverify.comparison import Comparison
from sealverify.ledger import Ledger
from sealverify.spelling import spelled
from sealverify.tree import key_of

_STORE_KEYS = frozenset(("/Type", "/VRI", "/Certs", "/CRLs", "/OCSPs"))
_PLAIN_STREAM_KEYS = frozenset(("/Length", "/Filter", "/DecodeParms", "/Type"))


def long_term_data(view: Comparison, ledger: Ledger) -> None:
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
