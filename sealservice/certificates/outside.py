"""The way to an outside, licensed authority: a request goes out for a key in our token, a chain comes back.

What comes back is examined in `intake` before it is kept, and production is not handed a demonstration.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from sqlalchemy.orm import Session

from keystore.keys import KeyStore
from sealservice.audit.operations import append
from sealservice.certificates.intake import examine_chain, load_chain
from sealservice.certificates.issuing import CertificateOrder, require_certifiable
from sealservice.certificates.model import LIFECYCLE, Certificate, CertificateState
from sealservice.certificates.queries import der, find_standing, is_demo
from sealservice.certificates.token_key import sign_with
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Refused
from sealservice.kernel.identifiers import new_identifier
from sealservice.kernel.lifecycle import Event


class OutsideAuthority:
    """Requests for, and chains from, an authority that is not ours."""

    def __init__(self, database: Database, clock: Clock, keys: KeyStore, *, production: bool) -> None:
        self._database, self._clock, self._keys, self._production = database, clock, keys, production

    def request(self, order: CertificateOrder, *, actor: str) -> bytes:
        """A certificate request in PEM (PKCS #10, RFC 2986), signed by the key itself: the proof of possession. It is
        on record before it goes out. Raises what `require_certifiable` raises."""
        subject = order.subject.name()
        with self._database.begin() as session:
            require_certifiable(session, order.key.key_id)
            facts = {"name": subject.rfc4514_string()}
            append(session, Event("key.request", order.key.subject, actor, self._clock.now(), facts=facts))
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
        signed: x509.CertificateSigningRequest = sign_with(builder, self._keys.signing_key(order.key.ref))
        return signed.public_bytes(serialization.Encoding.PEM)

    def accept(self, order: CertificateOrder, pem: bytes, *, actor: str) -> Certificate:
        """Keeps the chain that came back, leaf first; the same one given again is the one that is kept already.

        Raises InvalidInput with what does not fit, and what `require_certifiable` raises."""
        chain = load_chain(pem)
        if self._production and any(is_demo(item.subject) for item in chain):
            raise Refused("DEMO_IN_PRODUCTION", name=chain[0].subject.rfc4514_string())
        now = self._clock.now()
        examine_chain(chain, order, now=now)
        leaf, accepted = chain[0], _accepted(chain, order)
        with self._database.begin() as session:
            kept = _find_kept(session, order, leaf)
            if kept is not None:
                return kept
            require_certifiable(session, order.key.key_id)
            session.add(accepted)
            facts = {"serial": accepted.serial, "issuer": leaf.issuer.rfc4514_string()}
            append(session, LIFECYCLE.move(accepted, "issue", actor=actor, at=now, **facts))
        return accepted


def _accepted(chain: list[x509.Certificate], order: CertificateOrder) -> Certificate:
    leaf = chain[0]
    return Certificate(
        certificate_id=new_identifier(),
        state=CertificateState.INTENDED,
        profile=order.profile,
        key_id=order.key.key_id,
        serial=f"{leaf.serial_number:x}",
        subject_name=leaf.subject.rfc4514_string()[:500],
        issuer_id=None,
        chain=b"".join(item.public_bytes(serialization.Encoding.PEM) for item in _without_root(chain)),
        der=der(leaf),
        valid_from=leaf.not_valid_before_utc,
        valid_until=leaf.not_valid_after_utc,
    )


def _find_kept(session: Session, order: CertificateOrder, leaf: x509.Certificate) -> Certificate | None:
    standing = find_standing(session, order.key.key_id)
    return standing if standing is not None and standing.der == der(leaf) else None


def _without_root(chain: list[x509.Certificate]) -> list[x509.Certificate]:
    """The leaf, whatever it says of itself, and those above it but a self-signed root: verifiers have that."""
    return [chain[0], *(item for item in chain[1:] if item.subject != item.issuer)]
