"""Two make or renew the same seal at once: one does it, the other is told, and nothing is left that nobody knows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from sealservice.certificates import issuing
from sealservice.certificates.authority import Authority
from sealservice.certificates.model import Certificate, CertificateState, StoredKey
from sealservice.kernel.errors import Conflict, SealServiceError, WrongState
from sealservice.seals.model import Seal, SealState
from tests.support.departments import CHIEF, MAKER, Department

POINTS = [(Authority, "make_key"), (Authority, "issue"), (issuing, "sign_with")]


def _keys(department: Department, seal: Seal) -> list[StoredKey]:
    with department.house.database.read() as session:
        return list(session.scalars(select(StoredKey).where(StoredKey.label == f"seal-{seal.code}")))


def _certificates(department: Department, seal: Seal) -> list[Certificate]:
    keys = [key.key_id for key in _keys(department, seal)]
    with department.house.database.read() as session:
        return list(session.scalars(select(Certificate).where(Certificate.key_id.in_(keys))))


def _assert_nothing_left_over(department: Department, seal: Seal, *, times: int) -> None:
    """As many keys and standing certificates as the seal has had in turn; what else was signed is ABANDONED on record,
    and no key of the seal lies in the token that is not on record."""
    taken_up = {item.certificate_id for item in department.certificates(seal)}
    found = _certificates(department, seal)
    assert {item.certificate_id for item in found if item.state is CertificateState.ISSUED} == taken_up
    assert {item.state for item in found} <= {CertificateState.ISSUED, CertificateState.ABANDONED}
    assert len(_keys(department, seal)) == len(taken_up) == times
    assert department.press(seal).sealed is not None


def _all_at_once(act: Callable[[], Seal], count: int = 4) -> tuple[list[Seal], list[SealServiceError]]:
    together = threading.Barrier(count)

    def one(_: int) -> Seal | SealServiceError:
        together.wait()
        try:
            return act()
        except SealServiceError as error:
            return error

    with ThreadPoolExecutor(count) as crowd:
        done = list(crowd.map(one, range(count)))
    return [item for item in done if isinstance(item, Seal)], [item for item in done if not isinstance(item, Seal)]


def test_a_crowd_makes_a_seal_once(department: Department) -> None:
    seal = department.approved()
    made, refused = _all_at_once(lambda: department.house.seals.make(seal.code, actor=MAKER))
    assert [item.state for item in made] == [SealState.ACTIVE]
    assert {error.code for error in refused} <= {
        "SEAL_CHANGED_MEANWHILE",
        "MOVE_NOT_ALLOWED",
        "KEY_CERTIFIED_ALREADY",
    }
    _assert_nothing_left_over(department, seal, times=1)


def test_a_crowd_renews_a_seal_once(department: Department) -> None:
    seal = department.agreed_to_renew(department.made())
    renewed, refused = _all_at_once(lambda: department.house.seals.renew(seal.code, actor=MAKER))
    assert len(renewed) == 1
    assert {error.code for error in refused} <= {
        "SEAL_CHANGED_MEANWHILE",
        "RENEWAL_NOT_APPROVED",
        "KEY_CERTIFIED_ALREADY",
    }
    _assert_nothing_left_over(department, seal, times=2)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point[1])
def test_whoever_is_overtaken_while_making_is_told_and_leaves_nothing(
    department: Department, monkeypatch: pytest.MonkeyPatch, point: tuple[object, str]
) -> None:
    seal = department.approved()
    _overtaken(monkeypatch, point, lambda: department.house.seals.make(seal.code, actor=MAKER))
    with pytest.raises(Conflict) as told:
        department.house.seals.make(seal.code, actor=MAKER)
    assert "{" not in told.value.text.en + told.value.text.zh
    _assert_nothing_left_over(department, seal, times=1)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point[1])
def test_whoever_is_overtaken_while_renewing_is_told_and_leaves_nothing(
    department: Department, monkeypatch: pytest.MonkeyPatch, point: tuple[object, str]
) -> None:
    seal = department.agreed_to_renew(department.made())
    _overtaken(monkeypatch, point, lambda: department.house.seals.renew(seal.code, actor=MAKER))
    with pytest.raises(Conflict):
        department.house.seals.renew(seal.code, actor=MAKER)
    _assert_nothing_left_over(department, seal, times=2)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point[1])
def test_what_was_made_for_a_seal_that_ended_meanwhile_falls_with_it(
    department: Department, monkeypatch: pytest.MonkeyPatch, point: tuple[object, str]
) -> None:
    seals, seal = department.house.seals, department.agreed_to_renew(department.made())
    _overtaken(monkeypatch, point, lambda: seals.revoke(seal.code, actor=CHIEF, cause="遗失", compromised=True))
    with pytest.raises(Conflict, match="SEAL_CHANGED_MEANWHILE"):
        seals.renew(seal.code, actor=MAKER)
    assert CertificateState.ISSUED not in {item.state for item in _certificates(department, seal)}


def test_a_renewal_that_is_taken_back_meanwhile_is_not_carried_out(
    department: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    seals, seal = department.house.seals, department.agreed_to_renew(department.made())
    _overtaken(
        monkeypatch, (Authority, "issue"), lambda: seals.reject_renewal(seal.code, actor=CHIEF, cause="暂不续期")
    )
    with pytest.raises(WrongState, match="MOVE_NOT_ALLOWED"):
        seals.renew(seal.code, actor=MAKER)
    assert department.seal(seal.code).certificate_id == seal.certificate_id
    department.renewed(seal)  # goes on with what was made
    _assert_nothing_left_over(department, seal, times=2)


def _overtaken(monkeypatch: pytest.MonkeyPatch, point: tuple[object, str], act: Callable[[], object]) -> None:
    """Somebody else does `act`, from beginning to end, just when `point` is reached for the first time."""
    owner, name = point
    original = getattr(owner, name)

    def overtaken(*arguments: object, **options: object) -> object:
        monkeypatch.setattr(owner, name, original)
        act()
        return original(*arguments, **options)

    monkeypatch.setattr(owner, name, overtaken)
