"""Making a seal asks the token for a key and the authority for a certificate, and is taken up again where it broke."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from keystore.keys import Protection
from sealservice.certificates.authority import Authority
from sealservice.certificates.keys import Keys
from sealservice.certificates.model import Certificate, CertificateState, Purpose, StoredKey
from sealservice.demo import CREDIT_CODE, OWNER
from sealservice.parties.operations import DEMO_MARK
from sealservice.seals.making import Making
from sealservice.seals.model import Seal, SealState
from sealverify.oids import SEAL_CERTIFICATE_POLICY
from tests.support.departments import CHIEF, KEEPER, MAKER, Department
from tests.support.openssl import crls_of


class PowerCut(Exception):
    """The machine goes dark."""


@contextmanager
def _power_cut(monkeypatch: pytest.MonkeyPatch, part: type, step: str) -> Iterator[None]:
    """The machine goes dark when `step` is about to begin; afterwards there is light again."""

    def dark(*_arguments: object, **_options: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(part, step, dark)
        with pytest.raises(PowerCut):
            yield


def _keys(department: Department, seal: Seal) -> list[StoredKey]:
    with department.house.database.read() as session:
        return list(session.scalars(select(StoredKey).where(StoredKey.label == f"seal-{seal.code}")))


def _issued(department: Department, seal: Seal) -> list[Certificate]:
    """Every certificate of the seal's keys, whether the seal took it up or not."""
    with department.house.database.read() as session:
        return list(
            session.scalars(
                select(Certificate)
                .join(StoredKey, StoredKey.key_id == Certificate.key_id)
                .where(StoredKey.label == f"seal-{seal.code}")
            )
        )


def test_a_seals_key_is_born_wrapped_and_its_certificate_says_whose_it_is(department: Department) -> None:
    seal = department.made()
    (key,) = _keys(department, seal)
    assert (key.purpose, key.protection) == (Purpose.SEAL, Protection.WRAPPED)
    assert key.wrapped
    (stored,) = department.certificates(seal)
    certificate = x509.load_der_x509_certificate(stored.der or b"")
    names = {attribute.oid: attribute.value for attribute in certificate.subject}
    assert names == {
        NameOID.COUNTRY_NAME: "CN",
        NameOID.ORGANIZATION_NAME: OWNER,
        NameOID.ORGANIZATION_IDENTIFIER: f"NTRCN-{CREDIT_CODE}",
        NameOID.ORGANIZATIONAL_UNIT_NAME: DEMO_MARK,
        NameOID.SERIAL_NUMBER: seal.code,
        NameOID.COMMON_NAME: seal.name,
    }
    (policy,) = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert policy.policy_identifier.dotted_string == SEAL_CERTIFICATE_POLICY
    assert stored.valid_until <= seal.valid_until


def test_making_that_broke_after_the_key_goes_on_with_that_key(
    department: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = department.approved()
    with _power_cut(monkeypatch, Authority, "issue"):
        department.house.seals.make(seal.code, actor=MAKER)
    assert department.seal(seal.code).state is SealState.APPROVED
    (waiting,) = _keys(department, seal)

    made = department.house.seals.make(seal.code, actor=MAKER)
    (key,) = _keys(department, seal)
    assert key.key_id == waiting.key_id
    assert [item.certificate_id for item in _issued(department, seal)] == [made.certificate_id]
    assert department.press(seal).sealed is not None


def test_making_that_broke_after_the_certificate_goes_on_with_that_certificate(
    department: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = department.approved()
    with _power_cut(monkeypatch, Making, "attach"):
        department.house.seals.make(seal.code, actor=MAKER)
    assert department.seal(seal.code).state is SealState.APPROVED
    assert department.history(seal)[-1]["act"] == "seal.approve"  # nothing half-told
    (waiting,) = _issued(department, seal)

    made = department.house.seals.make(seal.code, actor=MAKER)
    assert made.certificate_id == waiting.certificate_id
    assert len(_keys(department, seal)) == len(_issued(department, seal)) == 1


@pytest.mark.parametrize("broken", [(Authority, "issue"), (Making, "attach")])
def test_renewal_that_broke_off_goes_on_without_doubling(
    department: Department, monkeypatch: pytest.MonkeyPatch, broken: tuple[type, str]
) -> None:
    seal = department.agreed_to_renew(department.made())
    with _power_cut(monkeypatch, *broken):
        department.house.seals.renew(seal.code, actor=MAKER)
    assert department.seal(seal.code).certificate_id == seal.certificate_id
    assert department.press(seal).certificate_id == seal.certificate_id  # the seal in force is not touched

    department.house.seals.renew(seal.code, actor=MAKER)
    assert len(_keys(department, seal)) == len(_issued(department, seal)) == len(department.certificates(seal)) == 2


def test_a_certificate_that_no_seal_took_up_falls_with_the_seal(
    department: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = department.agreed_to_renew(department.made())
    with _power_cut(monkeypatch, Making, "attach"):
        department.house.seals.renew(seal.code, actor=MAKER)
    department.house.seals.revoke(seal.code, actor=CHIEF, cause="密钥可能泄露", compromised=True)
    found = _issued(department, seal)
    assert [item.state for item in found] == [CertificateState.REVOKED, CertificateState.REVOKED]
    listed = {entry.serial_number for crl in crls_of(department.house.trust.path) for entry in crl}
    assert {int(item.serial, 16) for item in found} <= listed


def test_a_key_for_another_purpose_is_not_taken_for_the_seals_by_its_name(department: Department) -> None:
    seal, house = department.approved(), department.house
    other = Keys(house.database, house.clock, house.keys).generate(
        Purpose.PERSON,
        label=f"seal-{seal.code}",
        algorithm=house.algorithm,
        protection=house.protection,
        actor=KEEPER,
    )
    house.seals.make(seal.code, actor=MAKER)
    (certificate,) = department.certificates(seal)
    assert certificate.key_id != other.key_id


def test_an_rsa_house_makes_rsa_seals(one_department: Department) -> None:
    """The algorithm is the house's, fixed for each key when it is made."""
    house = one_department.house
    seal = one_department.approved()
    rsa = Making(
        database=house.database,
        authority=house.authority,
        outside=house.outside_authority,
        algorithm="1.2.840.113549.1.1.11",
        protection=house.protection,
    )
    certificate = rsa.certificate_for(seal, actor=MAKER, chain=None)
    house.seals.make(seal.code, actor=MAKER)
    public = x509.load_der_x509_certificate(certificate.der or b"").public_key()
    assert getattr(public, "key_size", 0) == 3072
    assert one_department.press(seal).certificate_id == certificate.certificate_id
