"""Documents that several bodies touch: who signs after whom, into which field, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation.status import SignatureCoverageLevel

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers import (
    At,
    Automatic,
    Certification,
    EveryPage,
    Field,
    Hits,
    Invisible,
    Keyword,
    NextField,
    Placement,
    Riding,
    WorkerPool,
)
from tests.support.judges import added, pdfsig, pyhanko_verdicts, qpdf_complaints
from tests.support.pressing import SAMPLES, SEAL_MM, make_order, make_picture, press

LETTER = SAMPLES / "approval-letter-1-page.pdf"
REPLY = SAMPLES / "approval-reply-3-page.pdf"
SIGNED = SAMPLES / "signed-once-approval-pyhanko.pdf"
CERTIFIED = SAMPLES / "signed-certified-form-filling-allowed-pyhanko.pdf"
WITH_FIELD = SAMPLES / "form-empty-signature-field-pyhanko.pdf"
TWO_BOXES = (
    NextField(name="Health", at=At(page=-1, x_mm=60, y_mm=240), width_mm=50, height_mm=50),
    NextField(name="Transport", at=At(page=1, x_mm=120, y_mm=60), width_mm=45, height_mm=45),
)


def unchanged(path: Path) -> None:
    """Every signature is intact, and nothing forbidden came after any of them."""
    for verdict in pyhanko_verdicts(path):
        assert verdict.intact
        assert verdict.valid
        assert verdict.docmdp_ok
        assert verdict.modification_level is not None
        assert verdict.modification_level <= ModificationLevel.FORM_FILLING
    assert qpdf_complaints(path) == ""


@pytest.mark.parametrize("placement", [Automatic(), At(page=1, x_mm=60, y_mm=200), Invisible()])
def test_a_second_department_presses_and_the_first_signature_stays(
    placement: Placement, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    sealed = tmp_path / "sealed.pdf"
    prepared = press(pool, SIGNED, sealed, make_order(placement, picture))
    assert sealed.read_bytes().startswith(SIGNED.read_bytes())
    assert prepared.normalised == ()
    assert prepared.facts.signatures == 1
    unchanged(sealed)
    assert len(pyhanko_verdicts(sealed)) == 2
    assert pdfsig(sealed).count("Signature is Valid.") == 2


def test_five_departments_press_one_after_another(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    document = LETTER
    for number in range(1, 6):
        sealed = tmp_path / f"{number}.pdf"
        prepared = press(pool, document, sealed, make_order(At(page=1, x_mm=30 + 35 * (number - 1), y_mm=60), picture))
        assert prepared.field_name == f"Seal{number}"
        document = sealed
    assert len(pyhanko_verdicts(document)) == 5
    unchanged(document)


def test_the_first_of_several_leaves_fields_for_the_next(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    first, second, third = (tmp_path / f"{name}.pdf" for name in "abc")
    order = make_order(Automatic(), picture, certification=Certification.FORM_FILLING, next_fields=TWO_BOXES)
    press(pool, REPLY, first, order)
    press(pool, first, second, make_order(Field(name="Health"), picture))
    press(pool, second, third, make_order(Field(name="Transport"), picture))
    unchanged(third)
    mark = added(second, third, 1)
    assert mark is not None
    assert mark.centre == pytest.approx((120, 60), abs=0.5)
    assert mark.size == pytest.approx((SEAL_MM, SEAL_MM), abs=0.5)
    with pikepdf.open(third) as pdf:
        reference = pdf.Root.Perms.DocMDP.Reference[0]
        assert (reference.TransformMethod, reference.TransformParams.P) == ("/DocMDP", 2)


def test_a_certified_document_takes_a_seal_only_in_its_fields(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    assert (
        code_of(pool, CERTIFIED, tmp_path, make_order(At(page=1, x_mm=60, y_mm=60), picture)) == "CERTIFIED_NEEDS_FIELD"
    )
    sealed = tmp_path / "invisible.pdf"
    press(pool, CERTIFIED, sealed, make_order(Invisible(), None))
    unchanged(sealed)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_seal_stands_in_the_middle_of_a_waiting_field(
    turn: int, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    document = tmp_path / "turned.pdf"
    with pikepdf.open(WITH_FIELD) as pdf:
        pdf.pages[0].Rotate = turn
        pdf.save(document)
    sealed = tmp_path / "sealed.pdf"
    prepared = press(pool, document, sealed, make_order(Field(name="ApprovalSeal"), picture))
    assert prepared.field_name == "ApprovalSeal"
    mark = added(document, sealed, 1)
    assert mark is not None
    assert mark.size == pytest.approx((SEAL_MM, SEAL_MM), abs=0.5)
    (place,) = prepared.places
    assert mark.centre == pytest.approx((place.x_mm, place.y_mm), abs=0.5)
    if turn == 0:  # the field's box is [340 125 460 245] on an A4 page
        assert mark.centre == pytest.approx((400 / 72 * 25.4, (841.89 - 185) / 72 * 25.4), abs=0.5)
    unchanged(sealed)


def test_a_field_that_was_hidden_shows_its_seal(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    document, sealed = tmp_path / "document.pdf", tmp_path / "sealed.pdf"
    with pikepdf.open(WITH_FIELD) as pdf:
        next(one for one in pdf.Root.AcroForm.Fields if one.get("/FT") == "/Sig").F = 2
        pdf.save(document)
    press(pool, document, sealed, make_order(Field(name="ApprovalSeal"), picture))
    assert added(document, sealed, 1) is not None


def test_a_field_smaller_than_the_seal_is_refused(pool: WorkerPool, tmp_path: Path) -> None:
    large = make_picture(tmp_path, "seal-official-round.svg", 45, 45)
    order = make_order(Field(name="ApprovalSeal"), large, width_mm=45, height_mm=45)
    assert code_of(pool, WITH_FIELD, tmp_path, order) == "FIELD_TOO_SMALL"


@pytest.mark.parametrize(
    ("document", "name", "code"),
    [
        (WITH_FIELD, "Nowhere", "FIELD_NOT_FOUND"),
        (LETTER, "ApprovalSeal", "FIELD_NOT_FOUND"),
        (SIGNED, "CoSigner", "FIELD_ALREADY_SIGNED"),
    ],
)
def test_a_wrong_field_is_refused_with_those_there_are(
    document: Path, name: str, code: str, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    assert code_of(pool, document, tmp_path, make_order(Field(name=name), picture)) == code


def test_a_text_field_takes_no_seal(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    with pikepdf.open(WITH_FIELD) as pdf:
        texts = [str(field.T) for field in pdf.Root.AcroForm.Fields if field.get("/FT") == "/Tx"]
    assert code_of(pool, WITH_FIELD, tmp_path, make_order(Field(name=texts[0]), picture)) == "FIELD_IS_NO_SIGNATURE"


@pytest.mark.parametrize("placement", [Riding(), EveryPage(), Keyword(text="审批", hits=Hits.EVERY)])
def test_pictures_that_change_pages_are_refused_on_a_signed_file(
    placement: Placement, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    signed = tmp_path / "signed.pdf"
    press(pool, REPLY, signed, make_order(Automatic(), picture))
    assert code_of(pool, signed, tmp_path, make_order(placement, picture)) == "SIGNED_TAKES_ONE_PICTURE"


def test_nobody_certifies_after_a_signature(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    order = make_order(Automatic(), picture, certification=Certification.NO_CHANGES)
    assert code_of(pool, SIGNED, tmp_path, order) == "SIGNED_CANNOT_BE_CERTIFIED"
    order = make_order(Automatic(), picture, next_fields=TWO_BOXES[:1])
    assert code_of(pool, SIGNED, tmp_path, order) == "SIGNED_CANNOT_GET_FIELDS"


@pytest.mark.parametrize("name", ["CheckBox", "Seal1", "", "a.b", "Next"])
def test_a_new_field_needs_a_name_of_its_own(name: str, pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    """Not that of a field that is there, nor the seal's own, nor one twice."""
    document = tmp_path / "document.pdf"
    with pikepdf.open(SAMPLES / "form-filled-acroform-reportlab.pdf") as pdf:
        pdf.Root.AcroForm.Fields[0].T = pikepdf.String("CheckBox")
        pdf.save(document)
    twice = [NextField(name=one, at=At(page=1, x_mm=50, y_mm=50), width_mm=40, height_mm=40) for one in ("Next", name)]
    order = make_order(Automatic(), picture, certification=Certification.FORM_FILLING, next_fields=tuple(twice))
    assert code_of(pool, document, tmp_path, order) == "FIELD_NAME_TAKEN"


