"""Values of a PDF as bytes to compare: each thing spelled in one way, however its writer spelled it.

A program that signs writes the dictionaries that it touches anew, numbers and text strings in its own fashion. What
they say is compared here; refuses to know where a value stands but for the key that leads to it.
"""

from __future__ import annotations

import codecs
from decimal import Decimal
from typing import Any

import pikepdf

from sealverify.tree import key_of

_TEXT_KEYS = frozenset(
    (
        *("/T", "/TU", "/TM", "/V", "/DV", "/Opt", "/NM", "/M", "/Contents", "/Subj", "/CA", "/RC", "/AC", "/DS"),
        *("/Lang", "/Alt", "/ActualText", "/E", "/P", "/Fields", "/UF", "/Desc"),
        *("/Name", "/Reason", "/Location", "/ContactInfo", "/Reasons", "/LegalAttestation"),
        *("/Title", "/Author", "/Subject", "/Keywords", "/Creator", "/Producer", "/CreationDate", "/ModDate"),
        *("/OutputCondition", "/OutputConditionIdentifier", "/RegistryName", "/Info"),
    )
)
"""Where a string is text and may be written in several encodings (ISO 32000-2 §7.9.2.2); elsewhere its bytes count."""


def spelled(value: Any, *, text: bool = False) -> bytes:  # pikepdf gives plain numbers, too
    """A value as PDF syntax, references left as they are, each number in one way, and each text in one encoding: two
    values are the same when they are spelled the same. `text` says that a string here is text."""
    number, generation = key_of(value)
    if number:
        return b"%d %d R" % (number, generation)
    if isinstance(value, pikepdf.Dictionary):
        entries = (_key(key) + b" " + spelled(item, text=key in _TEXT_KEYS) for key, item in sorted(value.items()))
        return b"<<" + b" ".join(entries) + b">>"
    if isinstance(value, pikepdf.Array):
        return b"[" + b" ".join(spelled(item, text=text) for item in value) + b"]"
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return format(Decimal(value).normalize(), "f").encode()
    if text and isinstance(value, pikepdf.String):
        return _text(bytes(value))
    return value.unparse() if isinstance(value, pikepdf.Object) else repr(value).encode()


def differing_keys(one: pikepdf.Object, other: pikepdf.Object, *, texts: bool = False) -> set[str]:
    """The entries that only one of two dictionaries has, or that say something else. `texts`: every string is text, as
    in an information dictionary (§14.3.3)."""

    def differs(key: str) -> bool:
        text = texts or key in _TEXT_KEYS
        return (key in one) != (key in other) or spelled(one.get(key), text=text) != spelled(other.get(key), text=text)

    return {key for key in set(one.keys()) | set(other.keys()) if differs(key)}


def _key(key: str) -> bytes:
    return key.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> bytes:
    """What a text string says, as one hexadecimal string; one that no encoding fits stays the bytes that it is, and so
    does UTF-16 in the order that the standard does not know."""
    marks = {codecs.BOM_UTF16_BE: "utf-16-be", codecs.BOM_UTF8: "utf-8"}
    mark = next((mark for mark in marks if raw.startswith(mark)), b"")
    if raw.startswith(codecs.BOM_UTF16_LE):
        return b"<" + raw.hex().encode() + b">"
    try:
        said = raw.removeprefix(mark).decode(marks.get(mark, "pdfdoc_pikepdf"))
    except UnicodeDecodeError:
        return b"<" + raw.hex().encode() + b">"
    return b"<" + (codecs.BOM_UTF16_BE + said.encode("utf-16-be")).hex().encode() + b">"
