"""A second opinion by sampling: now and then the full verifier judges a sealed file before it is recorded.

The check of every impression is exact but narrow; the verifier knows everything a relying party will ask. When it does
not say PASSED, nothing is released.
"""

from __future__ import annotations

import random
from pathlib import Path

from sealservice.certificates.authority import Authority


class Judgement:
    """Asks the verifier about `share` of all impressions (0 to 1)."""

    def __init__(self, share: float, authority: Authority) -> None:
        self._share, self._authority = share, authority

    def sample(self, draft: Path) -> None:
        """Raises CheckFailed("CHECK_VERIFIER_DISAGREES")."""
        if random.random() < self._share:  # noqa: S311 - a sample, no secret
            self.judge(draft)
