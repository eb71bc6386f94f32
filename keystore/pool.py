"""Many callers, a few workers: each worker thread owns one session, all take from one bounded queue.

A caller waits until its deadline and no longer. A call that no worker took by then is dropped: nothing was done. A call
that a worker is in cannot be stopped, because it sits in C; it becomes *late*, its worker counts as stuck until it
comes back, and its result goes to `on_late` instead of the caller. This room knows threads, and nothing of tokens.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from enum import Enum, auto
from queue import SimpleQueue
from secrets import token_hex
from typing import Any, Generic, TypeVar

from keystore.errors import KeyStoreError, KeyStoreMisconfigured, ReplaceProcess, TokenBusy, TokenTimeout

S = TypeVar("S")
T = TypeVar("T")

_log = logging.getLogger(__name__)


class _State(Enum):
    WAITING = auto()
    RUNNING = auto()
    DONE = auto()
    LATE = auto()
    DROPPED = auto()


class _Call:
    __slots__ = ("answered", "call_id", "error", "on_late", "result", "state", "work")

    def __init__(self, work: Callable[[Any], Any], on_late: Callable[[str, Any], None] | None) -> None:
        self.work = work
        self.on_late = on_late
        self.state = _State.WAITING
        self.call_id = ""
        self.result: Any = None
        self.error: BaseException | None = None
        # a bare lock is the cheapest thing one thread can wait on for another
        self.answered = threading.Lock()
        self.answered.acquire()


class SessionPool(Generic[S]):
    """`sessions` workers, each with what `open_session` gave it. `perform` runs a piece of work in one of them.

    After `renew()` every worker drops its session (without closing it: it belongs to a module that was restarted) and
    opens another before its next call."""

    def __init__(self, open_session: Callable[[], S], *, sessions: int, queue: int, deadline_seconds: float) -> None:
        self._open_session = open_session
        self._sessions = sessions
        self._queue_limit = queue
        self._deadline = deadline_seconds
        self._queue: SimpleQueue[_Call | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._waiting = 0
        self._running = 0
        self._stuck = 0
        self._epoch = 0
        self._refusal: Callable[[], KeyStoreError] | None = None
        self._closed = False
        self._pid = os.getpid()
        self._threads = [
            threading.Thread(target=self._work, name=f"keystore-{number}", daemon=True) for number in range(sessions)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def stuck(self) -> int:
        """How many calls outlived their deadline and are still inside."""
        return self._stuck

    @property
    def waiting(self) -> int:
        return self._waiting

    @property
    def sessions(self) -> int:
        return self._sessions

    @property
    def beyond_help(self) -> bool:
        """Half of the sessions or more hang: the process should be replaced."""
        return 2 * self._stuck >= self._sessions

    def perform(
        self,
        work: Callable[[S], T],
        *,
        on_late: Callable[[str, T], None] | None = None,
        deadline_seconds: float | None = None,
    ) -> T:
        """`work(session)` in a worker. Raises what that raises; TokenBusy, TokenTimeout, ReplaceProcess.

        `on_late(call_id, result)` is called in the worker's thread when the result came after the deadline."""
        seconds = self._deadline if deadline_seconds is None else deadline_seconds
        call = _Call(work, on_late)
        with self._lock:
            self._admit()
            self._waiting += 1
        self._queue.put(call)
        if not call.answered.acquire(timeout=seconds):
            self._give_up(call, seconds)
        if call.error is not None:
            raise call.error
        return call.result  # type: ignore[no-any-return]

    def _admit(self) -> None:
        if self._pid != os.getpid():
            raise KeyStoreMisconfigured("KEYSTORE_FORKED")
        if self._refusal is not None:
            raise self._refusal()
        if self._stuck >= self._sessions:
            raise ReplaceProcess("KEYSTORE_REPLACE_PROCESS", stuck=self._stuck, sessions=self._sessions)
        if self._waiting >= self._queue_limit:
            raise TokenBusy("KEYSTORE_BUSY", waiting=self._waiting, retry_after=1)

    def _give_up(self, call: _Call, seconds: float) -> None:
        """The deadline passed. Raises TokenTimeout, except where the answer arrived at the last moment."""
        with self._lock:
            if call.state is _State.DONE:
                return
            late = call.state is _State.RUNNING
            call.call_id = token_hex(16)
            if late:
                call.state = _State.LATE
                self._stuck += 1
            else:
                call.state = _State.DROPPED
                self._waiting -= 1
        raise TokenTimeout("KEYSTORE_TIMEOUT", late=late, call_id=call.call_id, seconds=seconds)

    def _work(self) -> None:
        session: S | None = None
        epoch = -1
        while (call := self._queue.get()) is not None:
            if not self._take(call):
                continue
            if epoch != self._epoch:
                session, epoch = None, self._epoch
            try:
                if session is None:
                    session = self._open_session()
                call.result = call.work(session)
            except BaseException as problem:  # it is the caller's, whatever it is
                call.error = problem
            self._deliver(call)
        if session is not None:
            close_quietly(session)

    def _take(self, call: _Call) -> bool:
        with self._lock:
            if call.state is not _State.WAITING:
                return False
            self._waiting -= 1
            if self._refusal is not None:
                call.state, call.error = _State.DONE, self._refusal()
                call.answered.release()
                return False
            call.state = _State.RUNNING
            self._running += 1
        return True

    def _deliver(self, call: _Call) -> None:
        with self._lock:
            late = call.state is _State.LATE
            call.state = _State.DONE
            self._running -= 1
            if late:
                self._stuck -= 1
            if not self._running:
                self._idle.notify_all()
        if not late:
            call.answered.release()
        elif call.error is None and call.on_late is not None:
            try:
                call.on_late(call.call_id, call.result)
            except Exception:
                _log.exception("a late result (call %s) could not be recorded", call.call_id)

    def pause(self, refusal: Callable[[], KeyStoreError], *, seconds: float) -> bool:
        """Refuse new calls and waiting ones with `refusal`, and wait until nobody is inside. False if one stays."""
        with self._lock:
            if not self._closed:
                self._refusal = refusal
            return self._idle.wait_for(lambda: not self._running, timeout=0 if self._stuck else seconds)

    def renew(self) -> None:
        """Every session of before is worthless: open new ones. Only between `pause` and `resume`."""
        self._epoch += 1

    def resume(self) -> None:
        with self._lock:
            if not self._closed:
                self._refusal = None

    def close(self, *, seconds: float = 5.0) -> None:
        """Ends the workers and closes their sessions. A worker that hangs is left behind with its session."""
        with self._lock:
            self._closed = True
            self._refusal = lambda: KeyStoreMisconfigured("KEYSTORE_CLOSED")
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(timeout=0 if self._stuck else seconds)


def close_quietly(session: Any) -> None:
    """Close what may be gone already."""
    try:
        session.close()
    except Exception as problem:
        _log.debug("a session did not close: %s", problem)
