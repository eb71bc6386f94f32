"""Finding certificates and the chains above them."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from sqlalchemy import select
from sqlalchemy.orm import Session

from sealservice.certificates.model import Certificate, CertificateState
from sealservice.certificates.profiles import ProfileName
from sealservice.kernel.errors import NotFound
from sealservice.parties.operations import DEMO_MARK


def get_certificate(session: Session, certificate_id: str) -> Certificate:
    found = session.get(Certificate, certificate_id)
    if found is None:
        raise NotFound("CERTIFICATE_UNKNOWN", certificate=certificate_id)
    return found


def find_newest(session: Session, profile: ProfileName) -> Certificate | None:
    """The certificate of this profile that was issued last and still stands."""
    return session.scalars(
        select(Certificate)
        .where(Certificate.profile == profile, Certificate.state == CertificateState.ISSUED)
        .order_by(Certificate.valid_from.desc(), Certificate.valid_until.desc())
        .limit(1)
    ).first()


def find_standing(session: Session, key_id: str) -> Certificate | None:
    """The unrevoked certificate of a key, if it has one."""
    return session.scalars(
        select(Certificate)
        .where(Certificate.key_id == key_id, Certificate.state == CertificateState.ISSUED)
        .order_by(Certificate.valid_from.desc())
        .limit(1)
    ).first()


def chain_of(session: Session, certificate: Certificate) -> list[bytes]:
    """The DER certificates that go into a signature: this one and those above it, without a self-signed root."""
    if certificate.chain:
        return [der(item) for item in x509.load_pem_x509_certificates(certificate.chain)]
    chain: list[bytes] = []
    step: Certificate | None = certificate
    while step is not None and step.issuer_id is not None:
        chain.append(step.der or b"")
        step = session.get(Certificate, step.issuer_id)
    return chain


def anchor_of(session: Session, certificate: Certificate) -> bytes | None:
    """The DER of the embedded root above `certificate`; None when an outside authority issued it."""
    step: Certificate | None = certificate
    while step is not None and step.issuer_id is not None:
        step = session.get(Certificate, step.issuer_id)
    return step.der if step is not None and step.profile == ProfileName.ROOT else None


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def is_demo(name: x509.Name) -> bool:
    """Whether a subject says that it is for demonstration only."""
    return any(DEMO_MARK in str(attribute.value) for attribute in name)
