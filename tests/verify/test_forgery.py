"""Signatures that are no signatures: emptied, moved, wrapped, transplanted, doubled, or of a kind we do not judge.

The classes of attack that broke most viewers when they were published (universal forgery, signature wrapping,
incremental saving), each on a genuine seal.
"""

from __future__ import annotations

import re

import pytest

from sealverify import Conclusion, SubIndication
from sealverify.changes import Changes
from sealverify.integrity import IntegrityState
from tests.support.pki import DemoPki
from tests.support.sealing import PLACE, MDPPerm, Pressing, press, sample
from tests.support.tampering import append_revision, contents_hole, number_of, patched, size, spelled, stream
from tests.verify.conftest import Examine

RANGE = re.compile(rb"/ByteRange\s*\[[^\]]*\]\s*")


def test_one_flipped_byte_anywhere_in_the_text(examine: Examine, sealed: bytes) -> None:
    at = sealed.index(b"stream") + 200
    broken = sealed[:at] + bytes((sealed[at] ^ 1,)) + sealed[at + 1 :]
    report = examine(broken)
    (signature,) = report.signatures
    assert (report.conclusion, report.sub_indication) == (Conclusion.FAILED, SubIndication.HASH_FAILURE)
    assert signature.integrity is IntegrityState.BROKEN
    assert signature.after.state is Changes.NONE
    assert "content is not what" in report.summary.en


def test_another_signature_value(examine: Examine, sealed: bytes) -> None:
    hole, rest = contents_hole(sealed)
    digits = sealed[hole + 1 : rest - 1].rstrip(b"0")
    at = hole + 1 + len(digits) - 3
    other = b"1" if sealed[at : at + 1] != b"1" else b"2"
    report = examine(sealed[:at] + other + sealed[at + 1 :])
    assert (report.conclusion, report.sub_indication) == (Conclusion.FAILED, SubIndication.SIG_CRYPTO_FAILURE)


def of_same_length(sealed: bytes, new: bytes) -> bytes:
    """The ByteRange entry replaced, padded to its old length."""
    (old,) = RANGE.findall(sealed)
    return patched(sealed, old, new.ljust(len(old)))


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"/ByteRange null",
        b"/ByteRange []",
        b"/ByteRange [0 1]",
        b"/ByteRange [0 0 0 0]",
        b"/ByteRange [0 -1 5 5]",
        b"/ByteRange [0 10 5 10]",
        b"/ByteRange [0 99999999 999999999 9]",
        b"/ByteRange [0 1.5 3 4]",
        b"/ByteRange (0 1 2 3)",
    ],
)
def test_a_senseless_byte_range(examine: Examine, sealed: bytes, entry: bytes) -> None:
    report = examine(of_same_length(sealed, entry))
    (signature,) = report.signatures
    assert (report.conclusion, report.sub_indication) == (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)
    assert {note.code for note in signature.notes} & {"RANGE_SENSELESS", "RANGE_MISSING"}


def test_a_byte_range_moved(examine: Examine, sealed: bytes) -> None:
    hole, rest = contents_hole(sealed)
    moved = b"/ByteRange [0 %d %d %d]" % (hole - 10, rest, len(sealed) - rest)
    report = examine(of_same_length(sealed, moved))
    assert (report.conclusion, report.sub_indication) == (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)
    assert report.signatures[0].notes[0].code == "RANGE_GAP"
    early = b"/ByteRange [0 %d %d %d]" % (hole, rest, len(sealed) - rest - 40)
    report = examine(of_same_length(sealed, early))
    assert report.signatures[0].notes[0].code == "RANGE_NO_REVISION"


def test_a_second_byte_range(examine: Examine, sealed: bytes) -> None:
    """Signature wrapping: which of the two does a reader take?"""
    hole, rest = contents_hole(sealed)
    short = b"/ByteRange [0 %d %d %d]" % (hole, rest, len(sealed) - rest)
    report = examine(of_same_length(sealed, short + b"/ByteRange[0 1 2 3]"))
    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert report.signatures[0].notes[0].code == "RANGE_KEY_TWICE"


