"""Every document an office sends goes through the real cycle, and strangers' programs accept it; or it is refused with
exactly the right reason."""

from __future__ import annotations

import re
from pathlib import Path

import pikepdf
import pytest
from pyhanko.sign.validation.status import SignatureCoverageLevel

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers.order import At, Field, Invisible, Keyword
from sealverify.examination import examine_document
from sealverify.policy import Policy
from tests.conformance.conftest import Desk, fitting_place, words_of
from tests.conformance.outside import covered, openssl_verifies, pyhanko_trusting, signer_of
from tests.support.houses import SAMPLES
from tests.support.judges import pdfsig, qpdf_complaints

ENCRYPTED = "encrypted-aes256-empty-user-password-qpdf.pdf"
LOCKED_UP = "encrypted-aes256-user-password-secret-qpdf.pdf"
CERTIFIED = "signed-certified-form-filling-allowed-pyhanko.pdf"
SIGNED = "signed-once-approval-pyhanko.pdf"
PRESSED = sorted(path.name for path in SAMPLES.glob("*.pdf") if path.name not in {ENCRYPTED, LOCKED_UP, CERTIFIED})
REFUSED = {
    "certified-no-changes-allowed.pdf": "DOCUMENT_CERTIFIED",
    "docx-renamed.pdf": "DOCUMENT_IS_OFFICE",
    "embedded-file-attachment.pdf": "DOCUMENT_HAS_ATTACHMENTS",
    "html-renamed.pdf": "DOCUMENT_IS_HTML",
    "javascript-name-tree.pdf": "DOCUMENT_HAS_JAVASCRIPT",
    "javascript-open-action.pdf": "DOCUMENT_HAS_JAVASCRIPT",
    "launch-action.pdf": "DOCUMENT_HAS_LAUNCH_ACTION",
    "text-renamed.pdf": "DOCUMENT_IS_TEXT",
    "truncated.pdf": "DOCUMENT_TRUNCATED",
    "xfa-form.pdf": "DOCUMENT_HAS_XFA",
    "zero-byte.pdf": "DOCUMENT_EMPTY",
}
every_sample = pytest.mark.parametrize("name", PRESSED)


def _said_of_words() -> dict[str, bool]:
    """What the page of the samples says: whether the words that ask for a seal can be found."""
    page = (SAMPLES / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w.-]+\.pdf) \|[^|]*\|[^|]*\|[^|]*\| (yes|no) \|", page, re.MULTILINE)
    return {name: words == "yes" for name, words in rows}


def test_no_sample_is_left_out() -> None:
    assert set(_said_of_words()) == {path.name for path in SAMPLES.glob("*.pdf")}
    assert set(REFUSED) == {path.name for path in (SAMPLES / "refuse").glob("*.pdf")}


@every_sample
def test_the_words_that_the_samples_promise_decide_the_place(name: str) -> None:
    wanted = Keyword if _said_of_words()[name] else At
    assert isinstance(fitting_place(SAMPLES / name), wanted)


@every_sample
def test_poppler_calls_it_valid_and_covering_the_whole(desk: Desk, name: str) -> None:
    said = pdfsig(desk.pressed(name))
    last = said[said.rindex("Signature #") :]
    assert "Signature is Valid." in last
    assert "Total document signed" in last
    assert "ETSI.CAdES.detached" in last


@every_sample
def test_openssl_verifies_the_bare_signature_up_to_our_root(desk: Desk, name: str, tmp_path: Path) -> None:
    last = covered(desk.pressed(name))[-1]
    assert last.reaches_end
    assert "Verification successful" in openssl_verifies(last, desk.root, tmp_path)


@every_sample
def test_qpdf_finds_no_fault(desk: Desk, name: str) -> None:
    assert qpdf_complaints(desk.pressed(name)) == ""


@every_sample
def test_stock_pyhanko_trusts_it_as_pades_b_t(desk: Desk, name: str) -> None:
    status = pyhanko_trusting(desk.pressed(name), desk.root)[-1]
    assert status.intact
    assert status.valid
    assert status.trusted
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert status.docmdp_ok
    assert status.bottom_line
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.valid
    assert status.timestamp_validity.trusted


@every_sample
def test_our_own_verifier_passes_it(desk: Desk, name: str) -> None:
    report = examine_document(desk.pressed(name), Policy(trust=desk.trust)).as_json()
    ours = report["signatures"][-1]
    assert (ours["conclusion"], ours["trust"], ours["integrity"]) == ("PASSED", "TRUSTED", "INTACT")
    assert (ours["type"], ours["level"], ours["seal_code"]) == ("SEAL", "B-T", desk.seal.code)
    assert (ours["changes"], ours["covers_whole_file"]) == ("NONE", True)
    if name != SIGNED:
        assert report["conclusion"] == "PASSED"


