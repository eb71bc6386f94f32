"""The ceremony makes the authority, and OpenSSL reads its certificates as the standards want them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from sealservice.assembly import House
from sealservice.certificates.ceremony import Ceremony, Held
from sealservice.certificates.model import Certificate, CertificateState, Purpose, StoredKey
from sealservice.certificates.profiles import ProfileName
from sealservice.certificates.queries import find_newest
from sealservice.kernel.errors import Misconfigured, NotFound, Refused
from sealservice.parties.operations import DEMO_MARK, Parties
from sealverify import oids
from tests.support.departments import CLERK, MAKER, Department, SetClock
from tests.support.houses import KEEPER, made_house
from tests.support.openssl import as_text, crls_of, openssl, openssl_refuses, pem_of


def _hold(house: House, *, name: str = "云岭电子印章", unit: str | None = None, production: bool = False) -> Held:
    with house.root_keys() as root:
        return Ceremony(
            database=house.database,
            clock=house.clock,
            root_keys=root,
            service_keys=house.keys,
            name=name,
            organization="云岭市大数据局",
            algorithm=house.algorithm,
            unit=unit,
            production=production,
        ).hold(actor=KEEPER)


def _newest(house: House, profile: ProfileName) -> Certificate:
    with house.database.read() as session:
        found = find_newest(session, profile)
    assert found is not None
    return found


def _all(house: House, profile: ProfileName) -> list[Certificate]:
    with house.database.read() as session:
        return list(session.scalars(select(Certificate).where(Certificate.profile == profile)))


def _key(house: House, certificate: Certificate) -> StoredKey:
    with house.database.read() as session:
        return session.get_one(StoredKey, certificate.key_id)


def _written(folder: Path, *certificates: bytes, name: str = "certificates.pem") -> Path:
    (folder / name).write_bytes(pem_of(*certificates))
    return folder / name


def test_before_a_ceremony_there_is_no_authority_and_the_house_says_what_to_do(tmp_path: Path) -> None:
    with made_house(tmp_path / "var") as house:
        for ask in (house.authority.issuer, house.authority.anchor, house.trust.publish):
            with pytest.raises(Misconfigured, match="AUTHORITY_MISSING") as refusal:
                ask()
            assert "sealservice certificates ceremony" in refusal.value.text.zh


def test_the_root_lives_in_a_token_of_its_own(department: Department) -> None:
    house = department.house
    root, issuing = _newest(house, ProfileName.ROOT), _newest(house, ProfileName.ISSUING)
    assert _key(house, root).token == house.settings.token.root_label
    assert _key(house, issuing).token == house.settings.token.label
    assert not _key(house, root).wrapped
    assert not _key(house, issuing).wrapped  # CA keys rest in their tokens
    in_service = {record.key_id for record in house.keys.inventory()}
    assert issuing.key_id in in_service
    assert root.key_id not in in_service
    with house.root_keys() as opened:
        assert root.key_id in {record.key_id for record in opened.inventory()}


def test_a_ceremony_held_again_keeps_the_root_and_renews_what_is_below(
    department_in_time: Department, clock: SetClock
) -> None:
    department = department_in_time
    house, seal = department.house, department.made()
    earlier = {profile: _newest(house, profile) for profile in ProfileName if profile is not ProfileName.PERSON}
    clock.ahead = timedelta(days=365)

    held = _hold(house)
    assert [item.serial for item in _all(house, ProfileName.ROOT)] == [earlier[ProfileName.ROOT].serial]
    for profile in (ProfileName.ISSUING, ProfileName.TIMESTAMP, ProfileName.STATUS):
        assert _newest(house, profile).serial != earlier[profile].serial
        assert len(_all(house, profile)) == 2
    assert held.issuing.serial == _newest(house, ProfileName.ISSUING).serial

    later = department.made()
    (old,), (new,) = department.certificates(seal), department.certificates(later)
    assert (old.issuer_id, new.issuer_id) == (earlier[ProfileName.ISSUING].certificate_id, held.issuing.certificate_id)
    assert department.press(seal).sealed is not None  # what the earlier one certified goes on
    assert department.press(later).sealed is not None


def test_what_the_earlier_authority_certified_can_still_be_revoked(
    department_in_time: Department, clock: SetClock, tmp_path: Path
) -> None:
    department = department_in_time
    seal = department.made()
    (certificate,) = department.certificates(seal)
    chain = department.house.authority.chain(certificate.certificate_id)
    clock.ahead = timedelta(days=1)
    _hold(department.house)
    department.house.seals.revoke(seal.code, actor=MAKER, cause="机构改革")

    trust = department.house.trust.path
    assert len(crls_of(trust)) == 3  # the root's, and one by each issuing certificate
    leaf, above = (_written(tmp_path, item, name=f"{i}.pem") for i, item in enumerate(chain))
    at = str(int(clock.now().timestamp()) + 1)
    said = openssl_refuses(
        *("verify", "-crl_check_all", "-attime", at, "-CAfile", trust, "-CRLfile", trust, "-untrusted", above, leaf)
    )
    assert "certificate revoked" in said


def test_openssl_reads_the_root_as_a_root(department: Department) -> None:
    said = as_text(department.house.authority.anchor())
    assert "CA:TRUE, pathlen:1" in said
    assert "X509v3 Basic Constraints: critical" in said
    assert "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n" in said
    assert DEMO_MARK in said
    assert "Subject Key Identifier" in said
    assert "ecdsa-with-SHA256" in said


@pytest.mark.parametrize(
    ("profile", "lines", "years"),
    [
        (ProfileName.ISSUING, ["CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign\n"], 15),
        (
            ProfileName.TIMESTAMP,
            [
                "CA:FALSE",
                "Key Usage: critical\n                Digital Signature\n",
                "Extended Key Usage: critical\n                Time Stamping\n",
                oids.TSA_CERTIFICATE_POLICY,
            ],
            10,
        ),
        (ProfileName.STATUS, ["CA:FALSE", "OCSP Signing", "OCSP No Check", oids.STATUS_CERTIFICATE_POLICY], 1),
    ],
)
def test_openssl_reads_each_profile_as_its_standard_wants(
    department: Department, profile: ProfileName, lines: list[str], years: int
) -> None:
    certificate = _newest(department.house, profile)
    said = as_text(certificate.der or b"")
    for line in lines:
        assert line in said
    assert "Authority Key Identifier" in said
    lasts = certificate.valid_until - certificate.valid_from
    assert timedelta(days=365 * years) <= lasts <= timedelta(days=365 * years, minutes=6)


def test_a_seals_certificate_is_for_signatures_and_under_the_seal_policy(department: Department) -> None:
    (certificate,) = department.certificates(department.made())
    said = as_text(certificate.der or b"")
    assert "Digital Signature, Non Repudiation\n" in said
    assert "CA:FALSE" in said
    assert f"Policy: {oids.SEAL_CERTIFICATE_POLICY}" in said
    assert "Extended Key Usage" not in said


def test_openssl_follows_every_chain_to_the_root_for_its_purpose(department: Department, tmp_path: Path) -> None:
    house = department.house
    root = _written(tmp_path, house.authority.anchor(), name="root.pem")
    (seal,) = department.certificates(department.made())
    for certificate, purpose in (
        (seal, "smimesign"),
        (_newest(house, ProfileName.TIMESTAMP), "timestampsign"),
        (_newest(house, ProfileName.STATUS), "ocsphelper"),
    ):
        leaf, above = house.authority.chain(certificate.certificate_id)
        issuing = _written(tmp_path, above, name="issuing.pem")
        path = _written(tmp_path, leaf, name="leaf.pem")
        openssl("verify", "-x509_strict", "-purpose", purpose, "-CAfile", root, "-untrusted", issuing, path)
    leaf = house.authority.chain(seal.certificate_id)[0]
    path = _written(tmp_path, leaf, name="leaf.pem")
    openssl_refuses("verify", "-purpose", "timestampsign", "-CAfile", root, "-untrusted", issuing, path)


def test_the_parties_to_a_chain_that_is_not_there_are_named(department: Department) -> None:
    with pytest.raises(NotFound, match="CERTIFICATE_UNKNOWN"):
        department.house.authority.chain("no-such-certificate")


def test_demo_subjects_say_so_and_production_refuses_them(tmp_path: Path) -> None:
    with made_house(tmp_path / "var", production=True) as house:
        with pytest.raises(Refused, match="DEMO_IN_PRODUCTION"):
            _hold(house, unit=DEMO_MARK, production=True)
        with pytest.raises(Refused, match="DEMO_IN_PRODUCTION"):
            _hold(house, name=DEMO_MARK, production=True)
        assert _all(house, ProfileName.ROOT) == []

        _hold(house, production=True)  # an authority that means it
        assert DEMO_MARK not in as_text(house.authority.anchor())
        house.parties.add_person(handle=CLERK, name="经办人", actor=KEEPER)
        house.parties.add_person(handle=MAKER, name="制章人", actor=KEEPER)
        company = {"credit_code": "91350100M000100Y43", "name": "某公司", "is_demo": True, "actor": KEEPER}
        with pytest.raises(Refused, match="DEMO_IN_PRODUCTION"):
            house.parties.add_organization(**company)
        Parties(house.database, house.clock, production=False).add_organization(**company)  # before it was production
        department = Department(house)
        seal = department.requested(credit_code="91350100M000100Y43")
        house.seals.approve(seal.code, actor=KEEPER)
        with pytest.raises(Refused, match="DEMO_IN_PRODUCTION"):
            house.seals.make(seal.code, actor=MAKER)
        assert _all(house, ProfileName.SEAL) == []  # refused before a serial number was spent


def test_only_people_on_record_hold_a_ceremony(tmp_path: Path) -> None:
    with made_house(tmp_path / "var") as house, house.root_keys() as root:
        ceremony = Ceremony(
            database=house.database,
            clock=house.clock,
            root_keys=root,
            service_keys=house.keys,
            name="某",
            organization="某",
            algorithm=house.algorithm,
            production=False,
        )
        with pytest.raises(NotFound, match="PERSON_UNKNOWN"):
            ceremony.hold(actor="nobody")
        assert _all(house, ProfileName.ROOT) == []


def test_every_certificate_is_written_down_before_it_is_signed(
    department: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the two leaves a serial number that everybody can see and no certificate that anybody has."""

    class PowerCut(Exception):
        pass

    def dark(*_arguments: object) -> None:
        raise PowerCut

    house, seal = department.house, department.approved()
    before = {item.serial for item in _all(house, ProfileName.SEAL)}
    with monkeypatch.context() as patched:
        patched.setattr("sealservice.certificates.issuing.sign_with", dark)
        with pytest.raises(PowerCut):
            house.seals.make(seal.code, actor=MAKER)
    (left,) = (item for item in _all(house, ProfileName.SEAL) if item.serial not in before)
    assert (left.state, left.der) == (CertificateState.INTENDED, None)
    assert department.history(left) == []

    made = house.seals.make(seal.code, actor=MAKER)
    assert made.certificate_id != left.certificate_id
    assert department.press(made).sealed is not None
    assert [line["act"] for line in department.history(department.certificates(made)[0])] == ["certificate.issue"]


def test_an_issue_is_audited_with_serial_profile_and_name(department: Department) -> None:
    (certificate,) = department.certificates(department.made())
    (line,) = department.history(certificate)
    assert (line["act"], line["actor"]) == ("certificate.issue", MAKER)
    assert line["facts"] == {
        "from": "INTENDED",
        "to": "ISSUED",
        "serial": certificate.serial,
        "profile": "SEAL",
        "name": certificate.subject_name,
    }


def test_keys_of_the_ceremony_are_for_one_purpose_each(department: Department) -> None:
    house = department.house
    for profile, purpose in (
        (ProfileName.ROOT, Purpose.ROOT),
        (ProfileName.ISSUING, Purpose.ISSUING),
        (ProfileName.TIMESTAMP, Purpose.TIMESTAMP),
        (ProfileName.STATUS, Purpose.STATUS),
    ):
        assert _key(house, _newest(house, profile)).purpose is purpose