@pytest.mark.parametrize("value", [b"null", b"<>", b"<00>", b"()", b"(0000)", b"0", b"[<00>]"])
def test_an_emptied_signature_value(examine: Examine, sealed: bytes, value: bytes) -> None:
    hole, rest = contents_hole(sealed)
    report = examine(sealed[:hole] + value.ljust(rest - hole) + sealed[rest:])
    assert (report.conclusion, report.sub_indication) == (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)


def test_foreign_bytes_in_the_padding(examine: Examine, sealed: bytes) -> None:
    _, rest = contents_hole(sealed)
    report = examine(sealed[: rest - 9] + b"DEADBEEF" + sealed[rest - 1 :])
    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert report.signatures[0].notes[0].code == "CMS_TRAILING"


def test_letters_of_another_case_are_a_change_too(examine: Examine, sealed: bytes) -> None:
    hole, rest = contents_hole(sealed)
    at = next(i for i in range(hole, rest) if sealed[i : i + 1] in b"ABCDEF")
    report = examine(sealed[:at] + sealed[at : at + 1].lower() + sealed[at + 1 :])
    assert report.sub_indication is SubIndication.FORMAT_FAILURE


@pytest.mark.parametrize("blank", [b" ", b"\n", b"\x00"])
def test_nor_is_there_room_between_the_digits(examine: Examine, sealed: bytes, blank: bytes) -> None:
    """The value is not covered by itself: two blanks for two zeros of the padding would read the same elsewhere."""
    _, rest = contents_hole(sealed)
    for at in (rest - 3, rest - 9):
        report = examine(sealed[:at] + 2 * blank + sealed[at + 2 :])
        assert report.sub_indication is SubIndication.FORMAT_FAILURE
        assert report.signatures[0].notes[0].code == "RANGE_CONTENTS"


def test_a_seal_transplanted_from_another_document(examine: Examine, sealed: bytes) -> None:
    """The whole signature dictionary of a genuine seal, put under a document that nobody sealed."""
    victim = sample("approval-letter-english-odt.pdf")
    value = sealed[
        sealed.rindex(b"<<", 0, contents_hole(sealed)[0]) : sealed.index(b"endobj", contents_hole(sealed)[1])
    ]
    assert b"/ByteRange" in value
    field, signature, page = size(victim), size(victim) + 1, number_of(victim, "/Pages", "/Kids", 0)
    catalog = number_of(victim)
    forged = append_revision(
        victim,
        {
            catalog: spelled(victim, catalog, AcroForm=b"<< /Fields [%d 0 R] /SigFlags 3 >>" % field),
            page: spelled(victim, page, Annots=b"[%d 0 R]" % field),
            field: b"<< /FT /Sig /T (Seal1) /V %d 0 R /Type /Annot /Subtype /Widget /Rect [0 0 0 0] >>" % signature,
            signature: value.replace(RANGE.findall(value)[0], b""),
        },
    )
    report = examine(forged)
    assert (report.conclusion, report.sub_indication) == (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)
    hole = forged.rindex(b"<30")
    rest = forged.index(b">", hole) + 1
    entry = b"/ByteRange [0 %07d %07d %07d]"
    longer = len(entry % (0, 0, 0))
    at = forged.rindex(b"/Type /Sig")
    shifted = longer if at < hole else 0
    fitting = entry % (hole + shifted, rest + shifted, len(forged) + longer - rest - shifted)
    fitted = forged[:at] + fitting + forged[at:]
    start = fitted.rindex(b"xref\n0 1")
    fitted = fitted[: fitted.rindex(b"startxref")] + b"startxref\n%d\n%%%%EOF\n" % start
    report = examine(fitted)
    assert report.conclusion in (Conclusion.FAILED, Conclusion.UNREADABLE)
    assert report.sub_indication is SubIndication.HASH_FAILURE


