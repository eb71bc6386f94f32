"""An outside licensed authority, made with `cryptography` alone: it gets a request and answers with a chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, kw_only=True)
class Making:
    """How one certificate of the chain is made. The usual is right; a story changes one thing."""

    ca: bool
    path_length: int | None = None
    signs: bool = True
    issues: bool = True
    purposes: Sequence[x509.ObjectIdentifier] = ()
    begins: timedelta = timedelta(minutes=-5)
    lasts: timedelta = timedelta(days=365)


class LicensedAuthority:
    """A root and one authority below it; `root` and `below` change how their certificates are made."""

    def __init__(
        self,
        name: str = "Licensed CA",
        *,
        organization: str = "Licensed CA Co.",
        root: dict[str, Any] | None = None,
        below: dict[str, Any] | None = None,
    ) -> None:
        self._organization = organization
        self._root_key, self._key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        top, under = self._named(f"{name} Root"), self._named(name)
        authority = Making(ca=True)
        self.root = _signed(top, self._root_key.public_key(), (top, self._root_key), replace(authority, **root or {}))
        self.certificate = _signed(
            under, self._key.public_key(), (top, self._root_key), replace(authority, **below or {})
        )

    def answer(
        self, request: x509.CertificateSigningRequest, *, subject: x509.Name | None = None, **changes: Any
    ) -> bytes:
        """The chain for a request, leaf first, root last, in PEM."""
        issuer = (self.certificate.subject, self._key)
        leaf = _signed(subject or request.subject, request.public_key(), issuer, Making(**{"ca": False, **changes}))
        return pem_of_chain(leaf, self.certificate, self.root)

    def answer_by_a_further_one(self, request: x509.CertificateSigningRequest) -> bytes:
        """The same by one more authority, below the one that is below the root."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = self._named("Further CA")
        further = _signed(name, key.public_key(), (self.certificate.subject, self._key), Making(ca=True))
        leaf = _signed(request.subject, request.public_key(), (name, key), Making(ca=False))
        return pem_of_chain(leaf, further, self.certificate, self.root)

    def _named(self, common_name: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self._organization),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )


def pem_of_chain(*certificates: x509.Certificate) -> bytes:
    return b"".join(item.public_bytes(Encoding.PEM) for item in certificates)


def _signed(
    subject: x509.Name, public: Any, issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey], how: Making
) -> x509.Certificate:
    start = datetime.now(UTC) + how.begins
    usage = x509.KeyUsage(
        digital_signature=how.signs and not how.ca,
        content_commitment=how.signs and not how.ca,
        key_encipherment=not how.signs or (how.ca and not how.issues),
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=how.ca and how.issues,
        crl_sign=how.ca and how.issues,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0])
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + how.lasts)
        .add_extension(x509.BasicConstraints(ca=how.ca, path_length=how.path_length), critical=True)
        .add_extension(usage, critical=True)
    )
    if how.purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(how.purposes), critical=False)
    return builder.sign(issuer[1], hashes.SHA256())
