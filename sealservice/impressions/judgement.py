"""A second opinion by sampling: now and then the full verifier judges a sealed file before it is recorded.

The check of every impression is exact but narrow; the verifier looks at everything a relying party will look at. Whom
a verifier trusts is its own affair, so an issuer it does not know is no objection here; a verdict of FAILED is, and
then nothing is released.
"""

from __future__ import annotations

import random
from pathlib import Path

from sealservice.impressions.check import CheckFailed
from sealservice.workers.pool import WorkerPool

_LARGEST = 32 * 1024 * 1024  # what a worker may hold in memory besides all the rest
_OBJECTIONS = frozenset({"FAILED", "UNREADABLE", "NO_SIGNATURE"})


class Judgement:
    """Has a worker ask the verifier about `share` of all impressions (0 to 1)."""

    def __init__(self, share: float, workers: WorkerPool) -> None:
        self._share, self._workers = share, workers

    def sample(self, draft: Path, field_name: str) -> None:
        """Raises CheckFailed("CHECK_VERIFIER_DISAGREES")."""
        if random.random() < self._share and draft.stat().st_size <= _LARGEST:  # noqa: S311 - a sample, no secret
            self.judge(draft, field_name)

    def judge(self, draft: Path, field_name: str) -> None:
        """Judges the signature in `field_name`, the one that was just made; what others signed is theirs."""
        with draft.open("rb") as file:
            report = self._workers.run("examine", {"trust": ""}, [file.fileno()])["report"]
        ours = next((found for found in report["signatures"] if found["name"] == field_name), report)
        if ours["conclusion"] in _OBJECTIONS:
            raise CheckFailed(
                "CHECK_VERIFIER_DISAGREES", conclusion=ours["conclusion"], reason=ours.get("sub_indication") or ""
            )
