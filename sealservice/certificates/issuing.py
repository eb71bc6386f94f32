"""One certificate: intend, sign, keep.

The serial number is in the database before the key is asked, so that everything the authority ever signed can be
found and revoked. Who may have a certificate is decided elsewhere; what it says is decided by its profile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from sqlalchemy.orm import Session

from keystore.errors import KeyStoreError
from keystore.keys import SigningKey
from sealservice.audit.operations import append
from sealservice.certificates.model import LIFECYCLE, Certificate, CertificateState, StoredKey
from sealservice.certificates.profiles import PROFILES, ProfileName, Subject, extensions
from sealservice.certificates.queries import der, find_standing
from sealservice.certificates.token_key import sign_with
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Conflict, Misconfigured, NotFound, Refused
from sealservice.kernel.identifiers import new_identifier

_BACKDATED = timedelta(minutes=5)  # a relying party's clock may run behind ours


@dataclass(frozen=True)
class CertificateOrder:
    """What to issue: to whom, for which key, until when at the latest."""

    profile: ProfileName
    subject: Subject
    key: StoredKey
    valid_until: datetime | None = None


@dataclass(frozen=True)
class Issuer:
    """Who signs. A root has no certificate yet when it signs its own."""

    certificate: Certificate | None
    key: SigningKey

    @property
    def x509(self) -> x509.Certificate | None:
        if self.certificate is None:
            return None
        if self.certificate.der is None:
            raise Misconfigured("AUTHORITY_MISSING")
        return x509.load_der_x509_certificate(self.certificate.der)


def issue(database: Database, clock: Clock, issuer: Issuer, order: CertificateOrder, *, actor: str) -> Certificate:
    """Issues what `order` says and returns it, ISSUED and audited.

    Raises Refused("KEY_GETS_NO_CERTIFICATE") for a retired key and Conflict("KEY_CERTIFIED_ALREADY"), also when either
    came about while the certificate was being signed, and what the key store raises: it is ABANDONED then, and nobody
    is given it."""
    now = clock.now()
    intended = _intended(order, issuer, now)
    with database.begin() as session:
        require_certifiable(session, order.key.key_id)
        session.add(intended)
    try:
        signed: x509.Certificate = sign_with(_builder(order, intended, issuer.x509), issuer.key)
        with database.begin() as session:
            require_certifiable(session, order.key.key_id)
            certificate = session.get_one(Certificate, intended.certificate_id)
            certificate.der = der(signed)
            facts = {"serial": certificate.serial, "profile": order.profile, "name": certificate.subject_name}
            append(session, LIFECYCLE.move(certificate, "issue", actor=actor, at=now, **facts))
            return certificate
    except (Refused, Conflict, KeyStoreError) as error:
        _abandon(database, intended, cause=error.code, actor=actor, at=now)
        raise


def require_certifiable(session: Session, key_id: str) -> None:
    """One key, one standing certificate, and none for a key that is retired. Holds the key's row until the transaction
    ends, so that whoever asks next sees what became of it.

    Raises NotFound("KEY_UNKNOWN"), Refused("KEY_GETS_NO_CERTIFICATE"), Conflict("KEY_CERTIFIED_ALREADY")."""
    key = session.get(StoredKey, key_id, with_for_update=True)
    if key is None:
        raise NotFound("KEY_UNKNOWN", key=key_id)
    if key.retired_at is not None:
        raise Refused("KEY_GETS_NO_CERTIFICATE", key=key_id)
    standing = find_standing(session, key_id)
    if standing is not None:
        raise Conflict("KEY_CERTIFIED_ALREADY", key=key_id, serial=standing.serial)


def _abandon(database: Database, intended: Certificate, *, cause: str, actor: str, at: datetime) -> None:
    with database.begin() as session:
        certificate = session.get_one(Certificate, intended.certificate_id, with_for_update=True)
        if certificate.state is CertificateState.INTENDED:  # who took this process for dead has settled it already
            facts = {"serial": certificate.serial}
            append(session, LIFECYCLE.move(certificate, "abandon", actor=actor, at=at, cause=cause, **facts))


def _intended(order: CertificateOrder, issuer: Issuer, now: datetime) -> Certificate:
    above = issuer.certificate
    ends = [now + PROFILES[order.profile].validity, order.valid_until, above.valid_until if above else None]
    start = max(now - _BACKDATED, above.valid_from) if above else now - _BACKDATED
    return Certificate(
        certificate_id=new_identifier(),
        state=CertificateState.INTENDED,
        profile=order.profile,
        key_id=order.key.key_id,
        serial=f"{x509.random_serial_number():x}",
        subject_name=order.subject.name().rfc4514_string(),
        issuer_id=above.certificate_id if above else None,
        chain=b"",
        valid_from=start.replace(microsecond=0),
        valid_until=min(end for end in ends if end is not None).replace(microsecond=0),
    )


def _builder(order: CertificateOrder, intended: Certificate, above: x509.Certificate | None) -> x509.CertificateBuilder:
    public: CertificatePublicKeyTypes = serialization.load_der_public_key(order.key.public_key)  # type: ignore[assignment]
    subject = order.subject.name()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.subject if above else subject)
        .public_key(public)
        .serial_number(int(intended.serial, 16))
        .not_valid_before(intended.valid_from)
        .not_valid_after(intended.valid_until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if above is not None:
        builder = builder.add_extension(authority_key(above), critical=False)
    for extension, critical in extensions(PROFILES[order.profile]):
        builder = builder.add_extension(extension, critical=critical)
    return builder


def authority_key(above: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The extension that names the key of the certificate above (RFC 5280, section 4.2.1.1)."""
    identifier = above.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
