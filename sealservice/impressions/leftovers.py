"""What this process could not write down when it should have, because the database was away.

Others leave the intents of a living process alone, so it has to settle its own: before it presses next, and as often as
it takes. Whatever is still here when the process ends, the next start settles (`impressions.reconciliation`).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from sealservice.kernel.errors import Unavailable

_log = logging.getLogger(__name__)


class Leftovers:
    """Settlements to be tried again. Each must be safe to repeat: it may have come true the first time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], object]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def remember(self, settlement: Callable[[], object]) -> None:
        with self._lock:
            self._waiting.append(settlement)

    def settle(self) -> None:
        """Tries each once, by one thread at a time. Costs nothing when there are none, and raises nothing: what keeps
        them from being settled is told to whoever presses by the press itself."""
        if not self._waiting:
            return
        with self._lock:
            mine, self._waiting = self._waiting, deque()
        while mine:
            try:
                mine[0]()
                mine.popleft()
            except Unavailable:  # still away
                break
            except Exception:
                _log.exception("what was left behind could not be settled; it is tried again")
                self.remember(mine.popleft())
        with self._lock:
            self._waiting.extendleft(reversed(mine))
