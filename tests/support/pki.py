"""A public key infrastructure out of thin air: software keys and certificates for tests, made with `cryptography`.

Nothing here is the product's: so that what the verifier believes about certificates is told by somebody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from sealverify.oids import PERSON_CERTIFICATE_POLICY, SEAL_CERTIFICATE_POLICY, TSA_CERTIFICATE_POLICY

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

ECDSA_SHA256 = "1.2.840.10045.4.3.2"
RSA_SHA256 = "1.2.840.113549.1.1.11"

START = datetime(2026, 1, 1, tzinfo=UTC)
"""Certificates are valid from here on; the tests' documents are sealed some months later."""


@dataclass(frozen=True)
class Identity:
    """A key, its certificate, and the certificates above it up to, and without, the root."""

    key: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @cached_property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def chain_der(self) -> list[bytes]:
        return [item.public_bytes(Encoding.DER) for item in self.chain]

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def algorithm(self) -> str:
        return RSA_SHA256 if isinstance(self.key, rsa.RSAPrivateKey) else ECDSA_SHA256

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a certificate shall say."""

    name: str
    organization: str | None = "云岭市青禾区行政审批局（演示）"
    organization_identifier: str | None = None
    policy: str | None = None
    ca: bool = False
    tsa: bool = False
    tsa_usage_critical: bool = True
    purposes: tuple[str, ...] = ()
    """Extended key usages, as OIDs."""
    signs: bool = True
    """Whether key usage of an end entity allows signatures."""
    signs_lists: bool = True
    """Whether key usage of an authority allows revocation lists."""
    lists_at: str | None = None
    """The address of the revocation list, as CRL distribution point."""
    valid_from: datetime = START
    valid_for: timedelta = timedelta(days=3650)
    key: PrivateKey | None = None
    sha1: bool = False


class Authority:
    """A certification authority of one level or more."""

    def __init__(self, identity: Identity, *, is_root: bool) -> None:
        self.identity = identity
        self.is_root = is_root

    @classmethod
    def root(cls, name: str = "演示根 Demo Root", **wish: object) -> Authority:
        return cls(_certify(Wish(**{"name": name, "ca": True, **wish}), None), is_root=True)  # type: ignore[arg-type]

    def authority(self, name: str) -> Authority:
        return Authority(self.issue(Wish(name=name, ca=True)), is_root=False)

    def issue(self, wish: Wish) -> Identity:
        return _certify(wish, self)

    def revoke(
        self,
        *identities: Identity,
        at: datetime,
        published_at: datetime | None = None,
        lasts: timedelta = timedelta(days=3650),
        further: tuple[x509.ExtensionType, bool] | None = None,
    ) -> bytes:
        """A CRL in PEM that revokes `identities` as of `at`. `further` is an extension and whether it is critical."""
        published_at = published_at or at
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.identity.certificate.subject)
            .last_update(published_at)
            .next_update(published_at + lasts)
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.identity.key.public_key()), critical=False
            )
        )
        if further is not None:
            builder = builder.add_extension(*further)
        for identity in identities:
            entry = x509.RevokedCertificateBuilder(identity.certificate.serial_number, at)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.identity.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _certify(wish: Wish, issuer: Authority | None) -> Identity:
    key = wish.key or ec.generate_private_key(ec.SECP256R1())
    signer = issuer.identity.key if issuer else key
    issuer_name = issuer.identity.certificate.subject if issuer else _name(wish)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(wish))
        .issuer_name(issuer_name)
        .serial_number(x509.random_serial_number())
        .not_valid_before(wish.valid_from)
        .not_valid_after(wish.valid_from + wish.valid_for)
        .public_key(key.public_key())
    )
    for extension, critical in _extensions(wish, key, signer):
        builder = builder.add_extension(extension, critical=critical)
    chain = (issuer.identity.certificate, *issuer.identity.chain) if issuer and not issuer.is_root else ()
    return Identity(key, builder.sign(signer, hashes.SHA1() if wish.sha1 else hashes.SHA256()), chain)  # type: ignore[arg-type]


def _name(wish: Wish) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN")]
    if wish.organization:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, wish.organization))
    if wish.organization_identifier:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, wish.organization_identifier))
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, wish.name)])


def _extensions(wish: Wish, key: PrivateKey, signer: PrivateKey) -> Sequence[tuple[x509.ExtensionType, bool]]:
    usage = x509.KeyUsage(
        digital_signature=not wish.ca and wish.signs,
        content_commitment=not wish.ca and not wish.tsa and wish.signs,
        key_encipherment=not wish.signs,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=wish.ca,
        crl_sign=wish.ca and wish.signs_lists,
        encipher_only=False,
        decipher_only=False,
    )
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=wish.ca, path_length=None), True),
        (usage, True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
    ]
    if wish.policy:
        found.append((x509.CertificatePolicies([_policy(wish.policy)]), False))
    if wish.tsa:
        found.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), wish.tsa_usage_critical))
    if wish.lists_at:
        point = x509.DistributionPoint(_address(wish.lists_at), None, None, None)
        found.append((x509.CRLDistributionPoints([point]), False))
    if wish.purposes:
        found.append((x509.ExtendedKeyUsage([ObjectIdentifier(oid) for oid in wish.purposes]), False))
    return found


def _address(url: str) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(url)]


def scope(url: str | None = None, **narrower: bool) -> x509.IssuingDistributionPoint:
    """What a revocation list says it is about: by `url` those certificates that name it, or users', or authorities'."""
    said = dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "only_contains_attribute_certs", "indirect_crl"), False
    )
    address = _address(url) if url else None
    return x509.IssuingDistributionPoint(address, None, only_some_reasons=None, **(said | narrower))


def _policy(oid: str) -> x509.PolicyInformation:
    return x509.PolicyInformation(ObjectIdentifier(oid), None)


class DemoPki:
    """Everybody whom the stories need: a root, an issuing authority, seals, a person, a timestamp authority, and
    strangers who have built the same for themselves."""

    def __init__(self) -> None:
        self.root = Authority.root()
        self.issuing = self.root.authority("演示签发 Demo Issuing")
        self.seal = self.issuing.issue(_seal("行政审批专用章"))
        self.other_seal = self.issuing.issue(_seal("财政局印章"))
        self.person = self.issuing.issue(Wish(name="程示例", organization=None, policy=PERSON_CERTIFICATE_POLICY))
        self.tsa = self.issuing.issue(Wish(name="Demo TSA", tsa=True, policy=TSA_CERTIFICATE_POLICY, key=_rsa(2048)))
        self.outside_root = Authority.root("外部时间戳根 Outside TSA Root")
        self.outside_tsa = self.outside_root.issue(Wish(name="Outside TSA", tsa=True, key=_rsa(2048)))
        self.stranger = Authority.root("陌生根 Stranger Root").issue(_seal("行政审批专用章"))

    @property
    def anchors(self) -> bytes:
        return self.root.identity.pem

    @cached_property
    def rsa_seal(self) -> Identity:
        return self.issuing.issue(_seal("合同专用章", key=_rsa(3072)))

    @cached_property
    def weak_rsa_seal(self) -> Identity:
        return self.issuing.issue(_seal("旧章", key=_rsa(1024)))


def _rsa(bits: int) -> rsa.RSAPrivateKey:
    """RSA where pyHanko's timestamper, or the story, wants it."""
    return rsa.generate_private_key(65537, bits)


def _seal(name: str, **more: Any) -> Wish:
    return Wish(name=name, organization_identifier="NTRCN-91350100M000100Y43", policy=SEAL_CERTIFICATE_POLICY, **more)
