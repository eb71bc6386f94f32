"""Where a seal gets its key and its certificate.

Both are kept before the seal takes them up. When making breaks off in between, the next try finds the key that was
made, and the certificate that was issued for it, and goes on from there; nothing is made twice, not even by two who
make the same seal at once: the later one finds the key and the certificate of the earlier, or is told of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from keystore.keys import Protection
from sealservice.certificates.authority import Authority
from sealservice.certificates.issuing import CertificateOrder
from sealservice.certificates.keyring import KeyWanted
from sealservice.certificates.model import Certificate, CertificateState, Purpose, StoredKey
from sealservice.certificates.outside import OutsideAuthority
from sealservice.certificates.profiles import ProfileName, Subject
from sealservice.certificates.queries import find_standing
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Conflict
from sealservice.parties.model import Organization
from sealservice.parties.operations import DEMO_MARK
from sealservice.seals.kinds import SealKind
from sealservice.seals.model import Seal, SealCertificate
from sealservice.seals.queries import get_seal


@dataclass(frozen=True, kw_only=True)
class Making:
    database: Database
    authority: Authority
    outside: OutsideAuthority
    algorithm: str
    protection: Protection

    def certificate_for(self, seal: Seal, *, actor: str, chain: bytes | None) -> Certificate:
        """A certificate that no seal has yet, for this seal's waiting key."""
        order = self._order(seal, actor)
        if chain is not None:
            return self.outside.accept(order, chain, actor=actor)
        with self.database.read() as session:
            waiting = find_standing(session, order.key.key_id)
        return waiting or self.authority.issue(order, actor=actor)

    def request_certificate(self, seal: Seal, *, actor: str) -> bytes:
        return self.outside.request(self._order(seal, actor), actor=actor)

    def attach(self, session: Session, seal: Seal, certificate: Certificate, *, at: datetime) -> None:
        """Makes `certificate` the seal's own, inside the transaction that says so. The seal lasts no longer than it."""
        seal.certificate_id = certificate.certificate_id
        seal.valid_until = min(seal.valid_until, certificate.valid_until)
        session.add(SealCertificate(certificate_id=certificate.certificate_id, seal_code=seal.code, since=at))

    def standing_certificates(self, session: Session, seal: Seal) -> Sequence[Certificate]:
        """Every unrevoked certificate of the seal's keys, one that a broken-off renewal left behind as well."""
        return session.scalars(
            select(Certificate)
            .join(StoredKey, StoredKey.key_id == Certificate.key_id)
            .where(*_made_for(seal), Certificate.state == CertificateState.ISSUED)
        ).all()

    def _order(self, seal: Seal, actor: str) -> CertificateOrder:
        return CertificateOrder(_profile(seal), self._subject(seal), self._waiting_key(seal, actor), seal.valid_until)

    def _waiting_key(self, seal: Seal, actor: str) -> StoredKey:
        """The key that was made for the seal and that no certificate of the seal uses; a new one if there is none."""
        with self.database.read() as session:
            waiting = _find_waiting_key(session, seal)
        wanted = KeyWanted(
            purpose=Purpose.SEAL, label=_label(seal), algorithm=self.algorithm, protection=self.protection
        )
        return waiting or self.authority.make_key(
            wanted, actor=actor, instead=lambda session: _made_meanwhile(session, seal)
        )

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


def still(session: Session, seal: Seal) -> Seal | None:
    """The seal, held until the transaction ends; None when it is not as it was when `seal` was read."""
    now = get_seal(session, seal.code, to_move=True)
    return now if (now.state, now.certificate_id) == (seal.state, seal.certificate_id) else None


def _made_meanwhile(session: Session, seal: Seal) -> StoredKey | None:
    """The key that somebody else made for the seal while we made ours. Raises Conflict when the seal has it already."""
    if still(session, seal) is None:
        raise Conflict("SEAL_CHANGED_MEANWHILE", code=seal.code)
    return _find_waiting_key(session, seal)


def _find_waiting_key(session: Session, seal: Seal) -> StoredKey | None:
    used = (
        select(Certificate.key_id)
        .join(SealCertificate, SealCertificate.certificate_id == Certificate.certificate_id)
        .where(SealCertificate.seal_code == seal.code)
    )
    waiting = select(StoredKey).where(*_made_for(seal), StoredKey.retired_at.is_(None), StoredKey.key_id.not_in(used))
    return session.scalars(waiting.order_by(StoredKey.created_at).limit(1)).first()


def _made_for(seal: Seal) -> tuple[ColumnElement[bool], ...]:
    """What tells the keys that were made for the seal from all others."""
    return StoredKey.purpose == Purpose.SEAL, StoredKey.label == _label(seal)


def _profile(seal: Seal) -> ProfileName:
    """A personal seal is a person's signature; every other speaks for its body."""
    return ProfileName.PERSON if seal.kind is SealKind.PERSONAL else ProfileName.SEAL


def _label(seal: Seal) -> str:
    return f"seal-{seal.code}"
