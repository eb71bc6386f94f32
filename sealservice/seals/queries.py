"""Finding seals, and what pressing needs to know of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from keystore.keys import KeyRef
from sealservice.certificates.model import Certificate, StoredKey
from sealservice.certificates.queries import chain_of, get_certificate
from sealservice.kernel.errors import NotFound, WrongState
from sealservice.parties.model import Organization
from sealservice.seals.model import Seal, SealCertificate, SealKeeper, SealState


def get_seal(session: Session, code: str, *, to_move: bool = False) -> Seal:
    """Raises NotFound("SEAL_UNKNOWN"). `to_move` locks the row until the transaction ends: who else wants to move the
    seal waits, and then sees what became of it."""
    found = session.get(Seal, code, with_for_update=True if to_move else None)
    if found is None:
        raise NotFound("SEAL_UNKNOWN", code=code)
    return found


def list_seals(session: Session, *, state: SealState | None = None) -> Sequence[Seal]:
    query = select(Seal).order_by(Seal.valid_from, Seal.code)
    return session.scalars(query if state is None else query.where(Seal.state == state)).all()


def keepers_of(session: Session, code: str) -> Sequence[SealKeeper]:
    """Who may press the seal now."""
    return session.scalars(
        select(SealKeeper).where(SealKeeper.seal_code == code, SealKeeper.until.is_(None)).order_by(SealKeeper.since)
    ).all()


def is_keeper(session: Session, code: str, handle: str) -> bool:
    return any(keeper.handle == handle for keeper in keepers_of(session, code))


def certificates_of(session: Session, code: str) -> Sequence[Certificate]:
    """All certificates the seal ever had, oldest first."""
    return session.scalars(
        select(Certificate)
        .join(SealCertificate, SealCertificate.certificate_id == Certificate.certificate_id)
        .where(SealCertificate.seal_code == code)
        .order_by(SealCertificate.since)
    ).all()


@dataclass(frozen=True)
class SealingMeans:
    """What it takes to sign with a seal: where its key is, and the certificates that speak for it, leaf first."""

    certificate_id: str
    key: KeyRef
    chain: tuple[bytes, ...]
    owner_name: str


def sealing_means(session: Session, seal: Seal) -> SealingMeans:
    """Raises WrongState (SEAL_REQUESTED, SEAL_APPROVED, SEAL_REJECTED) for a seal that was never made."""
    if seal.certificate_id is None:
        raise WrongState(f"SEAL_{seal.state}", subject=seal.subject)
    certificate = get_certificate(session, seal.certificate_id)
    key = session.get_one(StoredKey, certificate.key_id)
    owner = session.get_one(Organization, seal.credit_code)
    return SealingMeans(
        certificate_id=certificate.certificate_id,
        key=key.ref,
        chain=tuple(chain_of(session, certificate)),
        owner_name=owner.name,
    )
