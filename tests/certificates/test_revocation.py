"""Lists of what was revoked, as OpenSSL reads them, and the file that verifiers are given."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from sealservice import diagnosis
from sealservice.certificates.model import Certificate, CertificateState
from sealverify.trust import Trust
from tests.support.departments import CHIEF, KEEPER, Department, SetClock, made_department
from tests.support.openssl import crls_of, openssl, openssl_refuses, pem_of


def _chain(department: Department, folder: Path) -> tuple[Path, Path, str]:
    """A fresh seal's certificate, the one above it, and the seal's code."""
    seal = department.made()
    (certificate,) = department.certificates(seal)
    leaf, above = department.house.authority.chain(certificate.certificate_id)
    (folder / "leaf.pem").write_bytes(pem_of(leaf))
    (folder / "above.pem").write_bytes(pem_of(above))
    return folder / "leaf.pem", folder / "above.pem", seal.code


def test_openssl_sees_a_certificate_good_before_and_revoked_after(department: Department, tmp_path: Path) -> None:
    leaf, above, code = _chain(department, tmp_path)
    trust = department.house.trust.publish()
    asked = ("verify", "-crl_check_all", "-CAfile", trust, "-CRLfile", trust, "-untrusted", above, leaf)
    openssl(*asked)

    department.house.seals.revoke(code, actor=CHIEF, cause="遗失", compromised=True)
    assert "certificate revoked" in openssl_refuses(*asked)


def test_openssl_reads_the_list_and_its_signature(department: Department, tmp_path: Path) -> None:
    leaf, above, code = _chain(department, tmp_path)
    department.house.seals.revoke(code, actor=CHIEF, cause="遗失", compromised=True)
    (der,) = department.house.authority.revocation_lists()
    (tmp_path / "list.der").write_bytes(der)
    said = openssl("crl", "-inform", "DER", "-in", tmp_path / "list.der", "-noout", "-text", "-CAfile", above)
    assert "verify OK" in said
    assert "Key Compromise" in said
    serial = x509.load_pem_x509_certificate(leaf.read_bytes()).serial_number
    assert f"{serial:X}".removeprefix("0") in said.replace(":", "").upper()
    assert "X509v3 Authority Key Identifier" in said
    assert "X509v3 CRL Number" in said


def test_the_number_of_a_list_only_grows(department: Department) -> None:
    def number(der: bytes) -> int:
        return x509.load_der_x509_crl(der).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    (first,), (second,) = (department.house.authority.revocation_lists() for _ in range(2))
    assert number(first) < number(second)


def test_the_trust_file_has_the_anchor_and_the_lists_and_our_verifier_reads_it(department: Department) -> None:
    path = department.house.trust.publish()
    trust = Trust.from_file(path)
    assert trust.anchors == (department.house.authority.anchor(),)
    issuers = [crl.issuer.rfc4514_string() for crl in crls_of(path)]
    assert len(issuers) == len(trust.crls) == 2
    assert "Root CA" in issuers[0]
    assert "Issuing CA" in issuers[1]
    assert list(path.parent.glob("*.part")) == []


def test_every_list_that_is_signed_is_on_record(department: Department) -> None:
    """Of the root as of the issuing authority, and who had it signed."""
    path = department.house.trust.publish(actor=CHIEF)
    with department.house.database.read() as session:
        above = {item.subject_name: item for item in session.scalars(select(Certificate)) if item.issuer_id is None}
        above |= {item.subject_name: item for item in session.scalars(select(Certificate)) if item.profile == "ISSUING"}
    lists = crls_of(path)
    assert len(lists) == 2
    for crl in lists:
        told = department.history(above[crl.issuer.rfc4514_string()])
        recorded = {line["facts"]["number"]: line for line in told if line["act"] == "certificate.list"}
        line = recorded[crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number]
        assert line["facts"]["revoked"] == len(crl)
        assert datetime.fromisoformat(line["facts"]["until"]).replace(microsecond=0) == crl.next_update_utc
        assert line["actor"] == (CHIEF if "Issuing" in crl.issuer.rfc4514_string() else KEEPER)


@pytest.mark.parametrize(
    ("later", "verdict", "said"),
    [
        (timedelta(), "WELL", ""),
        (timedelta(days=25), "WARNING", "only"),
        (timedelta(days=31), "WARNING", "out of date"),
    ],
)
def test_the_doctor_warns_before_a_list_ends(tmp_path: Path, later: timedelta, verdict: str, said: str) -> None:
    """Nobody renews the file but a timer, or a person; so it is looked at."""
    with made_department(tmp_path, "sqlite", clock := SetClock()) as department:
        trust = department.house.trust.publish()
        clock.ahead = later
        answer = diagnosis._trust(department.house)
        found, text = answer if isinstance(answer, tuple) else ("WELL", answer)
        assert found == verdict
        assert said in text.en
        if later:
            assert "Issuing CA" in text.zh  # the list that ends first
            department.house.trust.publish()
            assert not isinstance(diagnosis._trust(department.house), tuple)
        trust.unlink()
        assert diagnosis._trust(department.house)[0] == "WARNING"  # type: ignore[index]


def test_a_seal_certified_outside_is_not_in_our_list(department: Department) -> None:
    """Revoking it here ends its use here; the authority that issued it lists it."""
    before = {entry.serial_number for crl in crls_of(department.house.trust.publish()) for entry in crl}
    seal = department.approved()
    request = x509.load_pem_x509_csr(department.house.seals.request_certificate(seal.code, actor=CHIEF))
    from tests.certificates.outsiders import LicensedAuthority

    chain = LicensedAuthority().answer(request)
    department.house.seals.make(seal.code, actor="demo.maker", chain=chain)
    department.house.trust.path.unlink()
    department.house.seals.revoke(seal.code, actor=CHIEF, cause="停用")
    (certificate,) = department.certificates(seal)
    assert certificate.state is CertificateState.REVOKED
    assert not department.house.trust.path.exists()  # nothing of ours to publish
    after = {entry.serial_number for crl in crls_of(department.house.trust.publish()) for entry in crl}
    assert after == before
    assert x509.load_pem_x509_certificates(chain)[0].public_bytes(Encoding.DER) == certificate.der
