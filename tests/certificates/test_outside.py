"""A seal certified by an outside, licensed authority: a request goes out, a chain comes back, and is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from sealservice.certificates.model import CertificateState
from sealservice.demo import CREDIT_CODE, OWNER
from sealservice.kernel.errors import InvalidInput, NotFound, Refused, SealServiceError, WrongState
from sealservice.parties.operations import DEMO_MARK
from sealservice.seals.model import Seal, SealState
from sealverify.examination import examine_document
from sealverify.policy import Policy
from sealverify.trust import Trust
from tests.certificates.outsiders import LicensedAuthority
from tests.support.departments import CHIEF, CLERK, MAKER, Department
from tests.support.houses import KEEPER, made_house
from tests.support.openssl import openssl


def _requested(department: Department, seal: Seal) -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(department.house.seals.request_certificate(seal.code, actor=MAKER))


def test_openssl_accepts_the_request_and_reads_whose_it_is(department: Department, tmp_path: Path) -> None:
    seal = department.approved()
    pem = department.house.seals.request_certificate(seal.code, actor=MAKER)
    (tmp_path / "request.pem").write_bytes(pem)
    said = openssl("req", "-verify", "-in", tmp_path / "request.pem", "-noout", "-subject", "-nameopt", "utf8")
    assert "verify OK" in said
    assert f"NTRCN-{CREDIT_CODE}" in said
    assert seal.name in said
    assert department.seal(seal.code).state is SealState.APPROVED


def test_a_request_asked_for_twice_is_for_one_key(department: Department) -> None:
    seal = department.approved()
    first, second = _requested(department, seal), _requested(department, seal)
    assert first.public_key() == second.public_key()


def test_a_chain_that_fits_makes_the_seal_and_what_it_presses_is_trusted_by_the_outside_root(
    department: Department, tmp_path: Path
) -> None:
    outside, seal = LicensedAuthority(), department.approved()
    chain = outside.answer(_requested(department, seal))
    made = department.house.seals.make(seal.code, actor=MAKER, chain=chain)
    (certificate,) = department.certificates(made)
    assert made.state is SealState.ACTIVE
    assert (certificate.state, certificate.issuer_id) == (CertificateState.ISSUED, None)
    assert len(x509.load_pem_x509_certificates(certificate.chain)) == 2  # the root stays at home

    sealed = department.sealed(department.press(made))
    anchors = outside.root.public_bytes(Encoding.PEM) + department.house.trust.publish().read_bytes()
    (signature,) = examine_document(sealed, Policy(trust=Trust.from_pem(anchors))).signatures
    assert signature.trust == "TRUSTED"
    issued = next(line for line in department.history(certificate) if line["act"] == "certificate.issue")
    assert issued["facts"]["issuer"] == outside.certificate.subject.rfc4514_string()


def test_a_seal_is_renewed_by_the_outside_authority_as_well(department: Department) -> None:
    outside, seal = LicensedAuthority(), department.approved()
    made = department.house.seals.make(seal.code, actor=MAKER, chain=outside.answer(_requested(department, seal)))
    request = _requested(department, department.agreed_to_renew(made))
    renewed = department.house.seals.renew(seal.code, actor=MAKER, chain=outside.answer(request))
    first, second = department.certificates(renewed)
    assert first.key_id != second.key_id
    assert renewed.certificate_id == second.certificate_id


def _other_key(request: x509.CertificateSigningRequest) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    foreign = x509.CertificateSigningRequestBuilder().subject_name(request.subject).sign(key, hashes.SHA256())
    return LicensedAuthority().answer(foreign)


def _broken(request: x509.CertificateSigningRequest) -> bytes:
    """The leaf of one authority under the certificates of another of the same name."""
    leaf = x509.load_pem_x509_certificates(LicensedAuthority().answer(request))[0]
    others = x509.load_pem_x509_certificates(LicensedAuthority().answer(request))[1:]
    return b"".join(item.public_bytes(Encoding.PEM) for item in (leaf, *others))


def _upside_down(request: x509.CertificateSigningRequest) -> bytes:
    chain = x509.load_pem_x509_certificates(LicensedAuthority().answer(request))
    return b"".join(item.public_bytes(Encoding.PEM) for item in reversed(chain))


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (_other_key, "CERTIFICATE_OF_ANOTHER_KEY"),
        (_upside_down, "CERTIFICATE_OF_ANOTHER_KEY"),
        (_broken, "CERTIFICATE_CHAIN_BROKEN"),
        (lambda request: LicensedAuthority().answer(request, begins=timedelta(days=-400)), "CERTIFICATE_OUT_OF_TIME"),
        (lambda request: LicensedAuthority().answer(request, begins=timedelta(days=1)), "CERTIFICATE_OUT_OF_TIME"),
        (lambda request: LicensedAuthority().answer(request, signs=False), "CERTIFICATE_MAY_NOT_SIGN"),
        (lambda _: b"", "CERTIFICATE_CHAIN_UNREADABLE"),
        (lambda _: "这不是证书".encode(), "CERTIFICATE_CHAIN_UNREADABLE"),
        (
            lambda request: LicensedAuthority().answer(request).replace(b"MII", b"MIJ", 1),
            "CERTIFICATE_CHAIN_UNREADABLE",
        ),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_the_seal_waits_on(
    department: Department, answer: object, code: str
) -> None:
    seal = department.approved()
    request = _requested(department, seal)
    with pytest.raises(InvalidInput, match=code):
        department.house.seals.make(seal.code, actor=MAKER, chain=answer(request))  # type: ignore[operator]
    assert department.seal(seal.code).state is SealState.APPROVED
    assert department.certificates(seal) == []

    right = LicensedAuthority().answer(request)
    assert department.house.seals.make(seal.code, actor=MAKER, chain=right).state is SealState.ACTIVE


def test_a_leaf_that_bears_its_issuers_name_is_not_taken_for_a_root(department: Department) -> None:
    outside, seal = LicensedAuthority(organization=OWNER), department.approved()
    chain = outside.answer(_requested(department, seal), subject=outside.certificate.subject)
    made = department.house.seals.make(seal.code, actor=MAKER, chain=chain)
    assert department.press(made).sealed is not None


def test_a_certificate_that_is_not_a_seals_turn_yet_is_not_requested(department: Department) -> None:
    with pytest.raises(WrongState, match="MOVE_NOT_ALLOWED"):
        department.house.seals.request_certificate(department.requested().code, actor=MAKER)
    with pytest.raises(NotFound, match="SEAL_UNKNOWN"):
        department.house.seals.request_certificate("99012699999999", actor=MAKER)


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Department]:
    """A production house without any authority of its own."""
    with made_house(tmp_path / "var", production=True) as house:
        for handle in (CLERK, CHIEF, MAKER):
            house.parties.add_person(handle=handle, name=handle, actor=KEEPER)
        house.parties.add_organization(credit_code="91350100M000100Y43", name="云岭市青禾区行政审批局", actor=KEEPER)
        yield Department(house)


def test_production_lives_with_an_outside_authority_alone(production: Department) -> None:
    """No ceremony was ever held: made, suspended, revoked all the same."""
    seal = production.approved(credit_code="91350100M000100Y43")
    chain = LicensedAuthority().answer(_requested(production, seal))
    made = production.house.seals.make(seal.code, actor=MAKER, chain=chain)
    assert made.state is SealState.ACTIVE
    assert production.house.seals.revoke(seal.code, actor=CHIEF, cause="单位撤销").state is SealState.REVOKED
    (certificate,) = production.certificates(seal)
    assert certificate.state is CertificateState.REVOKED


@pytest.mark.parametrize("where", ["leaf", "authority"])
def test_production_refuses_a_demonstration_from_outside(production: Department, where: str) -> None:
    seal = production.approved(credit_code="91350100M000100Y43")
    request = _requested(production, seal)
    demo = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{DEMO_MARK} 章")])
    answer = (
        LicensedAuthority().answer(request, subject=demo)
        if where == "leaf"
        else LicensedAuthority(DEMO_MARK).answer(request)
    )
    with pytest.raises(Refused, match="DEMO_IN_PRODUCTION"):
        production.house.seals.make(seal.code, actor=MAKER, chain=answer)


def test_every_refusal_says_what_to_do_in_both_languages(department: Department) -> None:
    seal = department.approved()
    with pytest.raises(SealServiceError) as refusal:
        department.house.seals.make(seal.code, actor=MAKER, chain=_broken(_requested(department, seal)))
    assert "{" not in refusal.value.text.en + refusal.value.text.zh
    assert "Licensed CA" in refusal.value.text.zh
