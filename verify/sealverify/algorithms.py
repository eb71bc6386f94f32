"""ONE table of what signs and hashes, by OID, and until when each is acceptable.

The dates are a policy's, after ETSI TS 119 312: a signature made later than its algorithm's date is no evidence any
more. What is not in the table is unknown, which is never the same as wrong. Keys of the table are OIDs, so that a
national suite becomes lines here and not branches elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from sealverify import ber, der
from sealverify.errors import AlgorithmUnknown, MalformedDer


class Family(StrEnum):
    ECDSA = "ECDSA"
    RSA = "RSA"
    RSA_PSS = "RSA_PSS"
    EDDSA = "EDDSA"


HASHES = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
}
HASH_OIDS = {name: oid for oid, name in HASHES.items()}


@dataclass(frozen=True)
class SignatureAlgorithm:
    """`hash` is None where the signature OID leaves it to the digest algorithm (plain rsaEncryption) or has its own."""

    family: Family
    hash: str | None
    parameters: bytes = b""
    """What stands behind the OID in an AlgorithmIdentifier that we write."""


SIGNATURES = {
    "1.2.840.10045.4.1": SignatureAlgorithm(Family.ECDSA, "sha1"),
    "1.2.840.10045.4.3.1": SignatureAlgorithm(Family.ECDSA, "sha224"),
    "1.2.840.10045.4.3.2": SignatureAlgorithm(Family.ECDSA, "sha256"),
    "1.2.840.10045.4.3.3": SignatureAlgorithm(Family.ECDSA, "sha384"),
    "1.2.840.10045.4.3.4": SignatureAlgorithm(Family.ECDSA, "sha512"),
    "1.2.840.113549.1.1.1": SignatureAlgorithm(Family.RSA, None, der.NULL),
    "1.2.840.113549.1.1.5": SignatureAlgorithm(Family.RSA, "sha1", der.NULL),
    "1.2.840.113549.1.1.14": SignatureAlgorithm(Family.RSA, "sha224", der.NULL),
    "1.2.840.113549.1.1.11": SignatureAlgorithm(Family.RSA, "sha256", der.NULL),
    "1.2.840.113549.1.1.12": SignatureAlgorithm(Family.RSA, "sha384", der.NULL),
    "1.2.840.113549.1.1.13": SignatureAlgorithm(Family.RSA, "sha512", der.NULL),
    "1.2.840.113549.1.1.10": SignatureAlgorithm(Family.RSA_PSS, None),
    "1.3.101.112": SignatureAlgorithm(Family.EDDSA, None),
    "1.3.101.113": SignatureAlgorithm(Family.EDDSA, None),
}

_FOR_EVER = datetime.max.replace(tzinfo=UTC)

HASH_UNTIL = {
    "sha1": datetime(2012, 1, 1, tzinfo=UTC),
    "sha224": datetime(2029, 1, 1, tzinfo=UTC),
}
"""Hash functions that end before all others do (TS 119 312 §5.2; SHA-1 in signatures ended with 2011)."""

RSA_UNTIL = ((1024, datetime(2009, 1, 1, tzinfo=UTC)), (2048, datetime(2011, 1, 1, tzinfo=UTC)))
"""Pairs of (bits, date): a modulus of fewer bits is acceptable until that date; from 2048 bits on there is no date."""

MINIMUM_CURVE_BITS = 224


@dataclass(frozen=True)
class AlgorithmIdentifier:
    """`parameters` are the encoded bytes behind the OID, empty when there are none."""

    oid: str
    parameters: bytes = b""

    @classmethod
    def of(cls, element: ber.Element, *, tag: int = der.SEQUENCE) -> AlgorithmIdentifier:
        """Raises MalformedDer. `tag` is another one where the type is tagged implicitly."""
        oid, *rest = element.expect(tag).children() or [element]
        if len(rest) > 1:
            raise MalformedDer("DER_TRAILING", offset=rest[1].start)
        return cls(oid.oid(), rest[0].encoded if rest else b"")


def hash_identifier(name: str) -> bytes:
    """The AlgorithmIdentifier of a hash as we write it: without parameters (RFC 5754 §2)."""
    return der.sequence(der.oid(HASH_OIDS[name]))


def signature_identifier(oid: str) -> bytes:
    return der.sequence(der.oid(oid), SIGNATURES[oid].parameters)


def hash_name(identifier: AlgorithmIdentifier) -> str:
    """Raises AlgorithmUnknown."""
    name = HASHES.get(identifier.oid)
    if name is None or identifier.parameters not in (b"", der.NULL):
        raise AlgorithmUnknown("HASH_UNKNOWN", oid=identifier.oid)
    return name


def acceptable_until(*, hash_name: str | None, public_key: PublicKeyTypes | None) -> datetime:
    """The earlier of the dates of the hash and of the key; far in the future when neither has one."""
    until = HASH_UNTIL.get(hash_name or "", _FOR_EVER)
    return min(until, _key_until(public_key))


def _key_until(key: PublicKeyTypes | None) -> datetime:
    if isinstance(key, rsa.RSAPublicKey):
        return next((date for bits, date in RSA_UNTIL if key.key_size < bits), _FOR_EVER)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < MINIMUM_CURVE_BITS:
        return datetime(2011, 1, 1, tzinfo=UTC)
    return _FOR_EVER
