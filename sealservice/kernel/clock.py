"""The one place that asks what time it is, and the rule that time does not run backwards here.

Everything else is handed a `Clock`. It refuses to know timestamps of others: those are `sealservice.timestamps`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from sealservice.kernel.errors import Unavailable

TOLERANCE = timedelta(seconds=1)


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, aware, in UTC."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def require_not_behind(now: datetime, last_recorded_at: datetime | None) -> None:
    """Raises Unavailable when `now` is more than a second before the last recorded time.

    A clock that went back, or one that was ahead before, would put impressions out of order. Nothing is pressed or
    timestamped until a person has looked and said so (`sealservice doctor --accept-clock`)."""
    if last_recorded_at is not None and now < last_recorded_at - TOLERANCE:
        raise Unavailable(
            "CLOCK_BEHIND",
            now=now.isoformat(timespec="seconds"),
            last=last_recorded_at.isoformat(timespec="seconds"),
        )
