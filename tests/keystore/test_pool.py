"""The pool by itself: its sessions are plain objects here, and calls block on events; every order is certain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from keystore.errors import KeyStoreMisconfigured, ReplaceProcess, TokenBusy, TokenTimeout, TokenUnavailable
from keystore.pool import SessionPool


class Session:
    numbers = count()

    def __init__(self) -> None:
        self.number = next(Session.numbers)
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Block:
    """Work that stays inside until it is let go."""

    def __init__(self) -> None:
        self.inside = threading.Event()
        self.go = threading.Event()

    def __call__(self, session: Session) -> Session:
        self.inside.set()
        assert self.go.wait(30)
        return session


@pytest.fixture
def opened() -> list[Session]:
    return []


@pytest.fixture
def make_pool(opened: list[Session]) -> Iterator[Callable[..., SessionPool[Session]]]:
    pools = []

    def open_session() -> Session:
        opened.append(Session())
        return opened[-1]

    def make(sessions: int = 1, queue: int = 8, deadline_seconds: float = 30) -> SessionPool[Session]:
        pools.append(SessionPool(open_session, sessions=sessions, queue=queue, deadline_seconds=deadline_seconds))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def _in_thread(action: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=action)
    thread.start()
    return thread


def test_each_worker_keeps_its_own_session(
    make_pool: Callable[..., SessionPool[Session]], opened: list[Session]
) -> None:
    pool = make_pool(sessions=3)
    assert opened == [], "no session before it is wanted"
    meeting = threading.Barrier(3)
    used: list[tuple[int, Session]] = []

    def work(session: Session) -> None:
        meeting.wait(30)  # all three workers are inside at once
        used.append((threading.get_ident(), session))

    for _ in range(4):
        threads = [_in_thread(lambda: pool.perform(work)) for _ in range(3)]
        for thread in threads:
            thread.join()
    assert len(set(used)) == len(opened) == 3
    pool.close()
    assert all(session.closed for session in opened)


def test_what_the_work_raises_is_the_callers(make_pool: Callable[..., SessionPool[Session]]) -> None:
    pool = make_pool()

    def fail(_: Session) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        pool.perform(fail)
    assert pool.perform(lambda _: "well") == "well"


def test_more_waiting_calls_than_the_queue_holds_are_sent_away(make_pool: Callable[..., SessionPool[Session]]) -> None:
    pool, block = make_pool(queue=0), Block()
    with pytest.raises(TokenBusy) as refusal:
        pool.perform(block)
    assert refusal.value.retry_after == 1
    assert not block.inside.is_set()


def test_a_call_that_nobody_took_before_the_deadline_is_dropped(make_pool: Callable[..., SessionPool[Session]]) -> None:
    pool, block = make_pool(), Block()
    busy = _in_thread(lambda: pool.perform(block))
    assert block.inside.wait(30)
    never: list[Session] = []
    with pytest.raises(TokenTimeout) as timeout:
        pool.perform(never.append, deadline_seconds=0.01)
    assert not timeout.value.late, "it was never begun"
    assert (pool.stuck, pool.waiting) == (0, 0)
    block.go.set()
    busy.join()
    assert pool.perform(lambda _: "next") == "next"
    assert never == []


def test_a_call_that_outlives_its_deadline_is_stuck_until_it_returns_and_then_reported(
    make_pool: Callable[..., SessionPool[Session]],
) -> None:
    pool, block = make_pool(sessions=3), Block()
    reported: list[tuple[str, Session]] = []
    arrived = threading.Event()

    def on_late(call_id: str, session: Session) -> None:
        reported.append((call_id, session))
        arrived.set()

    with pytest.raises(TokenTimeout) as timeout:
        pool.perform(block, on_late=on_late, deadline_seconds=0.05)
    assert block.inside.is_set()
    assert timeout.value.late
    assert (pool.stuck, pool.beyond_help) == (1, False)
    assert pool.perform(lambda _: "others work on") == "others work on"
    block.go.set()
    assert arrived.wait(30)
    assert [call_id for call_id, _ in reported] == [timeout.value.call_id]
    assert pool.stuck == 0


def test_a_report_that_fails_does_not_end_the_worker(
    make_pool: Callable[..., SessionPool[Session]], caplog: pytest.LogCaptureFixture
) -> None:
    pool, block = make_pool(), Block()
    tried = threading.Event()

    def on_late(_: str, __: Session) -> None:
        tried.set()
        raise ConnectionError("no database")

    with pytest.raises(TokenTimeout):
        pool.perform(block, on_late=on_late, deadline_seconds=0.05)
    block.go.set()
    assert tried.wait(30)
    assert pool.perform(lambda _: "alive") == "alive"
    assert "could not be recorded" in caplog.text


def test_when_all_sessions_hang_nobody_waits_any_more(make_pool: Callable[..., SessionPool[Session]]) -> None:
    pool, blocks = make_pool(sessions=2), [Block(), Block()]
    for block in blocks:
        with pytest.raises(TokenTimeout):
            pool.perform(block, deadline_seconds=0.05)
    assert pool.beyond_help
    with pytest.raises(ReplaceProcess):
        pool.perform(lambda _: None)
    for block in blocks:
        block.go.set()


def test_draining_waits_for_those_inside_and_refuses_those_outside(
    make_pool: Callable[..., SessionPool[Session]], opened: list[Session]
) -> None:
    pool, block = make_pool(), Block()
    inside = _in_thread(lambda: pool.perform(block))
    assert block.inside.wait(30)
    waiting_refused: list[BaseException] = []

    def wait_in_line() -> None:
        try:
            pool.perform(lambda _: None)
        except TokenUnavailable as refusal:
            waiting_refused.append(refusal)

    in_line = _in_thread(wait_in_line)
    while not pool.waiting:
        pass
    refusal = lambda: TokenUnavailable("KEYSTORE_RECOVERING", token="t")  # noqa: E731
    assert pool.pause(refusal, seconds=0.01) is False, "one is inside still"
    with pytest.raises(TokenUnavailable):
        pool.perform(lambda _: None)
    block.go.set()
    assert pool.pause(refusal, seconds=30) is True
    inside.join()
    in_line.join()
    assert len(waiting_refused) == 1
    pool.renew()
    pool.resume()
    assert pool.perform(lambda session: session) is opened[1], "a new session, and the old one left alone"
    assert not opened[0].closed


def test_a_session_that_cannot_be_opened_is_tried_again_by_the_next_call(opened: list[Session]) -> None:
    answers = iter([TokenUnavailable("KEYSTORE_TOKEN_LOST"), None])

    def open_session() -> Session:
        problem = next(answers)
        if problem is not None:
            raise problem
        return Session()

    pool = SessionPool(open_session, sessions=1, queue=1, deadline_seconds=30)
    with pytest.raises(TokenUnavailable):
        pool.perform(lambda _: None)
    assert pool.perform(lambda _: "open") == "open"
    pool.close()
    with pytest.raises(KeyStoreMisconfigured):
        pool.perform(lambda _: None)
