"""XMP metadata of two revisions: does more than the date and the program's name differ?

Programs that sign note in the metadata when and with what; every other word there (title, author, conformance) stays.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from xml.etree import ElementTree

import pikepdf

from sealverify.errors import MalformedDocument
from sealverify.tree import stream_bytes

_XMP, _PDF, _MM = (
    "{http://ns.adobe.com/xap/1.0/}",
    "{http://ns.adobe.com/pdf/1.3/}",
    "{http://ns.adobe.com/xap/1.0/mm/}",
)
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_MAX_BYTES = 2_000_000

_DATES = frozenset(
    (
        _XMP + "ModifyDate",
        _XMP + "MetadataDate",
        _PDF + "Producer",
        _MM + "InstanceID",
        "{adobe:ns:meta/}xmptk",
        _RDF + "about",
    )
)
_FRAME = frozenset(("{adobe:ns:meta/}xmpmeta", _RDF + "RDF", _RDF + "Description"))


def only_dates_differ(old: Any, new: Any) -> bool:
    """Whether two metadata streams say the same but for dates, instance and producer; `old` may be missing."""
    if not isinstance(new, pikepdf.Stream) or not isinstance(old, pikepdf.Stream | None):
        return False
    try:
        return (_statements(old) if old is not None else Counter()) == _statements(new)
    except (ElementTree.ParseError, ValueError, pikepdf.PdfError, MalformedDocument):
        return False


def _statements(stream: pikepdf.Stream) -> Counter[tuple[str, ...]]:
    """Each property and its text, however it is written (as an attribute or as an element)."""
    data = stream_bytes(stream, _MAX_BYTES)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ValueError
    found: Counter[tuple[str, ...]] = Counter()
    _collect(ElementTree.fromstring(data), (), found)  # noqa: S314 - no entities, bounded size, bounded process
    return found


def _collect(element: ElementTree.Element, path: tuple[str, ...], found: Counter[tuple[str, ...]]) -> None:
    if element.tag in _DATES:
        return
    here = path if element.tag in _FRAME else (*path, element.tag)
    text = (element.text or "").strip()
    if text or (here and not len(element) and element.tag not in _FRAME):
        found[(*here, text)] += 1
    for key, value in element.attrib.items():
        if key not in _DATES:
            found[(*here, key, value)] += 1
    for child in element:
        _collect(child, here, found)
