"""What a judgement rests on: whom we trust, at what time we ask, how much we are willing to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sealverify.clock import now
from sealverify.trust import Trust


@dataclass(frozen=True, kw_only=True)
class Policy:
    """`at` is the time of asking (aware). The limits on embedded certificates hold before any path is built, because
    building paths over a hostile set of certificates can take unbounded time."""

    trust: Trust = field(default_factory=Trust)
    at: datetime = field(default_factory=now)
    max_certificates: int = 20
    max_certificates_per_subject: int = 6
