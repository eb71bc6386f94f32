"""Attackers who sign: the change comes in the very revision that a further signature covers, so every hash is right.

The published attacks on certified and signed documents (evil annotation, sneaky signature, shadow attacks) in the
form that survives "each revision must be signed".
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from contextlib import suppress

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import NameObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter

from sealverify import Conclusion, MalformedDocument, SubIndication
from tests.support.pki import DemoPki, Identity
from tests.support.sealing import MDPPerm, Presser, place_field, press, sample, signer_of
from tests.support.tampering import append_revision, last_startxref, number_of, opened, root, size, spelled, stream
from tests.verify.conftest import Examine

Deed = Callable[[IncrementalPdfFileWriter], None]


Box = tuple[int, int, int, int]


def press_with(data: bytes, identity: Identity, deed: Deed, box: Box | None = (20, 20, 60, 60)) -> bytes:
    """A further signature, and whatever `deed` does to the document in the same revision."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    deed(writer)
    metadata = signers.PdfSignatureMetadata(field_name="Seal2", subfilter=SigSeedSubFilter.PADES)
    presser = Presser(metadata, signer_of(identity), new_field_spec=SigFieldSpec("Seal2", box=box))
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        presser.sign_pdf(writer, output=out)
    return out.getvalue()


def page_of(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    page = writer.root["/Pages"]["/Kids"].raw_get(0)
    writer.mark_update(page)
    return page.get_object()


def nothing(_writer: IncrementalPdfFileWriter) -> None:
    return


def lay_an_annotation(writer: IncrementalPdfFileWriter) -> None:
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Stamp"),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842))),
        }
    )
    page = page_of(writer)
    listed = generic.ArrayObject([*page.get("/Annots", []), writer.add_object(note)])
    page[NameObject("/Annots")] = listed


def add_content(writer: IncrementalPdfFileWriter) -> None:
    page = page_of(writer)
    more = writer.add_object(generic.StreamObject(stream_data=b"1 0 0 rg 0 0 600 800 re f"))
    page[NameObject("/Contents")] = generic.ArrayObject([page.raw_get("/Contents"), more])


def turn_the_page(writer: IncrementalPdfFileWriter) -> None:
    page_of(writer)[NameObject("/Rotate")] = generic.NumberObject(180)


def run_a_script(writer: IncrementalPdfFileWriter) -> None:
    script = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.TextStringObject("app.alert(1)")}
    writer.root[NameObject("/OpenAction")] = generic.DictionaryObject(script)
    writer.update_root()


def attach_a_file(writer: IncrementalPdfFileWriter) -> None:
    writer.root[NameObject("/AF")] = generic.ArrayObject([writer.add_object(generic.DictionaryObject())])
    writer.update_root()


def leave_an_object_lying_about(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.StreamObject(stream_data=b"for later"))


def bring_a_second_form(writer: IncrementalPdfFileWriter) -> None:
    form = writer.root.raw_get("/AcroForm")
    form.get_object()[NameObject("/XFA")] = writer.add_object(generic.StreamObject(stream_data=b"<xdp/>"))
    writer.mark_update(form)


