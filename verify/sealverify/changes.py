"""What happened to a document after a signature: nothing, only what was allowed, or something else.

Every byte behind the signed revision has to belong to a complete revision (`revisions`), and every object that such a
revision brings has to be accounted for by a rule of the whitelist (`acts`) under what the signatures before it allow
(`permission`). What is left over was changed after sealing. Nothing is rendered and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pikepdf

from sealverify.acts import account, unaccounted
from sealverify.comparison import Comparison
from sealverify.document import Document, FoundSignature, Revision
from sealverify.errors import MalformedDocument
from sealverify.explanation import Finding, explain
from sealverify.messages import Text, catalogue
from sealverify.permission import permission
from sealverify.revisions import Unaccountable, later_revisions
from sealverify.severity import severity

_MAX_LISTED = 30


class Changes(StrEnum):
    NONE = "NONE"
    PERMITTED = "PERMITTED"
    NOT_PERMITTED = "NOT_PERMITTED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Change:
    """One thing that happened after sealing. `page` counts from 1."""

    code: str
    permitted: bool
    page: int | None
    text: Text

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "permitted": self.permitted, "page": self.page, **self.text.as_json()}


@dataclass(frozen=True)
class AfterSealing:
    """The verdict on everything behind one signed revision."""

    state: Changes
    list: tuple[Change, ...] = ()


def _change(finding: Finding, *, permitted: bool) -> Change:
    code, details = finding
    names = {key: ("?" if value is None else value) for key, value in details.items()}
    return Change(code, permitted, details.get("page"), catalogue("sealverify.wording").text(code, **names))


@dataclass
class History:
    """Judges the revisions of one document; each pair of neighbours is compared once, whoever asks."""

    document: Document
    _judged: dict[tuple[int, int], list[Change]] = field(default_factory=dict)

    def after(self, end: int) -> AfterSealing:
        """What happened behind the revision that ends at `end`."""
        if end == len(self.document.data):
            return AfterSealing(Changes.NONE)
        try:
            revisions = later_revisions(self.document.data, end)
            found: list[Change] = []
            start = end
            for revision in revisions:
                found.extend(self._step(start, revision.end, revision.numbers))
                start = revision.end
        except Unaccountable as problem:
            found = [_change((problem.code, problem.details), permitted=False), *self._whole(end)]
        return _verdict(found)

    @staticmethod
    def with_removal(after: AfterSealing, name: str) -> AfterSealing:
        """The same, and the signature `name` itself was taken out of the document."""
        gone = _change(("CHANGE_SIGNATURE_REMOVED", {"name": name}), permitted=False)
        return _verdict([gone, *after.list])

    def _step(self, start: int, end: int, numbers: set[int]) -> list[Change]:
        key = (start, end)
        if key not in self._judged:
            self._judged[key] = self._compare(start, end, numbers)
        return self._judged[key]

    def _compare(self, start: int, end: int, numbers: set[int]) -> list[Change]:
        try:
            before, after = self.document.revision(start), self.document.revision(end)
            allowed = permission(self._signed_by(start))
            return _judge(Comparison(before, after, numbers), allowed)
        except MalformedDocument as problem:
            return [_change(("CHANGE_REVISION_BROKEN", {"cause": problem.code}), permitted=False)]

    def _signed_by(self, end: int) -> list[FoundSignature]:
        """The signatures that stood in the document when its file ended at `end`, as it stood then."""
        return self.document.revision(end).signatures

    def _whole(self, end: int) -> list[Change]:
        """What differs between the signed document and the one at hand, for the reader, where that can be told."""
        try:
            before, after = self.document.revision(end), self.document.latest
            return [_change(item, permitted=False) for item in explain(*_difference(before, after))]
        except (MalformedDocument, pikepdf.PdfError):
            return []


def _difference(before: Revision, after: Revision) -> tuple[Comparison, set[int]]:
    moved = {number for number in after.numbers if before.offsets.get(number) != after.offsets.get(number)}
    return Comparison(before, after, moved), moved


def _judge(view: Comparison, allowed: Any) -> list[Change]:
    ledger = account(view, allowed)
    left = unaccounted(view, ledger)
    refused = [*ledger.refused, *(explain(view, left) if left or ledger.refused else [])]
    if not refused and not ledger.permitted:
        refused = [("CHANGE_WITHOUT_ACT", {})]
    permitted = [_change(item, permitted=True) for item in ledger.permitted]
    return [*(_change(item, permitted=False) for item in refused), *permitted]


def _verdict(found: Iterable[Change]) -> AfterSealing:
    """The most telling first, so that nothing that matters falls off the end of the list."""
    unique = list(dict.fromkeys(found))
    unique.sort(key=lambda change: (change.permitted, severity(change.code)))
    bad = any(not change.permitted for change in unique)
    return AfterSealing(Changes.NOT_PERMITTED if bad else Changes.PERMITTED, tuple(unique[:_MAX_LISTED]))
