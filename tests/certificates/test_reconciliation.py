"""A certificate that was to be issued and never was: settled at a later start, and never issued behind its back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from keystore.errors import TokenLost
from sealservice.certificates import issuing
from sealservice.certificates.model import Certificate, CertificateState
from sealservice.certificates.reconciliation import abandon_unissued
from sealservice.kernel.errors import WrongState
from tests.support.departments import Department, SetClock

WHILE = timedelta(minutes=20)


@pytest.fixture
def department(department_in_time: Department) -> Iterator[Department]:
    yield department_in_time
    assert intended(department_in_time) == []


def intended(department: Department) -> list[Certificate]:
    with department.house.database.read() as session:
        query = select(Certificate).where(Certificate.state == CertificateState.INTENDED)
        return list(session.scalars(query))


def died_while_signing(department: Department, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """Somebody makes a seal, and is gone before its certificate is signed."""

    def gone(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(issuing, "sign_with", gone)
        with pytest.raises(KeyboardInterrupt):
            department.made()
    (left,) = intended(department)
    return left


def test_what_was_left_behind_is_abandoned_at_a_later_start(
    department: Department, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = died_while_signing(department, monkeypatch)

    department.house.settle()
    assert [one.certificate_id for one in intended(department)] == [left.certificate_id]  # it may be at work elsewhere

    clock.ahead += WHILE
    department.house.settle()

    with department.house.database.read() as session:
        assert session.get_one(Certificate, left.certificate_id).state is CertificateState.ABANDONED
    (line,) = department.history(left)
    assert (line["act"], line["actor"], line["cause"]) == (
        "certificate.abandon",
        "reconciler",
        "the certificate was not issued",
    )
    assert line["facts"]["serial"] == left.serial


def test_settling_again_settles_nothing(
    department: Department, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, house = died_while_signing(department, monkeypatch), department.house
    clock.ahead += WHILE
    assert [abandon_unissued(house.database, house.clock) for _ in range(2)] == [1, 0]
    assert len(department.history(left)) == 1
    assert department.press(department.made()).sealed  # and the next seal is made as ever


def test_whoever_signed_for_so_long_that_it_was_given_up_issues_nothing(
    department: Department, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not dead after all; but what is ABANDONED on record is not issued any more."""
    house, real, settled = department.house, issuing.sign_with, []

    def slowly(*arguments: Any) -> Any:
        signed = real(*arguments)
        clock.ahead += WHILE
        settled.append(abandon_unissued(house.database, house.clock))
        return signed

    with monkeypatch.context() as slow:
        slow.setattr(issuing, "sign_with", slowly)
        with pytest.raises(WrongState):
            department.made()

    assert settled == [1]


def test_a_token_that_does_not_sign_ends_the_matter_at_once(
    department: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: Any) -> None:
        raise TokenLost("KEYSTORE_TOKEN_LOST", token="service", answer="none")

    with monkeypatch.context() as away:
        away.setattr(issuing, "sign_with", lost)
        with pytest.raises(TokenLost):
            department.made()

    assert intended(department) == []
    assert department.made().state == "ACTIVE"