def touch_the_first_seal(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"].raw_get(0)
    field.get_object()[NameObject("/F")] = generic.NumberObject(2)
    writer.mark_update(field)


def retitle(writer: IncrementalPdfFileWriter) -> None:
    info = writer.trailer.raw_get("/Info")
    info.get_object()[NameObject("/Title")] = generic.TextStringObject("Another matter")
    writer.mark_update(info)


DEEDS = [
    lay_an_annotation,
    add_content,
    turn_the_page,
    run_a_script,
    attach_a_file,
    leave_an_object_lying_about,
    bring_a_second_form,
    touch_the_first_seal,
    retitle,
]


def test_without_a_deed_it_is_an_honest_countersignature(pki: DemoPki, examine: Examine, sealed: bytes) -> None:
    assert examine(press_with(sealed, pki.other_seal, nothing)).conclusion is Conclusion.PASSED


@pytest.mark.parametrize("deed", DEEDS, ids=lambda item: item.__name__)
@pytest.mark.parametrize("certified", [None, MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE], ids=["approval", "P2", "P3"])
def test_a_deed_under_cover_of_a_good_signature(
    pki: DemoPki, examine: Examine, deed: Deed, certified: MDPPerm | None
) -> None:
    sealed = press(sample("approval-letter-1-page.pdf"), pki.seal, certify=certified)
    assert examine(sealed).conclusion is Conclusion.PASSED
    box = None if certified else (20, 20, 60, 60)
    assert examine(press_with(sealed, pki.other_seal, nothing, box)).conclusion is Conclusion.PASSED
    report = examine(press_with(sealed, pki.other_seal, deed, box))
    first, second = report.signatures
    assert (first.conclusion, first.sub_indication) == (Conclusion.FAILED, SubIndication.CHANGED_AFTER_SEALING)
    assert second.conclusion is Conclusion.PASSED, "what the second signer saw is what the second signer signed"
    assert report.conclusion is Conclusion.FAILED


@pytest.mark.parametrize("certified", [MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_on_a_certified_document_a_visible_signature_goes_where_a_field_was_placed_for_it(
    pki: DemoPki, examine: Examine, certified: MDPPerm
) -> None:
    """A field that comes with the signature can lie anywhere, and what it shows is the latecomer's alone."""
    placed = place_field(sample("approval-letter-1-page.pdf"), "Placed", (20, 20, 140, 140))
    sealed = press(placed, pki.seal, certify=certified)
    assert examine(press(sealed, pki.other_seal, name="Placed", existing=True)).conclusion is Conclusion.PASSED
    assert examine(press(sealed, pki.other_seal, name="New", box=None)).conclusion is Conclusion.PASSED
    report = examine(press(sealed, pki.other_seal, name="New", box=(300, 300, 400, 400)))
    assert report.sub_indication is SubIndication.CHANGED_AFTER_SEALING
    assert "CHANGE_FIELD_NOT_PLACED" in [change.code for change in report.signatures[0].after.list]
    assert "预先设置的签名域" in report.summary.zh


def test_a_void_filled_by_the_picture_of_the_next_signature(pki: DemoPki, examine: Examine) -> None:
    """The cleverest of them: the page points at a number that does not exist, and the next signature's picture gets
    just that number. Every object is accounted for, and the page shows something else."""
    innocent = sample("approval-reply-3-page.pdf")
    probe = press(press(innocent, pki.seal), pki.other_seal, name="Seal2", box=(20, 20, 60, 60))
    hole = number_of(probe, "/AcroForm", "/Fields", 1, "/AP", "/N")
    page, old = number_of(innocent, "/Pages", "/Kids", 1), number_of(innocent, "/Pages", "/Kids", 1, "/Contents")
    for target in range(hole - 3, hole + 4):
        contents = b"[%d 0 R %d 0 R]" % (old, target)
        prepared = append_revision(innocent, {page: spelled(innocent, page, Contents=contents)})
        sealed = press(prepared, pki.seal)
        if number_of_highest(sealed) >= target:
            continue
        both = press(sealed, pki.other_seal, name="Seal2", box=(20, 20, 60, 60))
        if number_of(both, "/AcroForm", "/Fields", 1, "/AP", "/N") == target:
            report = examine(both)
            assert report.sub_indication is SubIndication.CHANGED_AFTER_SEALING
            assert "CHANGE_VOID_FILLED" in [change.code for change in report.signatures[0].after.list]
            return
    pytest.fail("no number fitted: the story was not told")


def number_of_highest(data: bytes) -> int:
    with opened(data) as pdf:
        return max(number for number, _ in pdf.get_xref_table())


def test_two_numbers_for_one_place(examine: Examine, sealed: bytes) -> None:
    """A section that lists the page's content where the new object lies."""
    content, new = number_of(sealed, "/Pages", "/Kids", 0, "/Contents"), size(sealed)
    whole = append_revision(sealed, {new: stream(b"q Q")})
    offset = int(re.findall(rb"(\d{10}) 00000 n", whole[len(sealed) :])[-1])
    twice = append_revision(sealed, {new: stream(b"q Q")}, listed={content: offset})
    assert examine(twice).conclusion is Conclusion.FAILED


def test_a_chain_of_revisions_that_goes_in_circles(examine: Examine, sealed: bytes) -> None:
    start = len(sealed)
    section = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size %d /Root %s /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    circle = sealed + section % (size(sealed), root(sealed), start, start)
    with suppress(MalformedDocument):
        assert examine(circle).conclusion is not Conclusion.PASSED
    skipping = sealed + section % (size(sealed), root(sealed), first_section(sealed), start)
    assert examine(skipping).conclusion is Conclusion.FAILED
    assert last_startxref(skipping) == start


def first_section(data: bytes) -> int:
    return int(re.findall(rb"startxref\s+(\d+)", data)[0])
