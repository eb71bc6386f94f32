"""The embedded authority: it issues for the keys of this house, revokes, and lists what it revoked.

The issuing key lives in the service's token; the root does not, and is met only in `ceremony`. An outside licensed
authority takes the place of this room by way of `outside`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from keystore.keys import KeyStore
from sealservice.audit.operations import append
from sealservice.certificates.issuing import CertificateOrder, Issuer, issue
from sealservice.certificates.keyring import Keyring, KeyWanted
from sealservice.certificates.model import LIFECYCLE, Certificate, CertificateState, StoredKey
from sealservice.certificates.profiles import ProfileName
from sealservice.certificates.queries import anchor_of, chain_of, find_newest, get_certificate, is_demo
from sealservice.certificates.revocation import LIST_LASTS, PUBLISHER, announcement, revocation_list
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Misconfigured, Refused


class Authority:
    """Certificates by the house itself."""

    def __init__(self, database: Database, clock: Clock, keys: KeyStore, *, production: bool) -> None:
        self._database, self._clock, self._keys, self._production = database, clock, keys, production

    def issuer(self) -> Issuer:
        """The newest issuing certificate and its key. Raises Misconfigured("AUTHORITY_MISSING") before a ceremony."""
        with self._database.read() as session:
            certificate = find_newest(session, ProfileName.ISSUING)
        if certificate is None:
            raise Misconfigured("AUTHORITY_MISSING")
        return self._issuer(certificate)

    def make_key(
        self, wanted: KeyWanted, *, actor: str, instead: Callable[[Session], StoredKey | None] | None = None
    ) -> StoredKey:
        """Makes a key in the token and keeps where it is. `instead`: see `Keyring.make`."""
        return Keyring(self._database, self._clock, self._keys).make(wanted, actor=actor, instead=instead)

    def issue(self, order: CertificateOrder, *, actor: str) -> Certificate:
        """A certificate by the embedded authority. Raises Refused("DEMO_IN_PRODUCTION") for a demo subject there."""
        if self._production and is_demo(order.subject.name()):
            raise Refused("DEMO_IN_PRODUCTION", name=order.subject.common_name)
        return issue(self._database, self._clock, self.issuer(), order, actor=actor)

    def revocation_lists(self, *, lasts: timedelta = LIST_LASTS, actor: str = PUBLISHER) -> list[bytes]:
        """Fresh lists in DER, one by each issuing certificate that stands, the newest last: what an earlier one issued
        is still out there after a renewal, and only the earlier one can revoke it. Each is on record before it is
        signed."""
        return [self._list(above, lasts, actor) for above in self._standing_issuers(self._clock.now())]

    def _list(self, above: Certificate, lasts: timedelta, actor: str) -> bytes:
        with self._database.begin() as session:
            now, revoked = self._clock.now(), _revoked_by(session, above)
            append(session, announcement(above, revoked, now=now, lasts=lasts, actor=actor))
        return revocation_list(self._issuer(above), revoked, now=now, lasts=lasts)

    def chain(self, certificate_id: str) -> Sequence[bytes]:
        """The DER certificates from this one up to, and without, the root."""
        with self._database.read() as session:
            return chain_of(session, get_certificate(session, certificate_id))

    def anchor(self) -> bytes:
        """The DER of the embedded root. Raises Misconfigured("AUTHORITY_MISSING") before a ceremony."""
        with self._database.read() as session:
            issuing = find_newest(session, ProfileName.ISSUING)
            anchor = anchor_of(session, issuing) if issuing else None
        if anchor is None:
            raise Misconfigured("AUTHORITY_MISSING")
        return anchor

    def _issuer(self, certificate: Certificate) -> Issuer:
        with self._database.read() as session:
            key = session.get_one(StoredKey, certificate.key_id)
        return Issuer(certificate, self._keys.signing_key(key.ref))

    def _standing_issuers(self, now: datetime) -> Sequence[Certificate]:
        with self._database.read() as session:
            return session.scalars(
                select(Certificate)
                .where(
                    Certificate.profile == ProfileName.ISSUING,
                    Certificate.state == CertificateState.ISSUED,
                    Certificate.valid_until > now,
                )
                .order_by(Certificate.valid_from)
            ).all()


def _revoked_by(session: Session, issuing: Certificate) -> Sequence[Certificate]:
    return session.scalars(
        select(Certificate).where(
            Certificate.state == CertificateState.REVOKED, Certificate.issuer_id == issuing.certificate_id
        )
    ).all()


def revoke(
    session: Session, certificate: Certificate, *, reason: x509.ReasonFlags, cause: str, actor: str, at: datetime
) -> None:
    """Revokes a certificate within the transaction of what made it necessary; the next list says so."""
    event = LIFECYCLE.move(certificate, "revoke", actor=actor, at=at, cause=cause, reason=reason.value)
    certificate.revoked_at, certificate.revocation_reason = at, reason.value
    append(session, event)
