"""The way to an outside, licensed authority: a request goes out for a key in our token, a chain comes back.

What comes back is checked before it is kept: that it certifies our key, that its links hold, that it may sign
documents, and that production is not handed a demonstration.
"""

from __future__ import annotations

from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from keystore.keys import KeyStore
from sealservice.audit.operations import append
from sealservice.certificates.model import LIFECYCLE, Certificate, CertificateState, StoredKey
from sealservice.certificates.profiles import ProfileName, Subject
from sealservice.certificates.queries import der, is_demo
from sealservice.certificates.token_key import sign_with
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import InvalidInput, NotFound, Refused
from sealservice.kernel.identifiers import new_identifier


class OutsideAuthority:
    """Requests for, and chains from, an authority that is not ours."""

    def __init__(self, database: Database, clock: Clock, keys: KeyStore, *, production: bool) -> None:
        self._database, self._clock, self._keys, self._production = database, clock, keys, production

    def request(self, key_id: str, subject: Subject) -> bytes:
        """A certificate request in PEM (PKCS #10, RFC 2986), signed by the key itself: the proof of possession."""
        key = self._key(key_id)
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject.name())
        signed: x509.CertificateSigningRequest = sign_with(builder, self._keys.signing_key(key.ref))
        return signed.public_bytes(serialization.Encoding.PEM)

    def accept(self, key_id: str, pem: bytes, *, actor: str) -> Certificate:
        """Keeps the chain that came back, leaf first. Raises InvalidInput with what does not fit."""
        chain = _loaded(pem)
        leaf, key, now = chain[0], self._key(key_id), self._clock.now()
        self._examine(chain, key)
        certificate = Certificate(
            certificate_id=new_identifier(),
            state=CertificateState.INTENDED,
            profile=ProfileName.SEAL,
            key_id=key_id,
            serial=f"{leaf.serial_number:x}",
            subject_name=leaf.subject.rfc4514_string()[:500],
            issuer_id=None,
            chain=b"".join(item.public_bytes(serialization.Encoding.PEM) for item in _without_root(chain)),
            der=der(leaf),
            valid_from=leaf.not_valid_before_utc,
            valid_until=leaf.not_valid_after_utc,
        )
        with self._database.begin() as session:
            session.add(certificate)
            facts = {"serial": certificate.serial, "issuer": leaf.issuer.rfc4514_string()}
            append(session, LIFECYCLE.move(certificate, "issue", actor=actor, at=now, **facts))
        return certificate

    def _key(self, key_id: str) -> StoredKey:
        with self._database.read() as session:
            key = session.get(StoredKey, key_id)
        if key is None:
            raise NotFound("KEY_UNKNOWN", key=key_id)
        return key

    def _examine(self, chain: list[x509.Certificate], key: StoredKey) -> None:
        leaf, now = chain[0], self._clock.now()
        if _public_key(leaf) != key.public_key:
            raise InvalidInput("CERTIFICATE_OF_ANOTHER_KEY", name=leaf.subject.rfc4514_string())
        if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
            raise InvalidInput("CERTIFICATE_OUT_OF_TIME", until=leaf.not_valid_after_utc.isoformat())
        if self._production and any(is_demo(item.subject) for item in chain):
            raise Refused("DEMO_IN_PRODUCTION", name=leaf.subject.rfc4514_string())
        if not _may_sign_documents(leaf):
            raise InvalidInput("CERTIFICATE_MAY_NOT_SIGN", name=leaf.subject.rfc4514_string())
        for below, above in pairwise(chain):
            _examine_link(below, above)


def _loaded(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise InvalidInput("CERTIFICATE_CHAIN_UNREADABLE") from None


def _examine_link(below: x509.Certificate, above: x509.Certificate) -> None:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        raise InvalidInput(
            "CERTIFICATE_CHAIN_BROKEN", below=below.subject.rfc4514_string(), above=above.subject.rfc4514_string()
        ) from None


def _may_sign_documents(leaf: x509.Certificate) -> bool:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment


def _public_key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _without_root(chain: list[x509.Certificate]) -> list[x509.Certificate]:
    """The leaf, whatever it says of itself, and those above it but a self-signed root: verifiers have that."""
    return [chain[0], *(item for item in chain[1:] if item.subject != item.issuer)]
