"""The sample documents: none is called sealed that is not, none raises anything, and a second judge agrees."""

from __future__ import annotations

import io
import subprocess
import warnings
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from sealverify import Conclusion, MalformedDocument, Policy, examine_document
from sealverify.report import TrustState
from tests.support.pki import DemoPki
from tests.support.sealing import SAMPLES, press, sample
from tests.verify.conftest import Examine

PLAIN = sorted(path.name for path in SAMPLES.glob("*.pdf") if not path.name.startswith(("signed", "encrypted")))
SIGNED = sorted(path.name for path in SAMPLES.glob("signed*.pdf"))
TO_BE_SEALED = [name for name in PLAIN if not name.startswith(("long", "scan"))]
UNREADABLE = ["zero-byte.pdf", "text-renamed.pdf", "html-renamed.pdf", "docx-renamed.pdf", "truncated.pdf"]


@pytest.mark.parametrize("name", PLAIN)
def test_what_nobody_sealed_is_not_sealed(name: str) -> None:
    report = examine_document(SAMPLES / name, Policy())
    assert report.conclusion is Conclusion.NO_SIGNATURE
    assert report.signatures == ()


@pytest.mark.parametrize("name", [*SIGNED, "refuse/certified-no-changes-allowed.pdf"])
def test_a_signature_of_somebody_unknown(name: str) -> None:
    report = examine_document(SAMPLES / name, Policy())
    (signature,) = report.signatures
    assert (report.conclusion, signature.trust) == (Conclusion.INDETERMINATE, TrustState.UNKNOWN)
    assert (signature.integrity, signature.after.state) == ("INTACT", "NONE")
    assert signature.certification == (None if "once" in name else 1 if "no-changes" in name else 2)


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_pdf_cannot_be_read(name: str) -> None:
    with pytest.raises(MalformedDocument) as refusal:
        examine_document(SAMPLES / "refuse" / name, Policy())
    assert refusal.value.text.zh


def test_a_password_is_asked_for_by_name() -> None:
    with pytest.raises(MalformedDocument, match="PDF_PASSWORD"):
        examine_document(SAMPLES / "encrypted-aes256-user-password-secret-qpdf.pdf", Policy())
    opened = examine_document(SAMPLES / "encrypted-aes256-empty-user-password-qpdf.pdf", Policy())
    assert opened.conclusion is Conclusion.NO_SIGNATURE


@pytest.mark.parametrize("name", TO_BE_SEALED)
def test_sealed_by_somebody_else_s_program_twice_it_passes(pki: DemoPki, examine: Examine, name: str) -> None:
    once = press(sample(name), pki.seal, box=(20, 20, 60, 60))
    assert examine(once).conclusion is Conclusion.PASSED
    report = examine(press(once, pki.other_seal, name="Seal2", box=(70, 20, 110, 60)))
    assert report.conclusion is Conclusion.PASSED, [str(change) for change in report.signatures[0].after.list]


def test_pyhanko_comes_to_the_same_verdict(pki: DemoPki, examine: Examine, stamped: bytes) -> None:
    trusted = ValidationContext(trust_roots=[asn1_x509.Certificate.load(pki.root.identity.der)], allow_fetching=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (signature,) = PdfFileReader(io.BytesIO(stamped)).embedded_signatures
        status = validate_pdf_signature(signature, trusted)
    assert status.bottom_line
    assert examine(stamped).conclusion is Conclusion.PASSED


def test_pdfsig_and_we_agree_on_the_hash(examine: Examine, sealed: bytes, tmp_path: Path) -> None:
    """And only on that: what happened afterwards pdfsig does not look at."""
    at = sealed.index(b"stream") + 200
    broken = sealed[:at] + bytes((sealed[at] ^ 1,)) + sealed[at + 1 :]
    for data, words, integrity in ((sealed, "Signature is Valid", "INTACT"), (broken, "Digest Mismatch", "BROKEN")):
        (tmp_path / "file.pdf").write_bytes(data)
        told = subprocess.run(["pdfsig", "-nocert", "file.pdf"], cwd=tmp_path, capture_output=True, text=True).stdout
        assert words in told
        assert examine(data).signatures[0].integrity == integrity
