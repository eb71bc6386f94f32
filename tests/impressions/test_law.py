"""Who may press which seal when. Where the house says no, it says so before anything was done."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import func, select

from keystore.keys import SigningKey
from sealservice.audit.model import AuditLine
from sealservice.audit.queries import as_json, history
from sealservice.certificates.authority import revoke
from sealservice.diagnosis import accept_clock
from sealservice.impressions.model import Impression, ImpressionState
from sealservice.impressions.operations import Pressing
from sealservice.impressions.queries import find_by_key
from sealservice.kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted, Unavailable, WrongState
from sealservice.seals.model import Seal
from sealservice.seals.queries import certificates_of
from sealservice.workers.order import Preparation, PreparationOrder
from tests.impressions.conftest import BOTH
from tests.impressions.desk import Desk
from tests.impressions.rest import assert_at_rest
from tests.support.departments import CHIEF, CLERK, Department, made_department
from tests.support.houses import KEEPER


@dataclass
class StoppedClock:
    """Shows what it was set to."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@pytest.fixture(scope="module")
def clock() -> StoppedClock:
    return StoppedClock(datetime.now(UTC))


@pytest.fixture(scope="module", params=BOTH)
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clock: StoppedClock
) -> Iterator[Department]:
    """A department whose clock a story may set."""
    with made_department(tmp_path_factory.mktemp("office"), request.param, clock) as made:
        yield made


def desk_with(office: Department, seal: Seal) -> Desk:
    return Desk(office.house, seal, str(uuid.uuid4()))


@contextmanager
def nothing_done(office: Department) -> Iterator[None]:
    """No impression, no audit line, no file more than before, at the end of the block."""

    def state() -> tuple[int | None, int | None, int]:
        with office.house.database.read() as session:
            impressions = session.scalar(select(func.count()).select_from(Impression))
            lines = session.scalar(select(func.count()).select_from(AuditLine))
        return impressions, lines, len(list((office.house.home / "documents").rglob("*")))

    before = state()
    yield
    assert state() == before
    assert_at_rest(office.house)


def no_key(_: SigningKey) -> SigningKey:
    raise AssertionError("a key was asked")


def refused(
    office: Department, seal: Seal, error: type[Exception], code: str, *, keeper: str = KEEPER, names: str = ""
) -> None:
    """Pressing is refused by that name, in both languages, and nothing was done."""
    desk = desk_with(office, seal)
    with nothing_done(office):
        told = desk.fails(error, desk.with_key(no_key), keeper=keeper)
    assert told.code == code
    for sentence in (told.text.en, told.text.zh):
        assert names in sentence
        assert "{" not in sentence
        assert sentence != code


# -- the seal


def suspended(office: Department) -> Seal:
    return office.house.seals.suspend(office.made().code, actor=CHIEF, cause="印章保管异常，先行停用")


def revoked(office: Department) -> Seal:
    return office.house.seals.revoke(office.made().code, actor=CHIEF, cause="机构撤并")


def retired(office: Department) -> Seal:
    return office.house.seals.retire(office.made().code, actor=CHIEF, cause="换发新章")


def rejected(office: Department) -> Seal:
    return office.house.seals.reject(office.requested().code, actor=CHIEF, cause="材料不全")


@pytest.mark.parametrize(
    ("made", "code"), [(suspended, "SEAL_SUSPENDED"), (revoked, "SEAL_REVOKED"), (retired, "SEAL_RETIRED")]
)
def test_a_seal_that_no_longer_stands_is_not_pressed(
    office: Department, made: Callable[[Department], Seal], code: str
) -> None:
    refused(office, made(office), WrongState, code)


@pytest.mark.parametrize("made", [Department.requested, Department.approved, rejected])
def test_a_seal_that_was_never_made_is_not_pressed(office: Department, made: Callable[[Department], Seal]) -> None:
    seal = made(office)
    desk = desk_with(office, seal)
    with nothing_done(office):
        told = desk.fails(WrongState)
    assert told.code == f"SEAL_{seal.state}"


def test_a_seal_that_nobody_knows_is_not_pressed(office: Department) -> None:
    desk = desk_with(office, office.made())
    with nothing_done(office):
        told = desk.fails(NotFound, seal_code="99012699999999")
    assert told.code == "SEAL_UNKNOWN"


