"""What the rules of the whitelist have found: a list that they all write into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Ledger:
    """What the rules have found: objects accounted for, acts that were allowed, and acts that were not."""

    accounted: set[int] = field(default_factory=set)
    permitted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refused: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def allow(self, code: str, **details: Any) -> None:
        self.permitted.append((code, details))

    def refuse(self, code: str, **details: Any) -> None:
        self.refused.append((code, details))
