"""An outside licensed authority, made with `cryptography` alone: it gets a request and answers with a chain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID


def _named(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Licensed CA Co."),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


class LicensedAuthority:
    """A root and one authority below it."""

    def __init__(self, name: str = "Licensed CA") -> None:
        self._root_key, self._key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root, below = _named(f"{name} Root"), _named(name)
        self.root = self._signed(root, root, self._root_key.public_key(), self._root_key, ca=True)
        self.certificate = self._signed(below, root, self._key.public_key(), self._root_key, ca=True)

    def answer(
        self,
        request: x509.CertificateSigningRequest,
        *,
        subject: x509.Name | None = None,
        begins: timedelta = timedelta(minutes=-5),
        lasts: timedelta = timedelta(days=365),
        signs: bool = True,
    ) -> bytes:
        """The chain for a request, leaf first, root last, in PEM."""
        leaf = self._signed(
            subject or request.subject,
            self.certificate.subject,
            request.public_key(),
            self._key,
            ca=False,
            begins=begins,
            lasts=lasts,
            signs=signs,
        )
        return b"".join(item.public_bytes(Encoding.PEM) for item in (leaf, self.certificate, self.root))

    def _signed(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        public: CertificateIssuerPublicKeyTypes | object,
        key: ec.EllipticCurvePrivateKey,
        *,
        ca: bool,
        begins: timedelta = timedelta(minutes=-5),
        lasts: timedelta = timedelta(days=365),
        signs: bool = True,
    ) -> x509.Certificate:
        start = datetime.now(UTC) + begins
        usage = x509.KeyUsage(
            digital_signature=signs and not ca,
            content_commitment=signs and not ca,
            key_encipherment=not signs,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=ca,
            crl_sign=ca,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + lasts)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
