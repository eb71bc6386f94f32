"""What becomes of a seal, step by step, and that each step says who, when and why."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from sealservice.certificates.model import CertificateState
from sealservice.kernel.errors import InvalidInput, NotFound, NotPermitted, WrongState
from sealservice.seals.model import LIFECYCLE, Seal, SealState
from sealservice.seals.operations import Seals
from tests.support.departments import CHIEF, CLERK, KEEPER, MAKER, Department, SetClock
from tests.support.openssl import crls_of


def test_a_seal_is_requested_approved_and_made_by_three_people(department: Department) -> None:
    before = department.house.clock.now()
    seal = department.requested()
    assert seal.state is SealState.REQUESTED
    assert department.house.seals.approve(seal.code, actor=CHIEF, cause="同意制作").state is SealState.APPROVED
    made = department.house.seals.make(seal.code, actor=MAKER)

    assert made.state is SealState.ACTIVE
    assert (made.requested_by, made.approved_by, made.made_by) == (CLERK, CHIEF, MAKER)
    lines = department.history(seal)
    assert [(line["act"], line["actor"], line["cause"]) for line in lines] == [
        ("seal.request", CLERK, None),
        ("seal.approve", CHIEF, "同意制作"),
        ("seal.make", MAKER, None),
    ]
    times = [datetime.fromisoformat(line["at"]) for line in lines]
    assert [before, *times] == sorted([before, *times])
    assert times[-1] <= department.house.clock.now()
    assert lines[0]["facts"]["keepers"] == [KEEPER]
    assert lines[2]["facts"] == {"from": "APPROVED", "to": "ACTIVE", "certificate": made.certificate_id}


def test_nothing_is_pressed_with_a_seal_that_is_only_on_its_way(department: Department) -> None:
    seal = department.requested()
    with pytest.raises(WrongState, match="SEAL_REQUESTED"):
        department.press(seal)
    department.house.seals.approve(seal.code, actor=CHIEF)
    with pytest.raises(WrongState, match="SEAL_APPROVED"):
        department.press(seal)
    with pytest.raises(WrongState, match="MOVE_NOT_ALLOWED"):
        department.house.seals.approve(seal.code, actor=CHIEF)


def test_whoever_asks_for_a_seal_cannot_approve_it(department: Department) -> None:
    seal = department.requested()
    with pytest.raises(NotPermitted, match="REQUESTER_MAY_NOT_APPROVE"):
        department.house.seals.approve(seal.code, actor=CLERK)
    assert department.seal(seal.code).state is SealState.REQUESTED
    assert [line["act"] for line in department.history(seal)] == ["seal.request"]


def test_the_database_holds_that_rule_against_whoever_goes_around_it(department: Department) -> None:
    seal = department.requested()
    around = update(Seal).where(Seal.code == seal.code).values(approved_by=CLERK, state=SealState.APPROVED)
    with pytest.raises(IntegrityError, match="who_requests_cannot_approve"), department.house.database.begin() as db:
        db.execute(around)
    assert department.seal(seal.code).state is SealState.REQUESTED


def test_a_request_is_turned_down_for_good_and_with_a_reason(department: Department) -> None:
    seals, seal = department.house.seals, department.requested()
    assert seals.reject(seal.code, actor=CHIEF, cause="印文与备案名称不符").state is SealState.REJECTED

    assert department.history(seal)[-1]["cause"] == "印文与备案名称不符"
    with pytest.raises(WrongState, match="MOVE_NOT_ALLOWED"):
        seals.approve(seal.code, actor=CHIEF)
    with pytest.raises(WrongState, match="MOVE_NOT_ALLOWED"):
        seals.make(seal.code, actor=MAKER)


def test_a_suspended_seal_rests_until_it_is_restored(department: Department) -> None:
    seals, seal = department.house.seals, department.made()
    assert department.press(seal).sealed is not None

    seals.suspend(seal.code, actor=CHIEF, cause="印章保管人离岗")
    with pytest.raises(WrongState, match="SEAL_SUSPENDED"):
        department.press(seal)
    seals.restore(seal.code, actor=CHIEF, cause="保管人返岗")
    assert department.press(seal).sealed is not None

    assert [(line["act"], line["cause"]) for line in department.history(seal)[-2:]] == [
        ("seal.suspend", "印章保管人离岗"),
        ("seal.restore", "保管人返岗"),
    ]


def _move(verb: str) -> Callable[[Seals, str, str], Seal]:
    return lambda seals, code, cause: getattr(seals, verb)(code, actor=CHIEF, cause=cause)


@pytest.mark.parametrize("verb", ["suspend", "revoke", "retire", "reject"])
@pytest.mark.parametrize("cause", ["", "  \n"])
def test_what_stops_a_seal_needs_a_reason(department: Department, verb: str, cause: str) -> None:
    seal = department.requested() if verb == "reject" else department.made()
    with pytest.raises(InvalidInput, match="CAUSE_MISSING"):
        _move(verb)(department.house.seals, seal.code, cause)
    assert department.seal(seal.code).state is seal.state


@pytest.mark.parametrize(
    ("verb", "compromised", "state", "reason"),
    [
        ("revoke", False, SealState.REVOKED, x509.ReasonFlags.privilege_withdrawn),
        ("revoke", True, SealState.REVOKED, x509.ReasonFlags.key_compromise),
        ("retire", None, SealState.RETIRED, x509.ReasonFlags.cessation_of_operation),
    ],
)
def test_a_seal_that_ended_takes_its_certificates_with_it(
    department: Department, verb: str, compromised: bool | None, state: SealState, reason: x509.ReasonFlags
) -> None:
    seals, seal = department.house.seals, department.made()
    more = {} if compromised is None else {"compromised": compromised}
    ended = getattr(seals, verb)(seal.code, actor=CHIEF, cause="机构改革，职能划转", **more)

    assert ended.state is state
    with pytest.raises(WrongState, match=f"SEAL_{state}"):
        department.press(seal)
    (certificate,) = department.certificates(seal)
    assert certificate.state is CertificateState.REVOKED
    listed = _listed(department, certificate.serial)
    assert listed.extensions.get_extension_for_class(x509.CRLReason).value.reason is reason
    for again in ("suspend", "restore", "revoke", "retire"):
        with pytest.raises(WrongState, match="MOVE_NOT_ALLOWED"):
            _move(again)(seals, seal.code, "再次")


def _listed(department: Department, serial: str) -> x509.RevokedCertificate:
    """The entry of the list that verifiers are given now, as it lies in the trust file."""
    serials = {entry.serial_number: entry for crl in crls_of(department.house.trust.path) for entry in crl}
    return serials[int(serial, 16)]


def test_a_suspended_seal_can_be_revoked_but_not_renewed(department: Department) -> None:
    seals, seal = department.house.seals, department.made()
    seals.suspend(seal.code, actor=CHIEF, cause="遗失待查")
    with pytest.raises(WrongState, match="MOVE_NOT_ALLOWED"):
        seals.renew(seal.code, actor=MAKER)
    assert seals.revoke(seal.code, actor=CHIEF, cause="确认遗失", compromised=True).state is SealState.REVOKED


def test_the_time_of_a_seal_comes_without_anybody_doing_anything(
    department_in_time: Department, clock: SetClock
) -> None:
    department = department_in_time
    seal = department.made(valid_until=clock.now() + timedelta(days=30))
    department.press(seal)
    clock.ahead = timedelta(days=31)

    with pytest.raises(WrongState, match="SEAL_EXPIRED") as refusal:
        department.press(seal)
    assert department.seal(seal.code).state is SealState.ACTIVE
    assert f"sealservice seals request-renewal {seal.code}" in refusal.value.text.zh
    department.renewed(seal)
    assert department.press(seal).sealed is not None


def test_a_seal_lasts_no_longer_than_its_certificate(department_in_time: Department, clock: SetClock) -> None:
    """The profile gives no certificate more than three years, and no certificate outlives those above it."""
    department, asked = department_in_time, clock.now() + timedelta(days=5 * 365)
    seal = department.made(valid_until=asked)
    (certificate,) = department.certificates(seal)
    assert seal.valid_until == department.seal(seal.code).valid_until == certificate.valid_until < asked
    renewed = department.renewed(seal, until=asked)
    assert renewed.valid_until == department.certificates(seal)[-1].valid_until < asked
    clock.ahead = timedelta(days=3 * 365 + 1)
    with pytest.raises(WrongState, match="SEAL_EXPIRED"):
        department.press(seal)


def test_only_people_on_record_move_a_seal(department: Department) -> None:
    seals, seal = department.house.seals, department.made()
    for act in (
        lambda: seals.request(department.wanted(), actor="nobody"),
        lambda: seals.suspend(seal.code, actor="nobody", cause="无"),
        lambda: seals.renew(seal.code, actor="nobody"),
        lambda: seals.request_certificate(seal.code, actor="nobody"),
        lambda: seals.appoint(seal.code, CLERK, actor="nobody"),
        lambda: seals.dismiss(seal.code, KEEPER, actor="nobody", cause="无"),
    ):
        with pytest.raises(NotFound, match="PERSON_UNKNOWN"):
            act()
    assert [line["actor"] for line in department.history(seal)] == [CLERK, CHIEF, MAKER]


def test_a_seal_nobody_made_is_unknown_to_every_verb(department: Department) -> None:
    seals = department.house.seals
    for verb in ("suspend", "restore", "revoke", "retire", "reject"):
        with pytest.raises(NotFound, match="SEAL_UNKNOWN"):
            _move(verb)(seals, "99012699999999", "查无此章")
    with pytest.raises(NotFound, match="SEAL_UNKNOWN"):
        department.press("99012699999999")


def test_two_officials_at_once_do_not_undo_each_other(department: Department) -> None:
    """A seal that is revoked in one office while another suspends it stays revoked."""
    house, seal = department.house, department.made()
    if house.database.engine.dialect.name != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    outcome: list[Exception] = []

    def suspend() -> None:
        try:
            house.seals.suspend(seal.code, actor=CHIEF, cause="待查")
        except WrongState as error:
            outcome.append(error)

    other = threading.Thread(target=suspend)
    with house.database.begin() as session:
        session.execute(update(Seal).where(Seal.code == seal.code).values(state=SealState.REVOKED))
        other.start()
        assert any(_somebody_waits(department) for _ in range(100_000))
    other.join()

    assert department.seal(seal.code).state is SealState.REVOKED
    assert [error.args[0] for error in outcome] == ["MOVE_NOT_ALLOWED"]


def _somebody_waits(department: Department) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with department.house.database.read() as session:
        return bool(session.scalar(text(waiting)))


def test_the_table_of_moves_is_that_of_the_law() -> None:
    moves = {(str(source), verb, str(move.target)) for verb, move in LIFECYCLE.moves.items() for source in move.sources}
    assert moves == {
        ("REQUESTED", "approve", "APPROVED"),
        ("REQUESTED", "reject", "REJECTED"),
        ("APPROVED", "make", "ACTIVE"),
        ("ACTIVE", "suspend", "SUSPENDED"),
        ("SUSPENDED", "restore", "ACTIVE"),
        ("ACTIVE", "revoke", "REVOKED"),
        ("SUSPENDED", "revoke", "REVOKED"),
        ("ACTIVE", "retire", "RETIRED"),
        ("SUSPENDED", "retire", "RETIRED"),
        ("ACTIVE", "renew", "ACTIVE"),
    }
    assert [str(state) for state, verbs in LIFECYCLE.may.items() if "press" in verbs] == ["ACTIVE"]