def test_a_picture_of_a_seal_proves_nothing(examine: Examine) -> None:
    data = sample("approval-letter-1-page.pdf")
    page, picture = number_of(data, "/Pages", "/Kids", 0), size(data)
    stamp = b"<< /Type /Annot /Subtype /Stamp /Rect [330 120 449 239] /AP << /N %d 0 R >> >>" % picture
    form = stream(b"1 0 0 rg 0 0 119 119 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 119 119]")
    report = examine(append_revision(data, {page: spelled(data, page, Annots=b"[" + stamp + b"]"), picture: form}))
    assert report.conclusion is Conclusion.NO_SIGNATURE
    assert "proves nothing" in report.summary.en


def test_a_seal_of_a_national_kind_is_reported_and_never_called_unsigned(examine: Examine, sealed: bytes) -> None:
    report = examine(patched(sealed, b"/ETSI.CAdES.detached", b"/GM.sm2seal         "))
    assert report.conclusion is Conclusion.INDETERMINATE
    (signature,) = report.signatures
    assert signature.notes[0].code == "NOTE_SUBFILTER"
    assert "GM.sm2seal" in signature.notes[0].text.zh
    assert signature.integrity is IntegrityState.UNKNOWN


def test_a_signature_that_no_form_field_leads_to_is_found(examine: Examine, sealed: bytes) -> None:
    field = number_of(sealed, "/AcroForm", "/Fields", 0)
    form = number_of(sealed, "/AcroForm")
    report = examine(append_revision(sealed, {form: b"<< /Fields [] >>", field: b"null"}))
    assert report.conclusion is Conclusion.FAILED
    assert any(signature.name.startswith("#") for signature in report.signatures)


def test_fields_that_run_in_circles(examine: Examine, sealed: bytes) -> None:
    form, loop = number_of(sealed, "/AcroForm"), size(sealed)
    field = number_of(sealed, "/AcroForm", "/Fields", 0)
    circle = {
        form: b"<< /Fields [%d 0 R %d 0 R] /SigFlags 3 >>" % (loop, field),
        loop: b"<< /T (a) /Kids [%d 0 R] /Parent %d 0 R >>" % (loop, loop),
    }
    assert examine(append_revision(sealed, circle)).conclusion is Conclusion.FAILED


