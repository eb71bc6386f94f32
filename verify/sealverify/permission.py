"""What the signatures in a document allow to happen after them (ISO 32000-2 §12.8.2.2, §12.8.2.4, §12.7.5.5).

Read from certifying signatures (DocMDP), field locks (FieldMDP) and the /Lock of signed fields with its own /P.
Stricter than the standard in three ways, all on purpose: P=3 allows no more than P=2, because annotations are how
sealed text gets covered; without any certification forms may not be filled after sealing; and on a certified document a
visible signature goes where a field was placed for it beforehand (docs/decisions/0008).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pikepdf

from sealverify.document import FoundSignature
from sealverify.tree import words

NO_CHANGES, FORM_FILLING, ANNOTATIONS = 1, 2, 3


@dataclass(frozen=True)
class FieldLock:
    """Which form fields are locked: all, the named ones, or all but the named ones."""

    action: str
    names: frozenset[str]

    def locks(self, name: str) -> bool:
        named = any(name == item or name.startswith(item + ".") for item in self.names)
        if self.action == "/Include":
            return named
        if self.action == "/Exclude":
            return not named
        return True


@dataclass(frozen=True)
class Permission:
    """`level` is the strictest DocMDP P that any signature so far states, None when none does."""

    level: int | None
    locks: tuple[FieldLock, ...]

    @property
    def signatures(self) -> bool:
        """Whether anybody may sign after this."""
        return self.level != NO_CHANGES

    @property
    def only_placed_fields(self) -> bool:
        """Whether a visible signature needs a field that was there before: a new one is a new annotation."""
        return self.level is not None

    @property
    def forms(self) -> bool:
        """Whether form fields may be filled in, by whoever signs that."""
        return self.level in (FORM_FILLING, ANNOTATIONS)

    def locked(self, name: str) -> bool:
        return any(lock.locks(name) for lock in self.locks)


def permission(signatures: Iterable[FoundSignature]) -> Permission:
    """Of all `signatures` together."""
    levels: list[int] = []
    locks: list[FieldLock] = []
    for found in signatures:
        for method, parameters in _transforms(found.dictionary):
            if method == "/DocMDP":
                levels.append(_level(parameters.get("/P", FORM_FILLING)))
            elif method == "/FieldMDP":
                locks.append(_lock(parameters))
        lock = found.field.dictionary.get("/Lock") if found.field else None
        if isinstance(lock, pikepdf.Dictionary):
            locks.append(_lock(lock))
            levels.extend([_level(lock["/P"])] if "/P" in lock else [])
    return Permission(min(levels, default=None), tuple(locks))


def certification_level(signature: pikepdf.Object) -> int | None:
    """The P of a certifying signature, None for any other."""
    levels = [_level(item.get("/P", FORM_FILLING)) for method, item in _transforms(signature) if method == "/DocMDP"]
    return min(levels, default=None)


def _transforms(signature: pikepdf.Object) -> Iterable[tuple[str, pikepdf.Object]]:
    references = signature.get("/Reference")
    for item in references if isinstance(references, pikepdf.Array) else ():
        if isinstance(item, pikepdf.Dictionary):
            parameters = item.get("/TransformParams")
            if not isinstance(parameters, pikepdf.Dictionary):
                parameters = pikepdf.Dictionary()
            yield words(item.get("/TransformMethod")), parameters


def _level(value: Any) -> int:  # anything may stand there; what is no level allows nothing
    return value if type(value) is int and value in (FORM_FILLING, ANNOTATIONS) else NO_CHANGES


def _lock(parameters: pikepdf.Object) -> FieldLock:
    names = parameters.get("/Fields")
    listed = frozenset(words(item) for item in names) if isinstance(names, pikepdf.Array) else frozenset()
    return FieldLock(words(parameters.get("/Action")), listed)
