"""What an outside authority's answer has to be before it is kept: one that everybody will accept, for this owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keystore.keys import Protection
from sealservice.certificates.issuing import CertificateOrder
from sealservice.certificates.keys import Keys
from sealservice.certificates.model import Purpose, StoredKey
from sealservice.certificates.profiles import ProfileName, Subject
from sealservice.demo import CREDIT_CODE, OWNER
from sealservice.kernel.errors import Conflict, InvalidInput, Refused
from sealservice.seals.kinds import SealKind
from sealservice.seals.model import Seal, SealState
from tests.certificates.outsiders import LicensedAuthority
from tests.support.departments import CHIEF, KEEPER, MAKER, Department

Request = x509.CertificateSigningRequest
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")


def _request(department: Department, seal: Seal) -> Request:
    return x509.load_pem_x509_csr(department.house.seals.request_certificate(seal.code, actor=MAKER))


def _from(**changes: Any) -> Callable[[Request], bytes]:
    """The answer of an authority that made its own certificates otherwise."""
    return lambda request: LicensedAuthority(**changes).answer(request)


def _leaf(**changes: Any) -> Callable[[Request], bytes]:
    return lambda request: LicensedAuthority().answer(request, **changes)


def _subject(*changed: tuple[x509.ObjectIdentifier, str | None]) -> Callable[[Request], bytes]:
    """The request's subject with an attribute put otherwise, or left out."""

    def answer(request: Request) -> bytes:
        names = {attribute.oid: str(attribute.value) for attribute in request.subject} | dict(changed)
        subject = x509.Name([x509.NameAttribute(oid, value, _validate=False) for oid, value in names.items() if value])
        return LicensedAuthority().answer(request, subject=subject)

    return answer


def _alone(request: Request) -> bytes:
    return x509.load_pem_x509_certificates(LicensedAuthority().answer(request))[0].public_bytes(Encoding.PEM)


LONG_AGO = {"begins": timedelta(days=-400), "lasts": timedelta(days=100)}


@pytest.mark.parametrize(
    ("answer", "code", "named"),
    [
        (_from(below={"ca": False}), "CERTIFICATE_NO_AUTHORITY", "CN=Licensed CA,"),
        (_from(root={"ca": False}), "CERTIFICATE_NO_AUTHORITY", "CN=Licensed CA Root"),
        (_from(below={"issues": False}), "CERTIFICATE_MAY_NOT_ISSUE", "keyCertSign"),
        (_from(root={"issues": False}), "CERTIFICATE_MAY_NOT_ISSUE", "CN=Licensed CA Root"),
        (_from(root={"path_length": 0}), "CERTIFICATE_PATH_TOO_LONG", "CN=Licensed CA Root"),
        (
            lambda request: LicensedAuthority(below={"path_length": 0}).answer_by_a_further_one(request),
            "CERTIFICATE_PATH_TOO_LONG",
            "CN=Licensed CA,",
        ),
        (_from(below=LONG_AGO), "CERTIFICATE_OUT_OF_TIME", "CN=Licensed CA,"),
        (_from(root=LONG_AGO), "CERTIFICATE_OUT_OF_TIME", "CN=Licensed CA Root"),
        (_leaf(purposes=[ExtendedKeyUsageOID.SERVER_AUTH]), "CERTIFICATE_MAY_NOT_SIGN", ""),
        (_leaf(purposes=[ExtendedKeyUsageOID.TIME_STAMPING]), "CERTIFICATE_MAY_NOT_SIGN", ""),
        (_leaf(ca=True), "CERTIFICATE_MAY_NOT_SIGN", ""),
        (_alone, "CERTIFICATE_CHAIN_SHORT", ""),
        (_subject((NameOID.ORGANIZATION_NAME, "别处的局")), "CERTIFICATE_OF_ANOTHER_OWNER", "organizationName"),
        (
            _subject((NameOID.ORGANIZATION_IDENTIFIER, "NTRCN-91350100M000100Y43")),
            "CERTIFICATE_OF_ANOTHER_OWNER",
            "organizationIdentifier",
        ),
        (
            _subject((NameOID.ORGANIZATION_IDENTIFIER, None), (NameOID.ORGANIZATION_NAME, None)),
            "CERTIFICATE_OF_ANOTHER_OWNER",
            "organizationName",
        ),
    ],
)
def test_a_chain_that_nobody_should_accept_is_refused_and_says_which_certificate(
    one_department: Department, answer: Callable[[Request], bytes], code: str, named: str
) -> None:
    seal = one_department.approved()
    with pytest.raises(InvalidInput, match=code) as refusal:
        one_department.house.seals.make(seal.code, actor=MAKER, chain=answer(_request(one_department, seal)))
    assert named in refusal.value.text.en
    assert "{" not in refusal.value.text.en + refusal.value.text.zh
    assert one_department.certificates(seal) == []
    right = LicensedAuthority().answer(_request(one_department, seal))
    assert one_department.house.seals.make(seal.code, actor=MAKER, chain=right).state is SealState.ACTIVE


