"""Departments press one after another on one file; the first may say who follows, the last that nobody does."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealservice.impressions.request import Level, Order
from sealservice.kernel.errors import DocumentRefused
from sealservice.seals.kinds import SealKind
from sealservice.seals.model import Seal
from sealservice.workers.order import At, EveryPage, Field, Invisible, NextField, Riding
from sealverify.examination import examine_document
from sealverify.policy import Policy
from sealverify.trust import Trust
from tests.conformance.conftest import Desk
from tests.conformance.outside import covered, openssl_verifies, pyhanko_trusting
from tests.support import sealing
from tests.support.houses import SAMPLES
from tests.support.judges import pdfsig, qpdf_complaints
from tests.support.pki import DemoPki

REPLY = SAMPLES / "approval-reply-3-page.pdf"


@pytest.fixture(scope="module")
def others(desk: Desk) -> tuple[Seal, Seal]:
    return desk.department.made(kind=SealKind.FINANCE), desk.department.made(kind=SealKind.OFFICIAL)


@pytest.fixture(scope="module")
def pki() -> DemoPki:
    """Bodies that have nothing to do with this house, and sign with stock pyHanko."""
    return DemoPki()


def _all_judges(desk: Desk, sealed: Path, count: int, folder: Path) -> None:
    """Every signature is valid in the eyes of everybody, and the last covers the whole file."""
    statuses = pyhanko_trusting(sealed, desk.root)
    assert len(statuses) == count
    assert all(status.bottom_line for status in statuses)
    found = covered(sealed)
    assert [item.reaches_end for item in found] == [False] * (count - 1) + [True]
    for item in found:
        assert "Verification successful" in openssl_verifies(item, desk.root, folder)
    assert pdfsig(sealed).count("Signature is Valid.") == count
    assert qpdf_complaints(sealed) == ""
    report = examine_document(sealed, Policy(trust=desk.trust)).as_json()
    assert [item["conclusion"] for item in report["signatures"]] == ["PASSED"] * count
    assert [item["changes"] for item in report["signatures"]] == ["PERMITTED"] * (count - 1) + ["NONE"]


def test_three_departments_one_after_another(desk: Desk, others: tuple[Seal, Seal], tmp_path: Path) -> None:
    sealed, beginnings = REPLY, []
    for seal, x in zip((desk.seal, *others), (50, 105, 160), strict=True):
        sealed = desk.press(sealed, seal=seal, placement=At(page=3, x_mm=x, y_mm=200))
        beginnings.append(sealed.read_bytes())
    assert beginnings[2].startswith(beginnings[1])
    assert beginnings[1].startswith(beginnings[0])
    _all_judges(desk, sealed, 3, tmp_path)
    report = examine_document(sealed, Policy(trust=desk.trust)).as_json()
    assert [item["seal_code"] for item in report["signatures"]] == [seal.code for seal in (desk.seal, *others)]


def test_the_first_sets_down_fields_the_others_sign_in_them_and_the_last_locks(
    desk: Desk, others: tuple[Seal, Seal], tmp_path: Path
) -> None:
    fields = tuple(
        NextField(name=name, at=At(page=3, x_mm=x, y_mm=200), width_mm=42, height_mm=42)
        for name, x in (("财政", 105), ("政府", 160))
    )
    first = desk.press(REPLY, placement=At(page=3, x_mm=50, y_mm=200), order=Order.FIRST, next_fields=fields)
    with pytest.raises(DocumentRefused, match="CERTIFIED_NEEDS_FIELD"):
        desk.press(first, placement=At(page=1, x_mm=100, y_mm=100))
    second = desk.press(first, seal=others[0], placement=Field(name="财政"))
    with pytest.raises(DocumentRefused, match="FIELD_ALREADY_SIGNED"):
        desk.press(second, seal=others[1], placement=Field(name="财政"))
    last = desk.press(second, seal=others[1], placement=Field(name="政府"), order=Order.FINAL)
    _all_judges(desk, last, 3, tmp_path)
    for placement in (Invisible(), At(page=1, x_mm=100, y_mm=100)):
        with pytest.raises(DocumentRefused, match="DOCUMENT_LOCKED"):
            desk.press(last, placement=placement)


def test_on_a_certified_document_presser_and_verifier_follow_one_rule(
    desk: Desk, others: tuple[Seal, Seal], pki: DemoPki, tmp_path: Path
) -> None:
    """A new visible field is refused here, and where somebody else's program allows it, it is found out; one that shows
    nothing is fine for both."""
    first = desk.press(REPLY, placement=At(page=3, x_mm=50, y_mm=200), order=Order.FIRST)
    with pytest.raises(DocumentRefused, match="CERTIFIED_NEEDS_FIELD"):
        desk.press(first, seal=others[0], placement=At(page=3, x_mm=105, y_mm=200))
    theirs = sealing.press(first.read_bytes(), pki.other_seal, name="Theirs", box=(300, 300, 400, 400))
    report = examine_document(theirs, _trusting_both(desk, pki))
    assert [item.sub_indication for item in report.signatures] == ["CHANGED_AFTER_SEALING", None]
    _all_judges(desk, desk.press(first, seal=others[0], placement=Invisible()), 2, tmp_path)


def test_a_seal_that_is_the_first_and_the_last_certifies_that_nothing_may_follow(desk: Desk, tmp_path: Path) -> None:
    sealed = desk.press(REPLY, placement=At(page=3, x_mm=150, y_mm=200), order=Order.FINAL)
    _all_judges(desk, sealed, 1, tmp_path)
    with pytest.raises(DocumentRefused, match="DOCUMENT_CERTIFIED"):
        desk.press(sealed, placement=Invisible())


@pytest.mark.parametrize("placement", [Riding(), Riding(cut_ratio=0.3, pages=(1, 2)), EveryPage()], ids=str)
def test_seals_in_many_places_stand_under_one_signature_and_only_on_an_unsigned_file(
    desk: Desk, tmp_path: Path, placement: Riding | EveryPage
) -> None:
    sealed = desk.press(REPLY, placement=placement)
    _all_judges(desk, sealed, 1, tmp_path)
    further = desk.press(sealed, placement=At(page=1, x_mm=100, y_mm=150))
    _all_judges(desk, further, 2, tmp_path)
    with pytest.raises(DocumentRefused, match="SIGNED_TAKES_ONE_PICTURE"):
        desk.press(further, placement=placement)


def _trusting_both(desk: Desk, pki: DemoPki) -> Policy:
    return Policy(trust=Trust.from_pem(desk.department.house.trust.path.read_bytes() + pki.anchors))


@pytest.mark.parametrize("name", ["approval-letter-1-page.pdf", "noise-report-english-pdftex.pdf"])
def test_somebody_with_another_program_signs_after_us(desk: Desk, pki: DemoPki, name: str) -> None:
    """Stock pyHanko notes its name in the document's information and spells all other texts there its own way."""
    both = sealing.press(desk.pressed(name).read_bytes(), pki.other_seal, name="Theirs", box=(20, 20, 60, 60))
    report = examine_document(both, _trusting_both(desk, pki))
    assert [item.conclusion for item in report.signatures] == ["PASSED", "PASSED"]
    assert report.signatures[0].after.state == "PERMITTED"


