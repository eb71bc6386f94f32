"""Reading what qpdf gives, bounded and without loops: keys, texts, streams, the page tree and the tree of form fields.

Nothing here knows of revisions or signatures, and nothing changes what it walks over.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pikepdf

from sealverify.errors import MalformedDocument

_MAX_FIELDS = 20_000
_MAX_PAGES = 200_000
_MAX_DEPTH = 100

ObjectKey = tuple[int, int]
"""(object number, generation); (0, 0) for a direct object."""


def key_of(thing: Any) -> ObjectKey:  # pikepdf gives plain numbers, too
    if not isinstance(thing, pikepdf.Object):
        return (0, 0)
    number, generation = thing.objgen
    return number, generation


def words(value: Any) -> str:  # names and strings, and what else may stand in their place
    """A name or a string as text. Names in the wild are not all UTF-8, and that must not decide a verdict."""
    try:
        return str(value)
    except UnicodeDecodeError:
        return bytes(value.unparse()).decode("latin-1")


def stream_bytes(stream: pikepdf.Object, limit: int) -> bytes:
    """What a stream holds, unpacked, at most `limit` bytes: plain or FlateDecode alone. Raises MalformedDocument."""
    raw = stream.read_raw_bytes()
    names = stream.get("/Filter")
    if isinstance(names, pikepdf.Array) and len(names) == 1:
        names = names[0]
    if names is None or (isinstance(names, pikepdf.Array) and not len(names)):
        data = raw[: limit + 1]
    elif names == "/FlateDecode" and "/DecodeParms" not in stream:
        data = _inflated(raw, limit)
    else:
        raise MalformedDocument("PDF_UNREADABLE", cause="/Filter")
    if len(data) > limit:
        raise MalformedDocument("PDF_TOO_LARGE")
    return data


def _inflated(raw: bytes, limit: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(raw, limit + 1)
    except zlib.error as problem:
        raise MalformedDocument("PDF_UNREADABLE", cause="FlateDecode") from problem


def inherited(dictionary: pikepdf.Object, key: str) -> Any:
    """An inheritable entry of a form field (ISO 32000-2 §12.7.4.1)."""
    for _ in range(_MAX_DEPTH):
        if key in dictionary:
            return dictionary[key]
        parent = dictionary.get("/Parent")
        if not isinstance(parent, pikepdf.Dictionary):
            return None
        dictionary = parent
    return None


@dataclass(frozen=True, slots=True)
class FormField:
    """A terminal field of the AcroForm. `key` is where its dictionary lies, `widgets` where its annotations lie."""

    name: str
    key: ObjectKey
    dictionary: pikepdf.Object
    kind: str
    widgets: tuple[pikepdf.Object, ...]

    @property
    def value(self) -> pikepdf.Object | None:
        value: pikepdf.Object | None = inherited(self.dictionary, "/V")
        return value

    @property
    def is_signed(self) -> bool:
        return self.kind == "/Sig" and isinstance(self.value, pikepdf.Dictionary)


def walk_pages(top: Any) -> Iterator[pikepdf.Object]:  # whatever stands at /Pages
    """Leaves of the page tree, loops and size bounded."""
    pending, nodes = [top], set()
    for _ in range(_MAX_PAGES):
        if not pending:
            return
        node = pending.pop()
        kids = node.get("/Kids") if isinstance(node, pikepdf.Dictionary) else None
        if isinstance(kids, pikepdf.Array) and key_of(node) not in nodes:
            nodes.add(key_of(node))
            pending.extend(reversed(list(kids)))
        elif isinstance(node, pikepdf.Dictionary) and not isinstance(kids, pikepdf.Array):
            yield node
    raise MalformedDocument("PDF_TOO_LARGE")


def walk_fields(top: pikepdf.Object) -> Iterator[FormField]:
    """Terminal fields, loops and depth bounded."""
    pending = [(item, "") for item in reversed(list(top))]
    seen: set[ObjectKey] = set()
    for _ in range(_MAX_FIELDS):
        if not pending:
            return
        item, prefix = pending.pop()
        key = key_of(item)
        if not isinstance(item, pikepdf.Dictionary) or (key != (0, 0) and key in seen):
            continue
        seen.add(key)
        name = _joined(prefix, item)
        kids = item.get("/Kids")
        children = (
            [kid for kid in kids if isinstance(kid, pikepdf.Dictionary)] if isinstance(kids, pikepdf.Array) else []
        )
        below = [kid for kid in children if "/T" in kid]
        pending.extend((kid, name) for kid in reversed(below))
        if not below:
            kind = inherited(item, "/FT")
            yield FormField(name, key, item, words(kind) if kind is not None else "", tuple(children) or (item,))
    raise MalformedDocument("PDF_TOO_LARGE")


def _joined(prefix: str, item: pikepdf.Object) -> str:
    part = item.get("/T")
    if part is None:
        return prefix
    return f"{prefix}.{words(part)}" if prefix else words(part)