def test_a_seal_that_was_suspended_and_restored_is_pressed_again(office: Department) -> None:
    seal = suspended(office)
    office.house.seals.restore(seal.code, actor=CHIEF, cause="核查完毕")
    desk = desk_with(office, seal)
    assert desk.pressing.press(desk.request).state is ImpressionState.RECORDED


@contextmanager
def set_to(clock: StoppedClock, at: datetime) -> Iterator[None]:
    before, clock.at = clock.at, at
    try:
        yield
    finally:
        clock.at = before


def test_an_expired_seal_is_not_pressed(office: Department, clock: StoppedClock) -> None:
    seal = office.made(valid_until=clock.at + timedelta(days=30))
    with set_to(clock, clock.at + timedelta(days=31)):
        refused(office, seal, WrongState, "SEAL_EXPIRED", names=seal.code)


def test_a_seal_whose_certificate_has_expired_is_not_pressed(office: Department, clock: StoppedClock) -> None:
    """Making lets no seal outlast its certificate; should the register say otherwise, the certificate still counts."""
    seal = office.made(valid_until=clock.at + timedelta(days=3650))
    with office.house.database.begin() as session:
        session.get_one(Seal, seal.code).valid_until = clock.at + timedelta(days=3650)
    with set_to(clock, clock.at + timedelta(days=1200)):
        refused(office, seal, WrongState, "SEAL_CERTIFICATE_EXPIRED", names=seal.code)


def test_a_seal_whose_certificate_is_revoked_is_not_pressed(office: Department, clock: StoppedClock) -> None:
    seal = office.made()
    with office.house.database.begin() as session:
        (certificate,) = certificates_of(session, seal.code)
        reason = x509.ReasonFlags.superseded
        revoke(session, certificate, reason=reason, cause="换发证书", actor=CHIEF, at=clock.at)
    refused(office, seal, WrongState, "CERTIFICATE_REVOKED")


# -- the keeper


def test_whoever_does_not_keep_the_seal_does_not_press_it(office: Department) -> None:
    refused(office, office.made(), NotPermitted, "NOT_A_KEEPER", keeper=CLERK, names=CLERK)


def test_whoever_is_not_on_record_at_all_does_not_press_it(office: Department) -> None:
    refused(office, office.made(), NotPermitted, "NOT_A_KEEPER", keeper="nobody", names="nobody")


def test_a_dismissed_keeper_presses_no_more(office: Department) -> None:
    seal = office.made()
    office.house.seals.dismiss(seal.code, KEEPER, actor=CHIEF, cause="岗位调整")
    refused(office, seal, NotPermitted, "NOT_A_KEEPER", names=seal.code)


def test_whoever_keeps_one_seal_does_not_thereby_keep_another(office: Department) -> None:
    office.house.seals.appoint(office.made().code, CLERK, actor=CHIEF)
    refused(office, office.made(), NotPermitted, "NOT_A_KEEPER", keeper=CLERK)


# -- what changes while the document is being read


def while_it_is_read(desk: Desk, act: Callable[[], object]) -> Pressing:
    """Pressing, with `act` done just when the worker has the document in its hands."""

    class Overtaken:
        def prepare(self, document: Path, output: Path, order: PreparationOrder) -> Preparation:
            act()
            return desk.house.workers.prepare(document, output, order)

    return replace(desk.pressing, workers=Overtaken())


def test_a_seal_that_is_suspended_while_the_document_is_read_is_not_pressed(office: Department) -> None:
    seal = office.made()
    desk = desk_with(office, seal)

    def suspend() -> None:
        office.house.seals.suspend(seal.code, actor=CHIEF, cause="印章遗失")

    assert desk.fails(WrongState, while_it_is_read(desk, suspend)).code == "SEAL_SUSPENDED"
    assert_no_intent(desk)


def test_a_keeper_who_is_dismissed_while_the_document_is_read_does_not_press(office: Department) -> None:
    seal = office.made()
    desk = desk_with(office, seal)

    def dismiss() -> None:
        office.house.seals.dismiss(seal.code, KEEPER, actor=CHIEF, cause="岗位调整")

    assert desk.fails(NotPermitted, while_it_is_read(desk, dismiss)).code == "NOT_A_KEEPER"
    assert_no_intent(desk)