def test_the_last_department_closes_an_unsigned_document(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    sealed = tmp_path / "sealed.pdf"
    press(pool, LETTER, sealed, make_order(Automatic(), picture, lock=True))
    unchanged(sealed)
    with pikepdf.open(sealed) as pdf:
        assert pdf.Root.Perms.DocMDP.Reference[0].TransformParams.P == 1
    assert code_of(pool, sealed, tmp_path, make_order(Invisible(), None)) == "DOCUMENT_CERTIFIED"


def test_the_last_department_closes_a_signed_document(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    sealed = tmp_path / "sealed.pdf"
    press(pool, SIGNED, sealed, make_order(At(page=1, x_mm=60, y_mm=200), picture, lock=True))
    unchanged(sealed)
    assert code_of(pool, sealed, tmp_path, make_order(Invisible(), None)) in ("DOCUMENT_CERTIFIED", "DOCUMENT_LOCKED")


def test_the_lock_of_a_waiting_field_is_obeyed(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    """Who set the field down wanted all fields locked once it is signed."""
    document, sealed = tmp_path / "document.pdf", tmp_path / "sealed.pdf"
    with pikepdf.open(WITH_FIELD) as pdf:
        field = next(one for one in pdf.Root.AcroForm.Fields if one.get("/FT") == "/Sig")
        field.Lock = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.SigFieldLock, Action=pikepdf.Name.All))
        pdf.save(document)
    press(pool, document, sealed, make_order(Field(name="ApprovalSeal"), picture))
    unchanged(sealed)
    assert code_of(pool, sealed, tmp_path, make_order(Invisible(), None)) == "DOCUMENT_LOCKED"


def test_a_signed_file_that_is_damaged_is_left_alone(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.pdf"
    damaged.write_bytes(SIGNED.read_bytes() + b"appended")
    assert code_of(pool, damaged, tmp_path, make_order(Automatic(), picture)) == "DOCUMENT_SIGNED_AND_DAMAGED"


def test_an_existing_form_keeps_its_values(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    document, sealed = SAMPLES / "form-filled-acroform-reportlab.pdf", tmp_path / "sealed.pdf"
    press(pool, document, sealed, make_order(Automatic(), picture))
    with pikepdf.open(document) as before, pikepdf.open(sealed) as after:
        values = [[str(field.get("/V")) for field in pdf.Root.AcroForm.Fields] for pdf in (before, after)]
        assert values[1][: len(values[0])] == values[0]
        assert after.Root.AcroForm.SigFlags == 3
        assert after.Root.AcroForm.get("/DA") == before.Root.AcroForm.get("/DA")
        assert "/NeedAppearances" not in after.Root.AcroForm


def test_the_signature_covers_the_whole_file_and_says_why(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    sealed = tmp_path / "sealed.pdf"
    press(pool, LETTER, sealed, make_order(Automatic(), picture))
    assert pyhanko_verdicts(sealed)[0].coverage is SignatureCoverageLevel.ENTIRE_FILE
    with pikepdf.open(sealed) as pdf:
        (field,) = pdf.Root.AcroForm.Fields
        assert str(field.V.Reason) == "准予许可"
        assert field.V.SubFilter == "/ETSI.CAdES.detached"
        assert str(field.V.M).startswith("D:20")
        assert field.F == 132
        assert "电子印章" in str(field.TU)


def code_of(pool: WorkerPool, document: Path, folder: Path, order: object) -> str:
    output = folder / "refused.pdf"
    with pytest.raises(DocumentRefused) as caught:
        press(pool, document, output, order)  # type: ignore[arg-type]
    assert not output.exists()
    assert "{" not in caught.value.text.en
    return caught.value.code
