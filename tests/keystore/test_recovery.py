"""When to ask a lost token again: a story on a clock that passes when we say so."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystore.errors import ReplaceProcess, TokenLost, TokenUnavailable
from keystore.recovery import FAILURES, PROBE_SECONDS, WINDOW_SECONDS, CircuitBreaker, Recovery


class Token:
    """Well or not; a restart mends it if it may."""

    def __init__(self) -> None:
        self.well = True
        self.mendable = False
        self.probes = 0
        self.restarts = 0
        self.now = 0.0

    def probe(self) -> None:
        self.probes += 1
        if not self.well:
            raise TokenLost("KEYSTORE_TOKEN_LOST", token="t", answer="GeneralError")

    def renew(self) -> None:
        self.restarts += 1
        self.well = self.mendable


@pytest.fixture
def token() -> Token:
    return Token()


@pytest.fixture
def recovery(token: Token) -> Recovery:
    return Recovery(token="t", clock=lambda: token.now, probe=token.probe, renew=token.renew, patience_seconds=30)


def test_a_well_token_is_never_asked_twice(token: Token, recovery: Recovery) -> None:
    for _ in range(10):
        recovery.before_call()
    assert (token.probes, token.restarts) == (0, 0)


def test_after_one_failure_the_next_call_asks_and_goes_on(token: Token, recovery: Recovery) -> None:
    recovery.failed()
    recovery.before_call()
    recovery.before_call()
    assert (token.probes, token.restarts) == (1, 0), "well after all: no restart"


def test_a_restart_mends_what_a_question_does_not(token: Token, recovery: Recovery) -> None:
    token.well, token.mendable = False, True
    recovery.failed()
    recovery.before_call()
    assert (token.probes, token.restarts) == (2, 1)
    assert not recovery.in_doubt


def test_repeated_failures_open_the_breaker_and_it_closes_by_itself_within_thirty_seconds(
    token: Token, recovery: Recovery
) -> None:
    token.well = False
    recovery.failed()
    for _ in range(FAILURES - 1):
        with pytest.raises(TokenLost):
            recovery.before_call()
    asked = token.probes
    with pytest.raises(TokenUnavailable) as refusal:
        recovery.before_call()
    assert token.probes == asked, "open: the token is left alone"
    assert refusal.value.code == "KEYSTORE_RECOVERING"
    assert 1 <= refusal.value.retry_after <= PROBE_SECONDS

    token.now += PROBE_SECONDS
    with pytest.raises(TokenLost):
        recovery.before_call()  # one probe, and open again
    with pytest.raises(TokenUnavailable):
        recovery.before_call()
    token.mendable, back_at = True, token.now
    token.now += PROBE_SECONDS
    recovery.before_call()
    assert token.now - back_at <= 30
    assert not recovery.in_doubt


def test_while_one_mends_the_others_are_told_to_come_back(token: Token) -> None:
    asking, answer = threading.Event(), threading.Event()

    def slow_probe() -> None:
        asking.set()
        assert answer.wait(30)

    recovery = Recovery(token="t", clock=lambda: 0.0, probe=slow_probe, renew=token.renew, patience_seconds=30)
    recovery.failed()
    mending = threading.Thread(target=recovery.before_call)
    mending.start()
    assert asking.wait(30)
    with pytest.raises(TokenUnavailable, match="being renewed"):
        recovery.before_call()
    answer.set()
    mending.join()
    recovery.before_call()


def test_nobody_waits_for_mending_longer_than_for_a_call(token: Token) -> None:
    answer = threading.Event()
    recovery = Recovery(
        token="t",
        clock=lambda: 0.0,
        probe=lambda: assert_true(answer.wait(30)),
        renew=token.renew,
        patience_seconds=0.01,
    )
    recovery.failed()
    for _ in range(3):
        with pytest.raises(TokenUnavailable, match="being renewed"):
            recovery.before_call()
    answer.set()
    while recovery.in_doubt:
        pass
    recovery.before_call()


def assert_true(value: bool) -> None:
    assert value


def test_a_module_that_must_not_be_restarted_says_so(token: Token) -> None:
    def refuse() -> None:
        raise ReplaceProcess("KEYSTORE_REPLACE_PROCESS", stuck=1, sessions=1)

    token.well = False
    recovery = Recovery(token="t", clock=lambda: 0.0, probe=token.probe, renew=refuse, patience_seconds=30)
    recovery.failed()
    with pytest.raises(ReplaceProcess):
        recovery.before_call()


@given(st.lists(st.floats(min_value=0, max_value=20), min_size=1, max_size=20))
def test_the_breaker_is_open_exactly_after_three_failures_within_five_seconds(gaps: list[float]) -> None:
    now = 0.0
    breaker = CircuitBreaker(lambda: now)
    times: list[float] = []
    opened = False
    for gap in gaps:
        now += gap
        times.append(now)
        breaker.failed()
        opened = opened or (len(times) >= FAILURES and times[-1] - times[-FAILURES] <= WINDOW_SECONDS)
        assert breaker.open == opened
        assert breaker.wait_seconds() == pytest.approx(PROBE_SECONDS if opened else 0)
    breaker.succeeded()
    assert not breaker.open
