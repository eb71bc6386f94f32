"""Two neighbouring revisions side by side: which objects differ, what they say, who refers to them.

Knows objects and references; refuses to know which difference is allowed (`acts`) and what it means (`explanation`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pikepdf

from sealverify.document import Revision
from sealverify.spelling import spelled
from sealverify.tree import FormField, key_of

_REFERENCE = re.compile(rb"(?<![0-9])([0-9]{1,10}) [0-9]{1,5} R(?![A-Za-z0-9])")

TRAILER = 0
"""Stands for the trailer where object numbers are named."""


def dictionary_of(thing: Any) -> pikepdf.Object | None:
    """The dictionary of an object: itself, or its stream's."""
    if isinstance(thing, pikepdf.Stream):
        return thing.stream_dict
    return thing if isinstance(thing, pikepdf.Dictionary) else None


def references(thing: Any) -> set[int]:
    """The numbers of the objects that an object refers to."""
    if not isinstance(thing, pikepdf.Object):
        return set()
    inner = thing.stream_dict if isinstance(thing, pikepdf.Stream) else thing
    return {int(number) for number in _REFERENCE.findall(inner.unparse(resolved=True))}


def same(one: Any, other: Any) -> bool:
    """Whether two objects, resolved, say the same, stream bytes included."""
    if isinstance(one, pikepdf.Stream) != isinstance(other, pikepdf.Stream):
        return False
    if isinstance(one, pikepdf.Stream):
        return spelled(one.stream_dict) == spelled(other.stream_dict) and one.read_raw_bytes() == other.read_raw_bytes()
    if isinstance(one, pikepdf.Object) and isinstance(other, pikepdf.Object):
        return one.unparse(resolved=True) == other.unparse(resolved=True)
    return type(one) is type(other) and one == other


def _own_words(thing: Any) -> bytes:
    """An object as PDF syntax; of a stream its dictionary. qpdf writes a reference to nothing as null."""
    inner = thing.stream_dict if isinstance(thing, pikepdf.Stream) else thing
    return inner.unparse(resolved=True) if isinstance(inner, pikepdf.Object) else repr(inner).encode()


def is_section(thing: Any) -> bool:
    """Whether an object is a cross-reference stream, whose dictionary is a trailer."""
    return isinstance(thing, pikepdf.Stream) and thing.get("/Type") == "/XRef"


def array(value: Any) -> list[Any]:
    return list(value) if isinstance(value, pikepdf.Array) else []


@dataclass
class Comparison:
    """`numbers` are the objects that the later revision brings."""

    before: Revision
    after: Revision
    numbers: set[int]

    @cached_property
    def changed(self) -> set[int]:
        return {number for number in self.numbers if number in self.before.numbers}

    @cached_property
    def new(self) -> set[int]:
        return self.numbers - self.changed

    @cached_property
    def referrers(self) -> dict[int, set[int]]:
        """Who referred, in the earlier revision, to the objects that differ now."""
        found: dict[int, set[int]] = {number: set() for number in self.numbers}
        for number in self.before.numbers:
            thing = self.before.object(number)
            user = TRAILER if is_section(thing) else number
            for target in references(thing) & self.numbers:
                found[target].add(user)
        for target in references(self.before.pdf.trailer) & self.numbers:
            found[target].add(TRAILER)
        return found

    @cached_property
    def filled(self) -> list[int]:
        """Objects that the later revision does not bring, and that say something else all the same: they had a
        reference into the void, and the void was filled. What was signed then is not what is read now."""
        untouched = self.before.numbers.keys() - self.numbers
        return sorted(number for number in untouched if not self._unchanged(number))

    def _unchanged(self, number: int) -> bool:
        before, after = self.before.object(number), self.after.object(number)
        return _own_words(before) == _own_words(after)

    def used_only_by(self, number: int, users: Iterable[int]) -> bool:
        return self.referrers.get(number, set()) <= set(users)

    def reach(self, *values: Any) -> set[int]:
        """The new objects that `values` lead to, through new objects alone."""
        pending = [item for value in values for item in self._starts(value)]
        found: set[int] = set()
        while pending:
            number = pending.pop()
            if number in self.new and number not in found:
                found.add(number)
                pending.extend(references(self.after.object(number)))
        return found

    def _starts(self, value: Any) -> set[int]:
        number = key_of(value)[0]
        return {number} if number else references(value)

    @cached_property
    def newly_signed(self) -> list[FormField]:
        signed = {item.name for item in self.before.fields if item.is_signed}
        return [item for item in self.after.fields if item.is_signed and item.name not in signed]

    @cached_property
    def added_widgets(self) -> set[int]:
        """Numbers of the widgets of newly signed fields that did not exist before."""
        return {key_of(widget)[0] for item in self.newly_signed for widget in item.widgets} & self.new
