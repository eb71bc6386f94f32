"""Where a seal gets its key and its certificate.

Both are kept before the seal takes them up. When making breaks off in between, the next try finds the key that was
made, and the certificate that was issued for it, and goes on from there; nothing is made twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from keystore.keys import Protection
from sealservice.certificates.authority import Authority
from sealservice.certificates.issuing import Order
from sealservice.certificates.model import Certificate, CertificateState, Purpose, StoredKey
from sealservice.certificates.outside import OutsideAuthority
from sealservice.certificates.profiles import ProfileName, Subject
from sealservice.kernel.database import Database
from sealservice.parties.model import Organization
from sealservice.parties.operations import DEMO_MARK
from sealservice.seals.kinds import SealKind
from sealservice.seals.model import Seal, SealCertificate


@dataclass(frozen=True, kw_only=True)
class Making:
    database: Database
    authority: Authority
    outside: OutsideAuthority
    algorithm: str
    protection: Protection

    def certificate_for(self, seal: Seal, *, actor: str, chain: bytes | None) -> Certificate:
        """A certificate that no seal has yet, for this seal's waiting key."""
        key = self._waiting_key(seal)
        if chain is not None:
            return self.outside.accept(key.key_id, chain, actor=actor)
        waiting = self._waiting_certificate(key)
        if waiting is not None:
            return waiting
        order = Order(_profile(seal), self._subject(seal), key, seal.valid_until)
        return self.authority.issue(order, actor=actor)

    def request_certificate(self, seal: Seal) -> bytes:
        return self.outside.request(self._waiting_key(seal).key_id, self._subject(seal))

    def attach(self, session: Session, seal: Seal, certificate: Certificate, *, at: datetime) -> None:
        """Makes `certificate` the seal's own, inside the transaction that says so."""
        seal.certificate_id = certificate.certificate_id
        session.add(SealCertificate(certificate_id=certificate.certificate_id, seal_code=seal.code, since=at))

    def standing_certificates(self, session: Session, seal: Seal) -> Sequence[Certificate]:
        """Every unrevoked certificate of the seal's keys, one that a broken-off renewal left behind as well."""
        return session.scalars(
            select(Certificate)
            .join(StoredKey, StoredKey.key_id == Certificate.key_id)
            .where(*_made_for(seal), Certificate.state == CertificateState.ISSUED)
        ).all()

    def _waiting_key(self, seal: Seal) -> StoredKey:
        """The key that was made for the seal and that no certificate of the seal uses; a new one if there is none."""
        used = (
            select(Certificate.key_id)
            .join(SealCertificate, SealCertificate.certificate_id == Certificate.certificate_id)
            .where(SealCertificate.seal_code == seal.code)
        )
        query = select(StoredKey).where(*_made_for(seal), StoredKey.retired_at.is_(None), StoredKey.key_id.not_in(used))
        with self.database.read() as session:
            waiting = session.scalars(query.order_by(StoredKey.created_at).limit(1)).first()
        if waiting is not None:
            return waiting
        return self.authority.new_key(
            Purpose.SEAL, label=_label(seal), algorithm=self.algorithm, protection=self.protection
        )

    def _waiting_certificate(self, key: StoredKey) -> Certificate | None:
        with self.database.read() as session:
            return session.scalars(
                select(Certificate)
                .where(Certificate.key_id == key.key_id, Certificate.state == CertificateState.ISSUED)
                .limit(1)
            ).first()

    def _subject(self, seal: Seal) -> Subject:
        with self.database.read() as session:
            owner = session.get_one(Organization, seal.credit_code)
        return Subject(
            common_name=seal.name,
            organization=owner.name,
            credit_code=owner.credit_code,
            serial_number=seal.code,
            unit=DEMO_MARK if owner.is_demo else None,
        )


def _made_for(seal: Seal) -> tuple[ColumnElement[bool], ...]:
    """What tells the keys that were made for the seal from all others."""
    return StoredKey.purpose == Purpose.SEAL, StoredKey.label == _label(seal)


def _profile(seal: Seal) -> ProfileName:
    """A personal seal is a person's signature; every other speaks for its body."""
    return ProfileName.PERSON if seal.kind is SealKind.PERSONAL else ProfileName.SEAL


def _label(seal: Seal) -> str:
    return f"seal-{seal.code}"
