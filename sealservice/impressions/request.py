"""What somebody asks for when they ask for a seal to be pressed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from sealservice.kernel.errors import InvalidInput
from sealservice.workers.order import Certification, NextField, Placement
from sealservice.workers.switches import Switch
from sealverify.digest import Digest


class Level(StrEnum):
    """PAdES baseline levels that pressing reaches (ETSI EN 319 142-1)."""

    B_B = "B-B"
    B_T = "B-T"


class Order(StrEnum):
    """Where this seal stands among those of the document: alone or one of several, the first of several (which
    certifies, and leaves the fields of the others open), or the last, after which nothing may follow."""

    ANY = "ANY"
    FIRST = "FIRST"
    FINAL = "FINAL"


@dataclass(frozen=True, kw_only=True)
class PressRequest:
    """`document` is a path; `keeper` a person's handle; `allow` the names of refusals that are waived."""

    document: Path
    seal_code: str
    keeper: str
    placement: Placement
    level: Level = Level.B_T
    order: Order = Order.ANY
    next_fields: tuple[NextField, ...] = ()
    reason: str | None = None
    matter: str | None = None
    allow: frozenset[str] = field(default=frozenset())
    idempotency_key: str | None = None

    def __post_init__(self) -> None:
        for name, text in (("reason", self.reason), ("matter", self.matter)):
            if text is not None and (len(text) > 200 or not text.isprintable()):
                raise InvalidInput("TEXT_WRONG", field=name)
        key = self.idempotency_key
        if key is not None and not (0 < len(key) <= 200 and key.isprintable()):
            raise InvalidInput("IDEMPOTENCY_KEY_WRONG")
        unknown = sorted(self.allow - set(Switch))
        if unknown:
            raise InvalidInput("SWITCH_UNKNOWN", given=unknown[0], known=", ".join(Switch))
        if self.next_fields and self.order is not Order.FIRST:
            raise InvalidInput("NEXT_FIELDS_ONLY_FIRST")

    @property
    def is_final(self) -> bool:
        return self.order is Order.FINAL

    @property
    def certification(self) -> Certification | None:
        return Certification.FORM_FILLING if self.order is Order.FIRST else None

    def as_json(self) -> dict[str, Any]:
        """The request as the register keeps it: everything but the document's bytes and place on disk."""
        return {
            "seal": self.seal_code,
            "keeper": self.keeper,
            "placement": {"kind": type(self.placement).__name__, **vars(self.placement)},
            "level": self.level,
            "order": self.order,
            "next_fields": [{**vars(item), "at": vars(item.at)} for item in self.next_fields],
            "reason": self.reason,
            "matter": self.matter,
            "allow": sorted(self.allow),
        }

    def digest(self, document: Digest) -> Digest:
        """What a retry under the same Idempotency-Key must repeat exactly."""
        content = json.dumps({**self.as_json(), "document": str(document)}, sort_keys=True, ensure_ascii=False)
        return Digest.of(content.encode())
