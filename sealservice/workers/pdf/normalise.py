"""When an unsigned document is rewritten before it is sealed, and how.

Only where its bytes could show one thing today and another tomorrow: several revisions, objects twice or outside the
object table, a damaged table, encryption that was allowed to go. Otherwise the bytes that came in stay, untouched, the
beginning of the sealed file. A signed document is never rewritten. (Decision 0005; shadow attacks, Mainka et al. 2021.)
"""

from __future__ import annotations

import mmap
import os
import re

import pikepdf

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers.pdf.opening import Document, ObjGen, damaged
from sealservice.workers.pdf.survey import Survey

_NUMBERS_BEFORE = re.compile(rb"(\d{1,10})[ \t\r\n]+\d{1,5}$")
_MENTION = re.compile(rb"\b(\d{1,8}) (\d{1,5}) R\b")
_HINTS = re.compile(rb"/H \[ (\d+) .*/Linearized ")
_DRAWN_TYPES = ("/Catalog", "/Pages", "/Page", "/Annot", "/Font", "/XObject", "/Sig")


def reasons(document: Document, found: Survey) -> tuple[str, ...]:
    """Why this unsigned document has to be rewritten, as codes of the catalogue; empty when it need not."""
    trailer = document.pdf.trailer
    with mmap.mmap(document.file, 0, access=mmap.ACCESS_READ) as data:
        several = _count(data, b"startxref") > (2 if document.pdf.is_linearized else 1)
        stray = _stray_objects(data, document)
    checks = {
        "NORMALISED_ENCRYPTED": document.encrypted,
        "NORMALISED_REPAIRED": bool(document.warnings()),
        "NORMALISED_BYTES_AROUND": document.header_at > 0 or not document.clean_end,
        "NORMALISED_SEVERAL_REVISIONS": several or ("/Prev" in trailer and not document.pdf.is_linearized),
        "NORMALISED_HYBRID_TABLE": "/XRefStm" in trailer,
        "NORMALISED_OBJECTS_OUTSIDE_TABLE": stray,
        "NORMALISED_HIDDEN_OBJECTS": _has_hidden(document, found),
    }
    return tuple(reason for reason, applies in checks.items() if applies)


def rewrite(document: Document, output: int) -> None:
    """Writes to `output` the same document as one clean revision, of the objects that its catalogue leads to."""
    stream_mode = pikepdf.ObjectStreamMode.generate if document.has_table_stream else pikepdf.ObjectStreamMode.disable
    try:
        with os.fdopen(os.dup(output), "r+b") as file:
            document.pdf.save(
                file,
                encryption=False,
                object_stream_mode=stream_mode,
                deterministic_id=not document.encrypted,
                fix_metadata_version=False,
            )
    except pikepdf.PdfError as problem:
        raise damaged(problem) from problem


def refuse_loss(document: Document, pages: int) -> None:
    """Where the table had to be made anew, everything that is mentioned has to be there: half a document is not sealed.

    Raises DocumentRefused("DOCUMENT_DAMAGED")."""
    if not document.is_reconstructed:
        return
    with mmap.mmap(document.file, 0, access=mmap.ACCESS_READ) as data:
        mentioned = {(int(match[1]), int(match[2])) for match in _MENTION.finditer(data)}
    lost = mentioned - document.pdf.get_xref_table().keys()
    stated = document.root["/Pages"].get("/Count")
    if lost or stated != pages:
        reason = f"{len(lost)} objects are missing, {pages} of {stated} pages were found"
        raise DocumentRefused("DOCUMENT_DAMAGED", reason=reason)


def refuse_damaged_signed(document: Document) -> None:
    """A signed document can only be added to, so it has to be sound. Raises DocumentRefused."""
    if document.encrypted:
        raise DocumentRefused("DOCUMENT_SIGNED_AND_ENCRYPTED")
    problems = document.warnings()
    if document.header_at or not document.clean_end:
        problems.append("there are bytes before its beginning or behind its end")
    if problems:
        raise DocumentRefused("DOCUMENT_SIGNED_AND_DAMAGED", reason=problems[0])


def _count(data: mmap.mmap, word: bytes) -> int:
    return sum(1 for _ in _positions(data, word))


def _positions(data: mmap.mmap, word: bytes) -> list[int]:
    found = []
    at = data.find(word)
    while at >= 0:
        found.append(at)
        at = data.find(word, at + len(word))
    return found


def _stray_objects(data: mmap.mmap, document: Document) -> bool:
    """Whether an object begins where the table knows of none: defined twice, or taken out of the table."""
    table = document.pdf.get_xref_table()
    known = {(entry.offset or 0) + document.header_at for entry in table.values() if entry.type == 1}
    for at in _positions(data, b"obj"):
        before = data[max(0, at - 24) : at].rstrip(b" \t\r\n")
        match = _NUMBERS_BEFORE.search(before)
        if match and max(0, at - 24) + match.start() not in known:
            return True
    return False


def _has_hidden(document: Document, found: Survey) -> bool:
    """Whether objects that a reader could draw or follow are there without anything leading to them."""
    hidden = found.syntax.keys() - _reachable(document, found) - _linearization(document, found)
    return any(_could_be_shown(objgen, found) for objgen in hidden)


def _linearization(document: Document, found: Survey) -> set[ObjGen]:
    """The hint stream of a linearized file, which only its /Linearized dictionary knows, by offset (Annex F)."""
    if not document.pdf.is_linearized:
        return set()
    hints = next((match for text in found.syntax.values() if (match := _HINTS.search(text))), None)
    table = document.pdf.get_xref_table()
    return {objgen for objgen, entry in table.items() if hints and entry.type == 1 and entry.offset == int(hints[1])}


def _reachable(document: Document, found: Survey) -> set[ObjGen]:
    trailer = document.pdf.trailer
    todo = [value.objgen for _, value in trailer.items() if isinstance(value, pikepdf.Object) and value.is_indirect]
    reached: set[ObjGen] = set()
    while todo:
        objgen = todo.pop()
        if objgen not in reached and objgen in found.syntax:
            reached.add(objgen)
            todo += found.references(objgen)
    return reached


def _could_be_shown(objgen: ObjGen, found: Survey) -> bool:
    syntax = found.syntax[objgen]
    if objgen in found.streams:
        kind = str(found.streams[objgen].stream_dict.get("/Type", ""))
        return kind not in ("/XRef", "/ObjStm", "/Metadata")
    return any(b"/Type " + kind.encode() + b" " in syntax for kind in _DRAWN_TYPES) or b"/Subtype /Widget" in syntax