class TestFurtherSignatures:
    """Departments press one after another; attackers do, too."""

    def test_a_second_department_may_press(self, pki: DemoPki, examine: Examine, sealed: bytes) -> None:
        report = examine(press(sealed, pki.other_seal, name="Seal2", box=(60, 120, 179, 239)))
        first, second = report.signatures
        assert report.conclusion is Conclusion.PASSED
        assert (first.after.state, second.after.state) == (Changes.PERMITTED, Changes.NONE)
        assert [change.code for change in first.after.list] == ["CHANGE_SIGNATURE_ADDED"]
        assert "all 2 seals" in report.summary.en

    def test_one_that_lies_over_the_first_is_told(self, pki: DemoPki, examine: Examine, sealed: bytes) -> None:
        report = examine(press(sealed, pki.other_seal, name="Seal2", box=PLACE))
        assert "CHANGE_SIGNATURE_OVERLAPS" in [change.code for change in report.signatures[0].after.list]

    @pytest.mark.parametrize("box", [(0, 0, 595, 842), (50, 100, 450, 500), (0, 0, 300, 842)])
    def test_one_that_covers_the_page_is_an_attack(
        self, pki: DemoPki, examine: Examine, sealed: bytes, box: tuple[int, int, int, int]
    ) -> None:
        report = examine(press(sealed, pki.other_seal, name="Seal2", box=box))
        assert report.sub_indication is SubIndication.CHANGED_AFTER_SEALING
        assert "CHANGE_TOO_LARGE" in [change.code for change in report.signatures[0].after.list]

    def test_a_strangers_signature_does_not_make_the_file_trusted(
        self, pki: DemoPki, examine: Examine, sealed: bytes
    ) -> None:
        report = examine(press(sealed, pki.stranger, name="Seal2", box=None))
        assert [item.conclusion for item in report.signatures] == [Conclusion.PASSED, Conclusion.INDETERMINATE]
        assert report.conclusion is Conclusion.INDETERMINATE

    def test_nobody_may_press_where_no_change_is_allowed(self, pki: DemoPki, examine: Examine) -> None:
        certified = press(sample("approval-letter-1-page.pdf"), pki.seal, certify=MDPPerm.NO_CHANGES)
        assert examine(certified).signatures[0].certification == 1
        report = examine(press(certified, pki.other_seal, name="Seal2", box=None))
        assert report.sub_indication is SubIndication.CHANGED_AFTER_SEALING
        assert report.signatures[0].after.list[0].code == "CHANGE_NOT_CERTIFIED"

    def test_a_final_seal_locks(self, pki: DemoPki, examine: Examine, sealed: bytes) -> None:
        from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec

        how = Pressing(name="Final", box=None, lock=FieldMDPSpec(FieldMDPAction.ALL), lock_level=MDPPerm.NO_CHANGES)
        final = press(sealed, pki.other_seal, how)
        assert examine(final).conclusion is Conclusion.PASSED
        report = examine(press(final, pki.person, name="Late", box=None))
        assert report.sub_indication is SubIndication.CHANGED_AFTER_SEALING
        assert "CHANGE_NOT_CERTIFIED" in [change.code for change in report.signatures[1].after.list]

    def test_a_locked_form_field(self, pki: DemoPki, examine: Examine) -> None:
        from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec

        form = sample("form-filled-acroform-reportlab.pdf")
        how = Pressing(certify=MDPPerm.FILL_FORMS, lock=FieldMDPSpec(FieldMDPAction.INCLUDE, ["item"]))
        certified = press(form, pki.seal, how)
        assert examine(certified).conclusion is Conclusion.PASSED
        names = {name: _field(certified, name) for name in ("item", "opinion")}
        for name, expected in (("item", Conclusion.FAILED), ("opinion", Conclusion.PASSED)):
            filled = append_revision(certified, {names[name]: spelled(certified, names[name], V=b"(agreed)")})
            assert examine(filled).conclusion is Conclusion.FAILED, "filled in, and nobody signed that"
            assert examine(_filled_and_signed(certified, names[name], pki)).conclusion is expected

    def test_forms_are_not_filled_after_a_seal_that_certifies_nothing(
        self, pki: DemoPki, examine: Examine, sealed_form: bytes
    ) -> None:
        report = examine(_filled_and_signed(sealed_form, _field(sealed_form, "item"), pki))
        assert report.sub_indication is SubIndication.CHANGED_AFTER_SEALING
        assert "CHANGE_FIELD_VALUE" in [change.code for change in report.signatures[0].after.list]

    def test_a_signature_that_covers_only_the_old_part_is_refused(
        self, pki: DemoPki, examine: Examine, sealed: bytes
    ) -> None:
        """Signed honestly, and then a page slipped into the very revision that brought the signature."""
        both = press(sealed, pki.other_seal, name="Seal2", box=None)
        page = number_of(both, "/Pages", "/Kids", 0)
        with_more = append_revision(both, {page: spelled(both, page, Rotate=b"90")})
        assert examine(with_more).conclusion is Conclusion.FAILED


def _field(data: bytes, name: str) -> int:
    from tests.support.tampering import opened

    with opened(data) as pdf:
        return next(item.objgen[0] for item in pdf.Root.AcroForm.Fields if str(item.get("/T")) == name)


def _filled_and_signed(data: bytes, field: int, pki: DemoPki) -> bytes:
    """A form field filled in and a signature, in one revision, as an honest program does it."""
    import io

    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter

    from tests.support import sealing

    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    thing = writer.get_object(generic.Reference(field, 0, writer))
    thing["/V"] = generic.TextStringObject("agreed")
    writer.mark_update(generic.Reference(field, 0, writer))
    out = io.BytesIO()
    metadata = signers.PdfSignatureMetadata(field_name="Filled", subfilter=SigSeedSubFilter.PADES)
    presser = sealing.Presser(metadata, sealing.signer_of(pki.other_seal), new_field_spec=SigFieldSpec("Filled"))
    presser.sign_pdf(writer, output=out)
    return out.getvalue()
