"""What happens after the token was lost: try again by itself, not too often, and never under somebody's feet.

The breaker opens after three failures within five seconds; calls then fail at once instead of each waiting for its
deadline. Five seconds later one call (or health check) is let through as a probe: first a signature with the test key,
and if that fails and nobody is inside, the module is restarted, logged in to, and asked again. Token back: closed
within that interval, by the next call or health check. Mending has a thread of its own, so that nobody waits for it
longer than for a call. This room knows no keys; what "ask again" means it is told.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from keystore.errors import KeyStoreError, TokenUnavailable

FAILURES = 3
WINDOW_SECONDS = 5.0
PROBE_SECONDS = 5.0

Clock = Callable[[], float]


class CircuitBreaker:
    """Counts failures on a clock (monotonic seconds). Not thread-safe by itself: `Recovery` holds the lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self._opened_at: float | None = None

    @property
    def open(self) -> bool:
        return self._opened_at is not None

    def wait_seconds(self) -> float:
        """How long until a probe may be made; 0 when closed or due."""
        if self._opened_at is None:
            return 0.0
        return max(0.0, self._opened_at + PROBE_SECONDS - self._clock())

    def failed(self) -> None:
        now = self._clock()
        self._failures.append(now)
        crowded = len(self._failures) == FAILURES and now - self._failures[0] <= WINDOW_SECONDS
        if self.open or crowded:
            self._opened_at = now

    def succeeded(self) -> None:
        self._failures.clear()
        self._opened_at = None


class Recovery:
    """Stands before every call. `probe` asks the token for a signature, `renew` restarts everything below; both raise
    KeyStoreError when they fail."""

    def __init__(
        self,
        *,
        token: str,
        clock: Clock,
        probe: Callable[[], None],
        renew: Callable[[], None],
        patience_seconds: float,
    ) -> None:
        self._token = token
        self._patience = patience_seconds
        self._breaker = CircuitBreaker(clock)
        self._probe = probe
        self._renew = renew
        self._doubt = False
        self._met: KeyStoreError | None = None
        self._lock = threading.Lock()
        self._mending = threading.Lock()

    @property
    def in_doubt(self) -> bool:
        """Something failed since the token was last seen well."""
        return self._doubt

    def before_call(self) -> None:
        """Returns when the token may be used. In doubt, the first caller has it mended; others are told to come back.

        Raises TokenUnavailable, or what mending met (PinRefused, ReplaceProcess)."""
        if not self._doubt:
            return
        with self._lock:
            wait = self._breaker.wait_seconds()
        if wait > 0 or not self._mending.acquire(blocking=False):
            raise self.refusal(wait)
        mending = threading.Thread(target=self._mend, name="keystore-mending", daemon=True)
        mending.start()
        mending.join(self._patience)
        if mending.is_alive():
            raise self.refusal(wait)
        if self._met is not None:
            raise self._met

    def refusal(self, wait: float) -> TokenUnavailable:
        seconds = max(1, round(wait))
        return TokenUnavailable("KEYSTORE_RECOVERING", token=self._token, retry_after=seconds)

    def _mend(self) -> None:
        try:
            self._ask()
        except KeyStoreError as problem:
            self._met = problem
            self.failed()
        else:
            self._met = None
            with self._lock:
                self._breaker.succeeded()
                self._doubt = False
        finally:
            self._mending.release()

    def _ask(self) -> None:
        try:
            self._probe()
        except KeyStoreError:
            self._renew()
            self._probe()

    def failed(self) -> None:
        """A call found the token lost, or waited in vain."""
        with self._lock:
            self._doubt = True
            self._breaker.failed()
