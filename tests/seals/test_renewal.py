"""A seal goes on with a new key and a new certificate; what it sealed before stays sealed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from sealservice.certificates.model import CertificateState
from sealservice.impressions.model import Impression
from sealservice.kernel.errors import Conflict, InvalidInput, NotPermitted, SealServiceError, WrongState
from sealservice.seals.model import SealState
from sealverify.examination import examine_document
from sealverify.policy import Policy
from sealverify.trust import Trust
from tests.support.departments import CHIEF, CLERK, KEEPER, MAKER, Department
from tests.support.openssl import crls_of


def _conclusion(department: Department, impression: Impression) -> str:
    """What a stranger is told about a sealed file today."""
    trust = Trust.from_file(department.house.trust.publish())
    return str(examine_document(department.sealed(impression), Policy(trust=trust)).conclusion)


def test_renewal_makes_a_new_key_and_certificate_and_keeps_history(department: Department) -> None:
    seal = department.made()
    earlier = department.press(seal)
    until = department.house.clock.now() + timedelta(days=400)
    renewed = department.renewed(seal, until=until)
    later = department.press(seal)

    first, second = department.certificates(seal)
    assert (renewed.state, renewed.certificate_id, renewed.valid_until) == (
        SealState.ACTIVE,
        second.certificate_id,
        second.valid_until,
    )
    assert first.key_id != second.key_id
    assert first.serial != second.serial
    assert (first.state, second.state) == (CertificateState.ISSUED, CertificateState.ISSUED)
    assert second.valid_until == until.replace(microsecond=0)
    assert (earlier.certificate_id, later.certificate_id) == (first.certificate_id, second.certificate_id)
    assert department.history(seal)[-1]["act"] == "seal.renew"
    assert department.history(seal)[-1]["facts"]["certificate"] == second.certificate_id


def test_what_was_sealed_before_the_renewal_is_as_good_as_what_is_sealed_after(one_department: Department) -> None:
    department = one_department
    seal = department.made()
    earlier = department.press(seal)
    department.renewed(seal)
    later = department.press(seal)
    assert (_conclusion(department, earlier), _conclusion(department, later)) == ("PASSED", "PASSED")


def test_revoking_a_renewed_seal_revokes_all_its_certificates(department: Department) -> None:
    seal = department.made()
    department.renewed(seal)
    department.house.seals.revoke(seal.code, actor=CHIEF, cause="单位撤销")
    found = department.certificates(seal)
    assert [item.state for item in found] == [CertificateState.REVOKED, CertificateState.REVOKED]
    listed = {entry.serial_number for crl in crls_of(department.house.trust.path) for entry in crl}
    assert {int(item.serial, 16) for item in found} <= listed


def test_a_seal_is_not_renewed_into_the_past(department: Department) -> None:
    seal = department.made()
    yesterday = department.house.clock.now() - timedelta(days=1)
    with pytest.raises(InvalidInput, match="SEAL_VALIDITY_PAST"):
        department.house.seals.request_renewal(seal.code, actor=CLERK, valid_until=yesterday)
    assert len(department.certificates(seal)) == 1


def test_one_person_alone_renews_nothing(department: Department) -> None:
    seals, seal = department.house.seals, department.made()
    with pytest.raises(WrongState, match="RENEWAL_NOT_APPROVED") as refusal:
        seals.renew(seal.code, actor=CLERK)
    assert f"sealservice seals request-renewal {seal.code}" in refusal.value.text.en
    seals.request_renewal(seal.code, actor=CLERK)
    with pytest.raises(NotPermitted, match="REQUESTER_MAY_NOT_APPROVE"):
        seals.approve_renewal(seal.code, actor=CLERK)
    for step in (seals.renew, seals.request_certificate):
        with pytest.raises(WrongState, match="RENEWAL_NOT_APPROVED"):
            step(seal.code, actor=CLERK)
    assert len(department.certificates(seal)) == 1

    seals.approve_renewal(seal.code, actor=CHIEF)
    seals.renew(seal.code, actor=MAKER)
    with pytest.raises(WrongState, match="RENEWAL_NOT_APPROVED"):  # what was approved was one renewal
        seals.renew(seal.code, actor=MAKER)


def test_the_database_holds_too_that_two_persons_agree(department: Department) -> None:
    seal = department.made()
    department.house.seals.request_renewal(seal.code, actor=CLERK)
    with pytest.raises(IntegrityError, match="who_asks_cannot_approve"), department.house.database.begin() as session:
        session.execute(text("UPDATE seal_renewals SET approved_by = requested_by"))


def test_a_renewal_is_turned_down_or_taken_back_with_a_reason(department: Department) -> None:
    seals, seal = department.house.seals, department.made()
    with pytest.raises(WrongState, match="RENEWAL_MISSING"):
        seals.approve_renewal(seal.code, actor=CHIEF)
    seals.request_renewal(seal.code, actor=CLERK)
    with pytest.raises(Conflict, match="RENEWAL_OPEN"):
        seals.request_renewal(seal.code, actor=KEEPER)
    with pytest.raises(InvalidInput, match="CAUSE_MISSING"):
        seals.reject_renewal(seal.code, actor=CHIEF, cause=" ")
    seals.reject_renewal(seal.code, actor=CHIEF, cause="先盘点")
    with pytest.raises(WrongState, match="RENEWAL_NOT_APPROVED"):
        seals.renew(seal.code, actor=MAKER)
    seals.request_renewal(seal.code, actor=KEEPER)  # a new one may be asked for
    assert [(line["act"], line["cause"]) for line in department.history(seal)[-3:]] == [
        ("renewal.request", None),
        ("renewal.reject", "先盘点"),
        ("renewal.request", None),
    ]


@pytest.mark.parametrize("verb", ["request_renewal", "approve_renewal"])
def test_only_people_on_record_ask_for_renewals_and_approve_them(department: Department, verb: str) -> None:
    seal = department.made()
    with pytest.raises(SealServiceError, match="PERSON_UNKNOWN"):
        getattr(department.house.seals, verb)(seal.code, actor="nobody")
