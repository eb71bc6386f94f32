"""The tables of seals and of their renewals, and for each the two tables of what may become of one.

EXPIRED is no state: whether a seal's time has come is asked of the clock, each time.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from sealservice.kernel.database import Table, Word
from sealservice.kernel.lifecycle import Lifecycle, Move
from sealservice.seals.kinds import SealKind


class SealState(StrEnum):
    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"
    RETIRED = "RETIRED"


class Seal(Table):
    """The instrument. `name` is what people call it; `picture` is what was given or drawn, `picture_pdf` the same as a
    one-page PDF of true size (both digests in the document store)."""

    __tablename__ = "seals"

    code: Mapped[str] = mapped_column(String(14), primary_key=True)
    credit_code: Mapped[str] = mapped_column(ForeignKey("organizations.credit_code"))
    kind: Mapped[SealKind] = mapped_column(Word(SealKind))
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[SealState] = mapped_column(Word(SealState))
    picture: Mapped[str] = mapped_column(ForeignKey("documents.digest"))
    picture_pdf: Mapped[str] = mapped_column(ForeignKey("documents.digest"))
    width_mm: Mapped[float]
    height_mm: Mapped[float]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    requested_by: Mapped[str] = mapped_column(ForeignKey("people.handle"))
    approved_by: Mapped[str | None] = mapped_column(ForeignKey("people.handle"))
    made_by: Mapped[str | None] = mapped_column(ForeignKey("people.handle"))
    certificate_id: Mapped[str | None] = mapped_column(ForeignKey("certificates.certificate_id"))

    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="who_requests_cannot_approve"),
    )

    @property
    def subject(self) -> str:
        return f"seal:{self.code}"


class SealKeeper(Table):
    """Somebody who may press a seal. A keeper that was dismissed stays on record."""

    __tablename__ = "seal_keepers"

    seal_code: Mapped[str] = mapped_column(ForeignKey("seals.code"), primary_key=True)
    handle: Mapped[str] = mapped_column(ForeignKey("people.handle"), primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    until: Mapped[datetime | None]


class RenewalState(StrEnum):
    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    MADE = "MADE"


class SealRenewal(Table):
    """That a seal shall have a new key and certificate: one asks, another approves, like for a new seal. A seal has at
    most one that is open."""

    __tablename__ = "seal_renewals"

    renewal_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    seal_code: Mapped[str] = mapped_column(ForeignKey("seals.code"))
    state: Mapped[RenewalState] = mapped_column(Word(RenewalState))
    valid_until: Mapped[datetime]
    requested_by: Mapped[str] = mapped_column(ForeignKey("people.handle"))
    requested_at: Mapped[datetime]
    approved_by: Mapped[str | None] = mapped_column(ForeignKey("people.handle"))

    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="who_asks_cannot_approve"),
        Index(
            "one_open_renewal_of_a_seal",
            "seal_code",
            unique=True,
            sqlite_where=text("state IN ('REQUESTED', 'APPROVED')"),
            postgresql_where=text("state IN ('REQUESTED', 'APPROVED')"),
        ),
    )

    @property
    def subject(self) -> str:
        return f"seal:{self.seal_code}"


class SealCertificate(Table):
    """Every certificate that a seal ever had; the newest is the seal's own `certificate_id`."""

    __tablename__ = "seal_certificates"

    certificate_id: Mapped[str] = mapped_column(ForeignKey("certificates.certificate_id"), primary_key=True)
    seal_code: Mapped[str] = mapped_column(ForeignKey("seals.code"), index=True)
    since: Mapped[datetime]


_STANDING = frozenset({SealState.ACTIVE, SealState.SUSPENDED})
ENDED = frozenset({SealState.REVOKED, SealState.RETIRED})

LIFECYCLE = Lifecycle(
    "seal",
    moves={
        "approve": Move(frozenset({SealState.REQUESTED}), SealState.APPROVED),
        "reject": Move(frozenset({SealState.REQUESTED}), SealState.REJECTED, needs_cause=True),
        "make": Move(frozenset({SealState.APPROVED}), SealState.ACTIVE),
        "suspend": Move(frozenset({SealState.ACTIVE}), SealState.SUSPENDED, needs_cause=True),
        "restore": Move(frozenset({SealState.SUSPENDED}), SealState.ACTIVE, needs_cause=True),
        "revoke": Move(_STANDING, SealState.REVOKED, needs_cause=True),
        "retire": Move(_STANDING, SealState.RETIRED, needs_cause=True),
        "renew": Move(frozenset({SealState.ACTIVE}), SealState.ACTIVE),
    },
    may={
        SealState.ACTIVE: frozenset({"press"}),
    },
)

OPEN = frozenset({RenewalState.REQUESTED, RenewalState.APPROVED})

RENEWALS = Lifecycle(
    "renewal",
    moves={
        "approve": Move(frozenset({RenewalState.REQUESTED}), RenewalState.APPROVED),
        "reject": Move(OPEN, RenewalState.REJECTED, needs_cause=True),
        "make": Move(frozenset({RenewalState.APPROVED}), RenewalState.MADE),
    },
    may={},
)