@pytest.mark.parametrize("field", ["Next", "财政"])
def test_somebody_with_another_program_signs_in_the_field_that_we_set_down(
    desk: Desk, pki: DemoPki, field: str
) -> None:
    """The whole field is written anew, and says the same."""
    fields = (NextField(name=field, at=At(page=3, x_mm=105, y_mm=200), width_mm=42, height_mm=42),)
    first = desk.press(REPLY, placement=At(page=3, x_mm=50, y_mm=200), order=Order.FIRST, next_fields=fields)
    both = sealing.press(first.read_bytes(), pki.other_seal, name=field, existing=True)
    report = examine_document(both, _trusting_both(desk, pki))
    assert [item.conclusion for item in report.signatures] == ["PASSED", "PASSED"]
    assert [change.code for change in report.signatures[0].after.list] == ["CHANGE_SIGNATURE_ADDED"]


def test_without_a_timestamp_it_is_b_b_and_everybody_still_accepts_it(desk: Desk, tmp_path: Path) -> None:
    sealed = desk.press(REPLY, placement=Invisible(), level=Level.B_B)
    (signature,) = examine_document(sealed, Policy(trust=desk.trust)).as_json()["signatures"]
    assert (signature["level"], signature["timestamps"], signature["signing_time"]["source"]) == ("B-B", [], "CLAIMED")
    _all_judges(desk, sealed, 1, tmp_path)
