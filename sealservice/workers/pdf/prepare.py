"""The task "prepare": one document in, the same document with its seal and a hole for the signature out.

The order of things is the whole point: open, look at everything, refuse, rewrite only if it must be, decide the place,
check it against what earlier signatures allow, and only then write. Nothing here signs, and nothing here decides who
may.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pikepdf

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers.limits import Limits
from sealservice.workers.order import DocumentFacts, PreparationOrder
from sealservice.workers.pdf import normalise
from sealservice.workers.pdf.decoding import refuse_bombs
from sealservice.workers.pdf.facts import may_blend, read_facts
from sealservice.workers.pdf.fields import FormField, Standing, free_name, read_fields, require_new_names, standing
from sealservice.workers.pdf.keyword import TextSearch
from sealservice.workers.pdf.opening import Document, damaged, open_document
from sealservice.workers.pdf.pages import PageView, read_pages
from sealservice.workers.pdf.picture import load_picture
from sealservice.workers.pdf.placement import Scene, plan
from sealservice.workers.pdf.pressing import Press
from sealservice.workers.pdf.refusals import refuse_dangers
from sealservice.workers.pdf.spots import Plan, Size
from sealservice.workers.pdf.survey import survey


@dataclass(frozen=True)
class Reading:
    """A document that may be pressed on, and where its bytes now are."""

    document: Document
    file: int
    pages: Sequence[PageView]
    fields: Sequence[FormField]
    facts: DocumentFacts
    normalised: tuple[str, ...]


def prepare(request: dict[str, Any], files: Sequence[int], limits: Limits) -> dict[str, Any]:
    """`files`: the document, the output, and the picture unless the seal is invisible. Raises DocumentRefused."""
    order = PreparationOrder.from_json(request)
    try:
        reading = _read(order, files[0], files[1], limits)
        return _press(order, reading, files, limits)
    except pikepdf.PdfError as problem:
        raise damaged(problem) from problem
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError, RecursionError) as problem:
        # a document whose parts are of other kinds than they should be, or a fault of ours: the pool logs the trace
        reason = f"{type(problem).__name__}: {problem}"[:200]
        raise DocumentRefused("DOCUMENT_DAMAGED", reason=reason, trace=traceback.format_exc()[-4000:]) from problem


def _read(order: PreparationOrder, source: int, output: int, limits: Limits) -> Reading:
    document = open_document(source, limits)
    found = survey(document, limits)
    allowed = refuse_dangers(document, found, order.allow)
    refuse_bombs(found, limits)
    fields = read_fields(document)
    signatures = sum(field.is_signed for field in fields)
    rewritten: tuple[str, ...] = ()
    if signatures:
        normalise.refuse_damaged_signed(document)
    else:
        if "/Perms" in document.root:
            raise DocumentRefused("DOCUMENT_HAS_USAGE_RIGHTS")
        rewritten = normalise.reasons(document, found)
    if rewritten:
        normalise.refuse_loss(document, len(read_pages(document, limits)))
        normalise.rewrite(document, output)
        source, document = output, open_document(output, limits)
        fields = read_fields(document)
    pages = read_pages(document, limits)
    facts = read_facts(document, len(pages), signatures, allowed)
    return Reading(document, source, pages, fields, facts, rewritten)


def _press(order: PreparationOrder, reading: Reading, files: Sequence[int], limits: Limits) -> dict[str, Any]:
    size = Size(order.width_mm, order.height_mm)
    text = TextSearch(reading.file)
    try:
        decided = plan(order.placement, size, Scene(reading.pages, reading.fields, text, limits))
    finally:
        text.close()
    name = decided.field.name if decided.field else free_name(list(reading.fields))
    require_new_names([name, *(field.name for field in order.next_fields)], reading.fields, decided.field)
    allowed = standing(list(reading.fields), name)
    _refuse_on_signed(order, decided, allowed)
    picture = load_picture(files[2]) if decided.spots else None
    if picture and picture.transparent and (reading.facts.pdfa or "").startswith("1"):
        raise DocumentRefused("PICTURE_TRANSPARENT_FOR_PDFA1")
    ink = may_blend(reading.document, reading.facts)
    press = Press(order, decided, reading.document, reading.pages, name, ink=ink)
    written = press.write(reading.file, files[1], picture, signed=allowed.signatures > 0)
    return {
        "digest": written.digest.hex(),
        "byte_range": written.byte_range,
        "contents_at": written.contents_at,
        "contents_length": written.contents_length,
        "prefix_length": written.prefix_length,
        "prefix_digest": written.prefix_digest.hex(),
        "normalised": reading.normalised,
        "form": decided.form,
        "keyword": decided.keyword,
        "places": [vars(spot.place()) for spot in decided.spots],
        "field_name": name,
        "facts": vars(reading.facts),
    }


def _refuse_on_signed(order: PreparationOrder, decided: Plan, allowed: Standing) -> None:
    """What cannot be done to a document that carries a signature already (design: documents several bodies touch)."""
    if not allowed.signatures:
        return
    if order.certification is not None:
        raise DocumentRefused("SIGNED_CANNOT_BE_CERTIFIED", signatures=allowed.signatures)
    if order.next_fields:
        raise DocumentRefused("SIGNED_CANNOT_GET_FIELDS", signatures=allowed.signatures)
    if len(decided.spots) > 1 or decided.form in ("Riding", "EveryPage"):
        raise DocumentRefused("SIGNED_TAKES_ONE_PICTURE", signatures=allowed.signatures, places=len(decided.spots))
    if allowed.certified is not None and decided.spots and decided.field is None:
        raise DocumentRefused("CERTIFIED_NEEDS_FIELD", level=allowed.certified)
