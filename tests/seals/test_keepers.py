"""Who may press a seal: whom its owner appointed, for as long as that lasts."""

from __future__ import annotations

import pytest

from sealservice.kernel.errors import InvalidInput, NotFound, NotPermitted
from sealservice.seals.queries import keepers_of
from tests.support.departments import CHIEF, CLERK, KEEPER, Department


def _keepers(department: Department, code: str) -> list[str]:
    with department.house.database.read() as session:
        return [kept.handle for kept in keepers_of(session, code)]


def test_a_new_keeper_presses_from_the_day_of_appointment_to_that_of_dismissal(department: Department) -> None:
    seals, seal = department.house.seals, department.made()
    with pytest.raises(NotPermitted, match="NOT_A_KEEPER") as refusal:
        department.press(seal, keeper=CLERK)
    assert f"sealservice seals appoint {seal.code} {CLERK}" in refusal.value.text.en

    seals.appoint(seal.code, CLERK, actor=CHIEF)
    assert department.press(seal, keeper=CLERK).pressed_by == CLERK
    assert _keepers(department, seal.code) == [KEEPER, CLERK]

    seals.dismiss(seal.code, CLERK, actor=CHIEF, cause="岗位调整")
    with pytest.raises(NotPermitted, match="NOT_A_KEEPER"):
        department.press(seal, keeper=CLERK)
    assert [(line["act"], line["actor"], line["cause"], line["facts"]) for line in department.history(seal)[-2:]] == [
        ("seal.appoint", CHIEF, None, {"keeper": CLERK}),
        ("seal.dismiss", CHIEF, "岗位调整", {"keeper": CLERK}),
    ]


def test_nobody_appoints_themself(department: Department) -> None:
    seals, seal = department.house.seals, department.made()
    with pytest.raises(NotPermitted, match="APPOINTEE_MAY_NOT_APPOINT") as refusal:
        seals.appoint(seal.code, CHIEF, actor=CHIEF)
    assert f"sealservice seals appoint {seal.code} {CHIEF}" in refusal.value.text.zh
    with pytest.raises(NotPermitted):  # not even whoever keeps it already
        seals.appoint(seal.code, KEEPER, actor=KEEPER)
    assert _keepers(department, seal.code) == [KEEPER]


def test_a_dismissed_keeper_can_come_back_and_both_times_stay_on_record(department: Department) -> None:
    seals, seal = department.house.seals, department.made()
    seals.dismiss(seal.code, KEEPER, actor=CHIEF, cause="外出培训")
    seals.appoint(seal.code, KEEPER, actor=CHIEF)
    assert _keepers(department, seal.code) == [KEEPER]
    assert [line["act"] for line in department.history(seal)][-2:] == ["seal.dismiss", "seal.appoint"]


def test_appointing_somebody_who_may_already_changes_nothing(department: Department) -> None:
    seal = department.made()
    department.house.seals.appoint(seal.code, KEEPER, actor=CHIEF)
    assert _keepers(department, seal.code) == [KEEPER]
    assert department.history(seal)[-1]["act"] == "seal.make"


def test_nobody_is_dismissed_without_a_reason_or_without_having_been_a_keeper(department: Department) -> None:
    seals, seal = department.house.seals, department.made()
    with pytest.raises(InvalidInput, match="CAUSE_MISSING"):
        seals.dismiss(seal.code, KEEPER, actor=CHIEF, cause=" ")
    with pytest.raises(InvalidInput, match="NOT_A_KEEPER"):
        seals.dismiss(seal.code, CLERK, actor=CHIEF, cause="岗位调整")
    assert _keepers(department, seal.code) == [KEEPER]


def test_a_seal_is_kept_by_people_on_record(department: Department) -> None:
    seal = department.made()
    with pytest.raises(NotFound, match="PERSON_UNKNOWN"):
        department.house.seals.appoint(seal.code, "nobody", actor=CHIEF)
    with pytest.raises(NotFound, match="PERSON_UNKNOWN"):
        department.requested(keepers=[KEEPER, "nobody"])
    with pytest.raises(InvalidInput, match="KEEPER_MISSING"):
        department.requested(keepers=[])


def test_a_keeper_named_twice_keeps_the_seal_once(department: Department) -> None:
    seal = department.requested(keepers=[KEEPER, CLERK, KEEPER])
    assert sorted(_keepers(department, seal.code)) == [CLERK, KEEPER]
