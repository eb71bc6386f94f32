"""What a document says of itself: version, pages, whether it is tagged, and its claim to be PDF/A or PDF/UA."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pikepdf

from sealservice.workers.order import DocumentFacts
from sealservice.workers.pdf.objects import is_true
from sealservice.workers.pdf.opening import Document

_MAX_METADATA = 4 << 20
_PART = re.compile(rb"pdfaid:part\s*(?:=\s*[\"']|>)\s*(\d)")
_CONFORMANCE = re.compile(rb"pdfaid:conformance\s*(?:=\s*[\"']|>)\s*([A-Za-z])")
_ACCESSIBLE = re.compile(rb"pdfuaid:part\s*(?:=\s*[\"']|>)\s*(\d)")


def read_facts(document: Document, pages: int, signatures: int, allowed: Sequence[str]) -> DocumentFacts:
    """The claims are the file's own; nobody has checked them."""
    metadata = _metadata(document)
    part, conformance, accessible = (pattern.search(metadata) for pattern in (_PART, _CONFORMANCE, _ACCESSIBLE))
    marks = document.root.get("/MarkInfo")
    return DocumentFacts(
        pages=pages,
        pdf_version=document.pdf.pdf_version,
        pdfa=_joined(part, conformance),
        pdfua=_joined(accessible, None),
        tagged=isinstance(marks, pikepdf.Dictionary) and is_true(marks, "/Marked"),
        signatures=signatures,
        allowed=tuple(allowed),
    )


def may_blend(document: Document, facts: DocumentFacts) -> bool:
    """Whether the seal may be blended with what lies beneath it. PDF/A-1 has no transparency at all; later parts want
    to know the colours it happens in, which an output intent says (ISO 19005-2, 6.2.10)."""
    if facts.pdfa is None:
        return True
    return not facts.pdfa.startswith("1") and isinstance(document.root.get("/OutputIntents"), pikepdf.Array)


def _metadata(document: Document) -> bytes:
    stream = document.root.get("/Metadata")
    return stream.read_bytes()[:_MAX_METADATA] if isinstance(stream, pikepdf.Stream) else b""


def _joined(part: re.Match[bytes] | None, conformance: re.Match[bytes] | None) -> str | None:
    if part is None:
        return None
    return (part[1] + (conformance[1].upper() if conformance else b"")).decode()