def test_a_seal_that_is_renewed_each_time_the_document_is_read_is_pressed_when_that_has_an_end(
    office: Department,
) -> None:
    """Room was left for the old chain, so the document has to be prepared anew; that is done once and no more."""
    seal = office.made()
    desk = desk_with(office, seal)

    def renew() -> None:
        office.renewed(seal)

    assert desk.fails(Conflict, while_it_is_read(desk, renew)).code == "SEAL_RENEWED_MEANWHILE"
    assert_no_intent(desk)
    assert desk.pressing.press(desk.request).certificate_id == office.seal(seal.code).certificate_id


def assert_no_intent(desk: Desk) -> None:
    with desk.house.database.read() as session:
        assert find_by_key(session, desk.key) is None
    assert_at_rest(desk.house)


# -- the clock


@pytest.fixture(params=BOTH)
def own_office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Desk, StoppedClock]]:
    """A desk in an office of its own, for stories that leave the register in the future."""
    clock = StoppedClock(datetime.now(UTC))
    with made_department(tmp_path, request.param, clock) as made:
        until = clock.at.replace(microsecond=0) + timedelta(days=30)  # certificates know whole seconds
        yield desk_with(made, made.made(valid_until=until)), clock


def test_a_seal_is_pressed_up_to_its_last_moment(own_office: tuple[Desk, StoppedClock]) -> None:
    desk, clock = own_office
    clock.at = desk.seal.valid_until
    assert desk.pressing.press(desk.request).state is ImpressionState.RECORDED
    clock.at += timedelta(microseconds=1)
    assert desk.fails(WrongState, idempotency_key=None).code == "SEAL_EXPIRED"


def test_a_clock_that_is_a_second_behind_the_register_is_tolerated_and_no_more(
    own_office: tuple[Desk, StoppedClock],
) -> None:
    desk, clock = own_office
    clock.at += timedelta(hours=1)
    last = desk.pressing.press(desk.asked(idempotency_key=None)).settled_at
    assert last is not None

    clock.at = last - timedelta(seconds=1)
    assert desk.pressing.press(desk.asked(idempotency_key=None)).state is ImpressionState.RECORDED

    clock.at = last - timedelta(seconds=1, microseconds=1)
    told = desk.fails(Unavailable, desk.with_key(no_key))
    assert told.code == "CLOCK_BEHIND"
    assert_no_intent(desk)


def test_nothing_is_pressed_while_the_clock_is_behind_until_somebody_has_looked(
    own_office: tuple[Desk, StoppedClock],
) -> None:
    """The clock was a day ahead and has been set right. Suspending must go on; pressing waits for a person's word."""
    desk, clock = own_office
    house, seal, now = desk.house, desk.seal, datetime.now(UTC)
    clock.at = now + timedelta(days=1)
    desk.pressing.press(desk.asked(idempotency_key=None))
    clock.at = datetime.now(UTC)

    assert desk.fails(Unavailable).code == "CLOCK_BEHIND"
    house.seals.suspend(seal.code, actor=CHIEF, cause="核对时钟")
    house.seals.restore(seal.code, actor=CHIEF, cause="核对完毕")
    assert desk.fails(Unavailable).code == "CLOCK_BEHIND"

    settings = f'database = "{house.settings.database}"\n' if house.settings.database else ""
    (house.home / "sealservice.toml").write_text(settings, encoding="utf-8")
    with pytest.raises(InvalidInput) as told:
        accept_clock(house.home, actor=KEEPER, cause=" ")
    assert told.value.code == "CAUSE_MISSING"
    assert desk.fails(Unavailable).code == "CLOCK_BEHIND"
    accept_clock(house.home, actor=KEEPER, cause="已与授时中心核对，此前时钟快一天")

    clock.at = datetime.now(UTC)
    assert desk.pressing.press(desk.request).state is ImpressionState.RECORDED
    with house.database.read() as session:
        (line,) = [as_json(line) for line in history(session, "clock")]
    assert (line["act"], line["actor"], line["cause"]) == ("clock.accept", KEEPER, "已与授时中心核对，此前时钟快一天")
    assert_at_rest(house)


def test_a_clock_that_is_ahead_is_taken_at_its_word(own_office: tuple[Desk, StoppedClock]) -> None:
    """Nothing here knows better; whoever needs to be sure of the time asks an outside authority for it."""
    desk, clock = own_office
    clock.at += timedelta(days=7)
    assert desk.pressing.press(desk.request).settled_at == clock.at
