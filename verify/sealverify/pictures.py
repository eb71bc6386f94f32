"""The pictures of a seal impression, in the document that was signed and in the one at hand.

What the signed document lacks, the seal contradicts itself about; what only the later one lacks, somebody took away.
"""

from __future__ import annotations

from collections.abc import Callable

import pikepdf

from sealverify.document import Document, FoundSignature
from sealverify.drawing import Slices, recompute
from sealverify.errors import MalformedDocument, MalformedSealData
from sealverify.report import Note, note
from sealverify.sealdata import KEY, ImpressionData, decode
from sealverify.subindication import SubIndication

Add = Callable[..., None]
"""Takes a reason, or None, and notes."""


def recomputed(
    document: Document, found: FoundSignature, end: int | None, add: Add
) -> tuple[Slices | None, ImpressionData | None]:
    """What is drawn now, and the impression as stated; None each where the signature states no pictures, or nothing."""
    stated = found.dictionary.get(KEY)
    if stated is None:
        return None, None
    try:
        data = decode(stated)
        if not data.places:
            return None, data
        now = recompute(document.latest, found, data)
        then = now if end in (None, len(document.data)) else _then(document, found, data, end or 0)
    except MalformedSealData as problem:
        add(SubIndication.SIG_CONSTRAINTS_FAILURE, note(problem.code, **problem.details))
        return None, None
    except (MalformedDocument, pikepdf.PdfError):
        add(SubIndication.SIG_CONSTRAINTS_FAILURE, note("NOTE_PICTURES_UNREADABLE"))
        return None, data
    if not then.complete:
        add(SubIndication.SIG_CONSTRAINTS_FAILURE, _told(then))
    elif not now.complete:
        add(SubIndication.CHANGED_AFTER_SEALING, _told(now))
    return now, data


def _then(document: Document, found: FoundSignature, data: ImpressionData, end: int) -> Slices:
    """In the revision that was signed, with the signature field as that revision has it."""
    revision = document.revision(end)
    same = [item for item in revision.signatures if item.holder == found.holder]
    return recompute(revision, same[0] if same else found, data)


def _told(slices: Slices) -> Note:
    if not slices.missing:
        return note("NOTE_PICTURE_INCOMPLETE")
    pages = ", ".join(str(item["page"]) for item in slices.missing[:20] if item["page"] is not None) or "?"
    return note("NOTE_PICTURES_MISSING", present=slices.present, expected=slices.expected, pages=pages)
