"""A seal goes on with a new key and a new certificate; what it sealed before stays sealed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sealservice.certificates.model import CertificateState
from sealservice.impressions.model import Impression
from sealservice.kernel.errors import Conflict, InvalidInput
from sealservice.seals.model import Seal, SealState
from sealverify.examination import examine_document
from sealverify.policy import Policy
from sealverify.trust import Trust
from tests.support.departments import CHIEF, MAKER, Department
from tests.support.openssl import crls_of


def _conclusion(department: Department, impression: Impression) -> str:
    """What a stranger is told about a sealed file today."""
    trust = Trust.from_file(department.house.trust.publish())
    return str(examine_document(department.sealed(impression), Policy(trust=trust)).conclusion)


def _pressed_anew(department: Department, seal: Seal) -> Impression:
    """A process that had the seal in hand while it was renewed says so once, and is right the next time."""
    try:
        return department.press(seal)
    except Conflict:
        return department.press(seal)


def test_renewal_makes_a_new_key_and_certificate_and_keeps_history(department: Department) -> None:
    seal = department.made()
    earlier = department.press(seal)
    until = department.house.clock.now() + timedelta(days=400)
    renewed = department.house.seals.renew(seal.code, actor=MAKER, valid_until=until)
    later = _pressed_anew(department, seal)

    first, second = department.certificates(seal)
    assert (renewed.state, renewed.certificate_id, renewed.valid_until) == (
        SealState.ACTIVE,
        second.certificate_id,
        until,
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
    department.house.seals.renew(seal.code, actor=MAKER)
    later = _pressed_anew(department, seal)
    assert (_conclusion(department, earlier), _conclusion(department, later)) == ("PASSED", "PASSED")


def test_revoking_a_renewed_seal_revokes_all_its_certificates(department: Department) -> None:
    seal = department.made()
    department.house.seals.renew(seal.code, actor=MAKER)
    department.house.seals.revoke(seal.code, actor=CHIEF, cause="单位撤销")
    found = department.certificates(seal)
    assert [item.state for item in found] == [CertificateState.REVOKED, CertificateState.REVOKED]
    listed = {entry.serial_number for crl in crls_of(department.house.trust.path) for entry in crl}
    assert {int(item.serial, 16) for item in found} <= listed


def test_a_seal_is_not_renewed_into_the_past(department: Department) -> None:
    seal = department.made()
    yesterday = department.house.clock.now() - timedelta(days=1)
    with pytest.raises(InvalidInput, match="SEAL_VALIDITY_PAST"):
        department.house.seals.renew(seal.code, actor=MAKER, valid_until=yesterday)
    assert len(department.certificates(seal)) == 1
