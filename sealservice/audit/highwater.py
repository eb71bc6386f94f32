"""The clock's high-water mark, asked of the register at most once a second.

The rule allows a second (`kernel.clock.TOLERANCE`), so a mark that is that old is as good as a fresh one; our own
timestamp authority asks for every token.
"""

from __future__ import annotations

import time
from datetime import datetime

from sealservice.audit.operations import last_recorded_at
from sealservice.kernel.database import Database

_FRESH_SECONDS = 1.0


class HighWater:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: tuple[float, datetime | None] | None = None

    def __call__(self) -> datetime | None:
        """When the newest line was written, as of a second ago at worst."""
        now, known = time.monotonic(), self._known
        if known is not None and now - known[0] < _FRESH_SECONDS:
            return known[1]
        with self._database.read() as session:
            mark = last_recorded_at(session)
        self._known = (now, mark)
        return mark
