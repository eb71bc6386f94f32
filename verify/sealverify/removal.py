"""Signatures whose bytes are in the file and that the document at hand no longer shows.

Whoever takes a signature out by appending a revision, or damages its object so that readers skip it, leaves its bytes
behind. They are looked for, so that such a file is told apart from one that was never signed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pikepdf

from sealverify.document import Document, FoundSignature, Revision
from sealverify.errors import MalformedDocument
from sealverify.signed_bytes import RangeWrong, SignedBytes, locate

_RANGE = re.compile(rb"/ByteRange[\x00\t\n\x0c\r ]*\[[\x00\t\n\x0c\r ]*0\s+(\d{1,15})\s+(\d{1,15})\s+(\d{1,15})\s*\]")
_MAX_TRIES = 20


def removed_signatures(document: Document, known: set[int]) -> Iterator[tuple[FoundSignature, SignedBytes]]:
    """Sound signatures of earlier revisions whose hole, by its start, is not among the `known` ones."""
    tried = 0
    for match in _RANGE.finditer(document.data):
        hole, end = int(match[1]), int(match[2]) + int(match[3])
        if hole in known or not 0 < end < len(document.data) or tried >= _MAX_TRIES:
            continue
        tried += 1
        for found, covered in _in_revision(document, end):
            if covered.byte_range[1] == hole:
                known.add(hole)
                yield found, covered


def traces(document: Document, known: set[int]) -> Iterator[tuple[FoundSignature, RangeWrong]]:
    """Holes with a signature value in them that no signature, shown or removed, accounts for."""
    for match in _RANGE.finditer(document.data):
        hole, rest = int(match[1]), int(match[2])
        bracketed = (document.data[hole : hole + 1], document.data[rest - 1 : rest]) == (b"<", b">")
        if hole in known or not bracketed or len(known) > _MAX_TRIES:
            continue
        known.add(hole)
        found = FoundSignature(f"@{hole}", pikepdf.Dictionary(), None, 0, nested=False)
        yield found, RangeWrong("RANGE_TRACES", offset=hole)


def _in_revision(document: Document, end: int) -> Iterator[tuple[FoundSignature, SignedBytes]]:
    try:
        revision: Revision = document.revision(end)
        for found in revision.signatures:
            try:
                yield found, locate(document, found, revision)
            except RangeWrong:
                continue
    except MalformedDocument:
        return