@every_sample
def test_what_was_given_is_still_in_it_as_it_was(desk: Desk, name: str) -> None:
    """Page by page the same text; byte for byte the same beginning unless the file had to be rewritten first."""
    sealed = desk.pressed(name)
    assert words_of(sealed).split() == words_of(SAMPLES / name).split()
    with pikepdf.open(SAMPLES / name) as before, pikepdf.open(sealed) as after:
        assert len(before.pages) == len(after.pages)


def test_the_signer_is_the_seals_certificate_in_openssls_eyes(desk: Desk, tmp_path: Path) -> None:
    (signature,) = covered(desk.pressed("approval-letter-1-page.pdf"))
    (certificate,) = desk.department.certificates(desk.seal)
    assert f"{signer_of(signature, desk.root, tmp_path).serial_number:x}" == certificate.serial


@pytest.mark.parametrize(("name", "code"), REFUSED.items())
def test_what_must_not_be_sealed_is_refused_by_its_right_name(desk: Desk, name: str, code: str) -> None:
    with pytest.raises(DocumentRefused) as refusal:
        desk.press(SAMPLES / "refuse" / name, placement=At(page=1, x_mm=150, y_mm=230))
    assert refusal.value.code == code
    assert "{" not in refusal.value.text.en + refusal.value.text.zh
    if code.startswith("DOCUMENT_HAS_"):
        switch = refusal.value.details["switch"]
        sealed = desk.press(
            SAMPLES / "refuse" / name, placement=At(page=1, x_mm=150, y_mm=230), allow=frozenset({str(switch)})
        )
        assert pyhanko_trusting(sealed, desk.root)[-1].intact


def test_an_encrypted_file_is_refused_unless_it_may_be_sealed_in_the_clear(desk: Desk) -> None:
    with pytest.raises(DocumentRefused, match="DOCUMENT_ENCRYPTED") as refusal:
        desk.pressed(ENCRYPTED)
    assert "--allow encryption" in refusal.value.text.zh
    sealed = desk.press(SAMPLES / ENCRYPTED, placement=At(page=1, x_mm=150, y_mm=230), allow=frozenset({"encryption"}))
    assert pyhanko_trusting(sealed, desk.root)[-1].bottom_line
    assert examine_document(sealed, Policy(trust=desk.trust)).conclusion == "PASSED"


@pytest.mark.parametrize("allow", [frozenset(), frozenset({"encryption"})])
def test_a_file_that_opens_only_with_a_password_is_refused_whatever_is_allowed(
    desk: Desk, allow: frozenset[str]
) -> None:
    with pytest.raises(DocumentRefused, match="DOCUMENT_NEEDS_PASSWORD"):
        desk.press(SAMPLES / LOCKED_UP, placement=At(page=1, x_mm=150, y_mm=230), allow=allow)


def test_a_certified_form_takes_a_further_signature_only_as_its_certification_says(desk: Desk) -> None:
    with pytest.raises(DocumentRefused, match="CERTIFIED_NEEDS_FIELD"):
        desk.press(SAMPLES / CERTIFIED, placement=At(page=1, x_mm=150, y_mm=230))
    sealed = desk.press(SAMPLES / CERTIFIED, placement=Invisible())
    first, second = pyhanko_trusting(sealed, desk.root)
    assert (first.intact, first.valid, first.docmdp_ok) == (True, True, True)
    assert (second.bottom_line, second.docmdp_ok) == (True, True)
    assert sealed.read_bytes().startswith((SAMPLES / CERTIFIED).read_bytes())


def test_a_second_seal_leaves_the_first_signature_valid(desk: Desk) -> None:
    sealed = desk.pressed(SIGNED)
    assert sealed.read_bytes().startswith((SAMPLES / SIGNED).read_bytes())
    first, second = pyhanko_trusting(sealed, desk.root)
    assert (first.intact, first.valid) == (True, True)
    assert second.bottom_line
    assert pdfsig(sealed).count("Signature is Valid.") == 2
    theirs, ours = examine_document(sealed, Policy(trust=desk.trust)).as_json()["signatures"]
    assert (theirs["integrity"], theirs["changes"], theirs["conclusion"]) == ("INTACT", "PERMITTED", "INDETERMINATE")
    assert ours["conclusion"] == "PASSED"


def test_a_field_that_waits_for_the_seal_gets_it(desk: Desk) -> None:
    sealed = desk.press(SAMPLES / "form-empty-signature-field-pyhanko.pdf", placement=Field(name="ApprovalSeal"))
    (status,) = pyhanko_trusting(sealed, desk.root)
    assert status.bottom_line
    (signature,) = examine_document(sealed, Policy(trust=desk.trust)).as_json()["signatures"]
    assert (signature["name"], signature["conclusion"]) == ("ApprovalSeal", "PASSED")
