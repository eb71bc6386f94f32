"""The register of impressions: what was intended, what was signed for it, and how it ended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from sealservice.kernel.database import Table, Word
from sealservice.kernel.lifecycle import Lifecycle, Move


class ImpressionState(StrEnum):
    INTENDED = "INTENDED"
    SIGNED = "SIGNED"
    RECORDED = "RECORDED"
    ABANDONED = "ABANDONED"
    FAILED = "FAILED"


ENDED_IN_NOTHING = frozenset({ImpressionState.ABANDONED, ImpressionState.FAILED})
"""Nothing came of it: the same may be asked again under the same idempotency key."""


ONE_LIVING_IMPRESSION_FOR_A_KEY = Index(
    "one_living_impression_for_a_key",
    "idempotency_key",
    unique=True,
    sqlite_where=text("state NOT IN ('ABANDONED', 'FAILED')"),
    postgresql_where=text("state NOT IN ('ABANDONED', 'FAILED')"),
)


class Impression(Table):
    """One act of pressing a seal on one document.

    `document` is the digest of what was given, `signed_digest` the one that the seal's key signs for, `sealed` that of
    the file that was released. `instance` is the process at work. "Signed, not released" is SIGNED, its CMS kept."""

    __tablename__ = "impressions"

    impression_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    state: Mapped[ImpressionState] = mapped_column(Word(ImpressionState), index=True)
    seal_code: Mapped[str] = mapped_column(ForeignKey("seals.code"), index=True)
    certificate_id: Mapped[str] = mapped_column(ForeignKey("certificates.certificate_id"))
    pressed_by: Mapped[str] = mapped_column(ForeignKey("people.handle"))
    instance: Mapped[str] = mapped_column(String(36))
    document: Mapped[str] = mapped_column(String(80), index=True)
    signed_digest: Mapped[str] = mapped_column(String(80), unique=True)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    request_digest: Mapped[str] = mapped_column(String(80))
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    replaces: Mapped[str | None] = mapped_column(ForeignKey("impressions.impression_id"))
    preparation: Mapped[dict[str, Any]] = mapped_column(JSON)
    level: Mapped[str] = mapped_column(String(8))
    intended_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    sealed: Mapped[str | None] = mapped_column(ForeignKey("documents.digest"))
    timestamp_at: Mapped[datetime | None]
    timestamp_source: Mapped[str | None] = mapped_column(String(200))
    cms: Mapped[bytes | None] = mapped_column(LargeBinary)
    failure: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (ONE_LIVING_IMPRESSION_FOR_A_KEY,)

    @property
    def subject(self) -> str:
        return f"impression:{self.impression_id}"


class SignaturePurpose(StrEnum):
    SEAL = "SEAL"
    TIMESTAMP = "TIMESTAMP"


class PlannedSignature(Table):
    """A signature that an impression needs, written down before any key is asked. `key_id` is None where an outside
    authority signs."""

    __tablename__ = "planned_signatures"

    impression_id: Mapped[str] = mapped_column(ForeignKey("impressions.impression_id"), primary_key=True)
    purpose: Mapped[SignaturePurpose] = mapped_column(Word(SignaturePurpose), primary_key=True)
    key_id: Mapped[str | None] = mapped_column(ForeignKey("keys.key_id"))
    source: Mapped[str | None] = mapped_column(String(200))


_UNSETTLED = frozenset({ImpressionState.INTENDED, ImpressionState.SIGNED})

LIFECYCLE = Lifecycle(
    "impression",
    moves={
        "sign": Move(frozenset({ImpressionState.INTENDED}), ImpressionState.SIGNED),
        "record": Move(frozenset({ImpressionState.SIGNED}), ImpressionState.RECORDED),
        "abandon": Move(frozenset({ImpressionState.INTENDED}), ImpressionState.ABANDONED, needs_cause=True),
        "fail": Move(_UNSETTLED, ImpressionState.FAILED, needs_cause=True),
    },
    may={ImpressionState.INTENDED: frozenset({"press"}), ImpressionState.RECORDED: frozenset({"release"})},
)
