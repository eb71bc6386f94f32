"""The tables of keys and certificates.

A key row is what `keystore.KeyRef` needs to find the key again; for a seal's key that includes the key itself, wrapped
under a key of the token and worthless without it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from keystore.keys import KeyRef, Protection
from sealservice.certificates.profiles import ProfileName
from sealservice.kernel.database import Table, Word
from sealservice.kernel.lifecycle import Lifecycle, Move


class Purpose(StrEnum):
    """What a key is for. One key, one purpose."""

    ROOT = "ROOT"
    ISSUING = "ISSUING"
    TIMESTAMP = "TIMESTAMP"
    STATUS = "STATUS"
    SEAL = "SEAL"
    PERSON = "PERSON"


class StoredKey(Table):
    __tablename__ = "keys"

    key_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    purpose: Mapped[Purpose] = mapped_column(Word(Purpose))
    algorithm: Mapped[str] = mapped_column(String(64))
    protection: Mapped[Protection] = mapped_column(Word(Protection))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    token: Mapped[str] = mapped_column(String(32))
    label: Mapped[str] = mapped_column(String(128))
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    wrapping_key_id: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]

    @classmethod
    def of(cls, ref: KeyRef, *, purpose: Purpose, at: datetime) -> StoredKey:
        return cls(
            key_id=ref.key_id,
            purpose=purpose,
            algorithm=ref.algorithm,
            protection=ref.protection,
            public_key=ref.public_key,
            token=ref.token,
            label=ref.label,
            wrapped=ref.wrapped,
            wrapping_key_id=ref.wrapping_key_id,
            created_at=at,
        )

    @property
    def subject(self) -> str:
        return f"key:{self.key_id}"

    @property
    def ref(self) -> KeyRef:
        return KeyRef(
            key_id=self.key_id,
            algorithm=self.algorithm,
            protection=self.protection,
            public_key=self.public_key,
            token=self.token,
            label=self.label,
            wrapped=self.wrapped,
            wrapping_key_id=self.wrapping_key_id,
        )


class CertificateState(StrEnum):
    INTENDED = "INTENDED"
    ISSUED = "ISSUED"
    ABANDONED = "ABANDONED"
    REVOKED = "REVOKED"


class Certificate(Table):
    """An X.509 certificate. Its serial number is written down before it is signed, so that whatever the authority
    signs can be revoked. `issuer_id` is None for a root and for one that an outside authority issued."""

    __tablename__ = "certificates"

    certificate_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    state: Mapped[CertificateState] = mapped_column(Word(CertificateState))
    profile: Mapped[ProfileName] = mapped_column(Word(ProfileName))
    key_id: Mapped[str] = mapped_column(ForeignKey("keys.key_id"), index=True)
    serial: Mapped[str] = mapped_column(String(40))
    subject_name: Mapped[str] = mapped_column(String(500))
    issuer_id: Mapped[str | None] = mapped_column(ForeignKey("certificates.certificate_id"), index=True)
    chain: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    der: Mapped[bytes | None] = mapped_column(LargeBinary)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revocation_reason: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (
        Index(
            "certificates_to_be_issued",
            "valid_from",
            sqlite_where=text("state = 'INTENDED'"),
            postgresql_where=text("state = 'INTENDED'"),
        ),
    )

    @property
    def subject(self) -> str:
        return f"certificate:{self.certificate_id}"


LIFECYCLE = Lifecycle(
    "certificate",
    moves={
        "issue": Move(frozenset({CertificateState.INTENDED}), CertificateState.ISSUED),
        "abandon": Move(frozenset({CertificateState.INTENDED}), CertificateState.ABANDONED, needs_cause=True),
        "revoke": Move(frozenset({CertificateState.ISSUED}), CertificateState.REVOKED, needs_cause=True),
    },
    may={CertificateState.ISSUED: frozenset({"sign"})},
)
