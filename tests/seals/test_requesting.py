"""What a request for a seal must get right, and what it is told when it does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sealservice.demo import CREDIT_CODE, OWNER
from sealservice.kernel.errors import Conflict, InvalidInput, NotFound
from sealservice.seals.kinds import KIND_NAMES, SealKind
from sealservice.seals.model import SealState
from sealservice.seals.queries import list_seals
from tests.support.departments import CLERK, Department


def test_a_code_is_made_in_the_owners_region_when_none_is_given(department: Department) -> None:
    codes = {department.requested(code=None).code for _ in range(2)}
    assert len(codes) == 2
    assert all(len(code) == 14 and code.startswith(CREDIT_CODE[2:8]) and code.isdecimal() for code in codes)


@pytest.mark.parametrize(
    "code", ["9901260001234", "990126000123456", "9901260001234X", "99 126 0001234", "９９０１２６０００１２３４５"]
)
def test_a_seal_code_has_fourteen_digits(department: Department, code: str) -> None:
    with pytest.raises(InvalidInput, match="SEAL_CODE_WRONG") as refusal:
        department.requested(code=code)
    assert code in refusal.value.text.zh


def test_no_two_seals_have_one_code(department: Department) -> None:
    seal = department.requested()
    with pytest.raises(Conflict, match="SEAL_EXISTS"):
        department.requested(code=seal.code)
    assert [line["act"] for line in department.history(seal)] == ["seal.request"]


def test_a_wrong_credit_code_is_told_which_check_character_would_fit(department: Department) -> None:
    wrong = CREDIT_CODE[:-1] + "7"
    with pytest.raises(InvalidInput, match="CREDIT_CODE_WRONG") as refusal:
        department.requested(credit_code=wrong)
    assert wrong in refusal.value.text.en
    assert f"expected: {CREDIT_CODE[-1]}" in refusal.value.text.en
    assert f"应为：{CREDIT_CODE[-1]}" in refusal.value.text.zh


def test_a_body_that_is_not_registered_gets_no_seal(department: Department) -> None:
    with pytest.raises(NotFound, match="ORGANIZATION_UNKNOWN") as refusal:
        department.requested(credit_code="91350100M000100Y43")
    assert "sealservice orgs add 91350100M000100Y43" in refusal.value.text.zh


def test_a_seal_is_called_what_its_owner_calls_it_or_after_what_it_says(department: Department) -> None:
    assert department.requested().name == f"{OWNER}行政审批专用章"
    assert department.requested(line="不动产登记专用章").name == f"{OWNER}不动产登记专用章"
    assert department.requested(name=" 审批 一号章 ").name == "审批 一号章"


@pytest.mark.parametrize("name", [" ", "章" * 201, "审批\x07章", "审批\u200b章"])
def test_a_name_is_visible_and_of_sensible_length(department: Department, name: str) -> None:
    with pytest.raises(InvalidInput, match="NAME_WRONG"):
        department.requested(name=name)


def test_a_seal_that_would_have_ended_already_is_not_asked_for(department: Department) -> None:
    with pytest.raises(InvalidInput, match="SEAL_VALIDITY_PAST"):
        department.requested(valid_until=department.house.clock.now() - timedelta(days=1))


def test_every_kind_of_seal_has_its_name_in_both_languages_and_can_be_asked_for(one_department: Department) -> None:
    assert set(KIND_NAMES) == set(SealKind)
    for kind in SealKind:
        personal = {"name": "程示例"} if kind is SealKind.PERSONAL else {}
        seal = one_department.requested(kind=kind, **personal)
        assert seal.kind is kind
        assert KIND_NAMES[kind].zh != KIND_NAMES[kind].en
    with one_department.house.database.read() as session:
        asked = list_seals(session, state=SealState.REQUESTED)
    assert {seal.kind for seal in asked} == set(SealKind)
    assert {seal.requested_by for seal in asked} == {CLERK}
