"""Lists of what an authority revoked (RFC 5280, section 5). It signs what it is given and decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sealservice.certificates.issuing import Issuer, authority_key
from sealservice.certificates.model import Certificate
from sealservice.certificates.token_key import sign_with
from sealservice.kernel.errors import Misconfigured
from sealservice.kernel.lifecycle import Event

LIST_LASTS = timedelta(days=30)
"""How long a list of the issuing authority is good: verifiers far from any network get it as a file."""

PUBLISHER = "publisher"
"""Who is on record for a list that no person asked for."""

ROOT_LIST_LASTS = timedelta(days=400)
"""The root is opened once a year at most, so its list has to last from one ceremony to the next."""


def announcement(
    above: Certificate, revoked: Sequence[Certificate], *, now: datetime, lasts: timedelta, actor: str
) -> Event:
    """What audit keeps of a list. It is on record before the list is signed."""
    facts = {"number": _number(now), "revoked": len(revoked), "until": (now + lasts).isoformat()}
    return Event("certificate.list", above.subject, actor, now, facts=facts)


def _number(now: datetime) -> int:
    return int(now.timestamp() * 1_000_000)


def revocation_list(issuer: Issuer, revoked: Iterable[Certificate], *, now: datetime, lasts: timedelta) -> bytes:
    """The DER of a list. Its number is the time in microseconds: it only grows, as the clock does here."""
    above = issuer.x509
    if above is None:
        raise Misconfigured("AUTHORITY_MISSING")
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(above.subject)
        .last_update(now)
        .next_update(now + lasts)
        .add_extension(x509.CRLNumber(_number(now)), critical=False)
        .add_extension(authority_key(above), critical=False)
    )
    for certificate in revoked:
        builder = builder.add_revoked_certificate(_entry(certificate))
    signed: x509.CertificateRevocationList = sign_with(builder, issuer.key)
    return signed.public_bytes(serialization.Encoding.DER)


def _entry(certificate: Certificate) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(int(certificate.serial, 16))
    builder = builder.revocation_date(certificate.revoked_at or certificate.valid_from)
    reason = x509.ReasonFlags(certificate.revocation_reason or x509.ReasonFlags.unspecified.value)
    return builder.add_extension(x509.CRLReason(reason), critical=False).build()