@pytest.mark.parametrize(
    "answer",
    [
        _leaf(purposes=[DOCUMENT_SIGNING]),
        _leaf(purposes=[ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION]),
        _subject((NameOID.ORGANIZATION_IDENTIFIER, None)),
        _subject((NameOID.ORGANIZATION_IDENTIFIER, CREDIT_CODE), (NameOID.ORGANIZATION_NAME, None)),
        _subject((NameOID.ORGANIZATION_NAME, OWNER.replace("（", "(").replace("）", ")"))),
        _subject((NameOID.COMMON_NAME, "任意名称")),
        lambda request: LicensedAuthority(root={"path_length": 2}).answer_by_a_further_one(request),
    ],
)
def test_authorities_write_the_owner_in_several_ways(
    one_department: Department, answer: Callable[[Request], bytes]
) -> None:
    seal = one_department.approved()
    chain = answer(_request(one_department, seal))
    made = one_department.house.seals.make(seal.code, actor=MAKER, chain=chain)
    assert one_department.press(made).sealed is not None


def test_a_persons_seal_is_certified_for_that_person(one_department: Department) -> None:
    seal = one_department.approved(kind=SealKind.PERSONAL, name="程示例")
    request = _request(one_department, seal)
    with pytest.raises(InvalidInput, match="CERTIFICATE_OF_ANOTHER_OWNER") as refusal:
        one_department.house.seals.make(seal.code, actor=MAKER, chain=_subject((NameOID.COMMON_NAME, "别人"))(request))
    assert "commonName" in refusal.value.text.zh
    made = one_department.house.seals.make(seal.code, actor=MAKER, chain=LicensedAuthority().answer(request))
    (certificate,) = one_department.certificates(made)
    assert certificate.profile is ProfileName.PERSON


def test_an_answer_may_be_given_twice_but_another_one_not(department: Department) -> None:
    """Making that broke off after the answer was kept goes on with it."""
    seal = department.approved()
    outside, making = LicensedAuthority(), department.house.seals.making
    request = _request(department, seal)
    chain = outside.answer(request)
    kept = making.certificate_for(seal, actor=MAKER, chain=chain)
    with pytest.raises(Conflict, match="KEY_CERTIFIED_ALREADY"):
        department.house.seals.make(seal.code, actor=MAKER, chain=outside.answer(request))
    made = department.house.seals.make(seal.code, actor=MAKER, chain=chain)
    assert made.certificate_id == kept.certificate_id


def _retired(department: Department) -> StoredKey:
    house = department.house
    keys = Keys(house.database, house.clock, house.keys)
    key = keys.generate(
        Purpose.SEAL, label="外部申请", algorithm=house.algorithm, protection=Protection.WRAPPED, actor=KEEPER
    )
    keys.retire(key.key_id, actor=CHIEF, cause="申请撤回")
    return key  # as it was before: what a process remembers


def test_a_retired_key_gets_no_certificate_from_anybody(department: Department) -> None:
    house, key = department.house, _retired(department)
    order = CertificateOrder(ProfileName.SEAL, Subject(common_name="章", organization=OWNER), key)
    for ask in (
        lambda: house.outside_authority.request(order, actor=MAKER),
        lambda: house.authority.issue(order, actor=MAKER),
    ):
        with pytest.raises(Refused, match="KEY_GETS_NO_CERTIFICATE"):
            ask()


def test_a_request_is_on_record_before_it_goes_out(department: Department) -> None:
    seal = department.approved()
    department.house.seals.request_certificate(seal.code, actor=MAKER)
    with department.house.database.read() as session:
        key = next(key for key in session.query(StoredKey) if key.label == f"seal-{seal.code}")
    assert [(line["act"], line["actor"]) for line in department.history(key)] == [
        ("key.generate", MAKER),
        ("key.request", MAKER),
    ]
