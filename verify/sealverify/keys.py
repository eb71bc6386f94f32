"""Public keys, and the one question to them: is this signature of that key over this message?

Knows the mathematics of the families in `algorithms`; refuses to know whose key it is and what was signed.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sealverify import ber, der
from sealverify.algorithms import SIGNATURES, AlgorithmIdentifier, Family, SignatureAlgorithm, hash_name
from sealverify.errors import AlgorithmUnknown, SignatureWrong


def check_signature(
    public_key: bytes, algorithm: AlgorithmIdentifier, message: bytes, signature: bytes, *, digest: str
) -> None:
    """`public_key` is a DER SubjectPublicKeyInfo; `digest` the hash to take where the signature's OID names none.

    Raises SignatureWrong when the signature is not of this key over this message, AlgorithmUnknown when the algorithm
    is not in the table or does not fit the key."""
    entry = SIGNATURES.get(algorithm.oid)
    if entry is None:
        raise AlgorithmUnknown("SIGNATURE_UNKNOWN", oid=algorithm.oid)
    if algorithm.parameters not in (b"", der.NULL) and entry.family is not Family.RSA_PSS:
        raise AlgorithmUnknown("SIGNATURE_UNKNOWN", oid=algorithm.oid)
    key = load_key(public_key)
    try:
        _verify(key, entry, algorithm, message, signature, digest)
    except InvalidSignature as problem:
        raise SignatureWrong("SIGNATURE_WRONG") from problem


def load_key(public_key: bytes) -> PublicKeyTypes:
    """Raises AlgorithmUnknown for a key that cannot be read, such as one on a curve that is not supported."""
    try:
        return load_der_public_key(public_key)
    except Exception as problem:  # the library raises several kinds, some of them undocumented
        raise AlgorithmUnknown("KEY_UNKNOWN") from problem


def _verify(  # one call for each family
    key: PublicKeyTypes,
    entry: SignatureAlgorithm,
    algorithm: AlgorithmIdentifier,
    message: bytes,
    signature: bytes,
    digest: str,
) -> None:
    if entry.family is Family.EDDSA and isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return key.verify(signature, message)
    hasher = _hash(entry.hash or digest)
    if entry.family is Family.ECDSA and isinstance(key, ec.EllipticCurvePublicKey):
        return key.verify(signature, message, ec.ECDSA(hasher))
    if entry.family is Family.RSA and isinstance(key, rsa.RSAPublicKey):
        return key.verify(signature, message, padding.PKCS1v15(), hasher)
    if entry.family is Family.RSA_PSS and isinstance(key, rsa.RSAPublicKey):
        hasher, salt = _pss(algorithm.parameters)
        return key.verify(signature, message, padding.PSS(padding.MGF1(hasher), salt), hasher)
    raise AlgorithmUnknown("KEY_MISMATCH", oid=algorithm.oid)


_HASH_OBJECTS: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - to judge old signatures, never to make one
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}


def _hash(name: str) -> hashes.HashAlgorithm:
    return _HASH_OBJECTS[name]


def _pss(parameters: bytes) -> tuple[hashes.HashAlgorithm, int]:
    """Hash and salt length of RSASSA-PSS (RFC 4055 §3.1); the mask must use the same hash, the trailer be the usual."""
    fields = {
        item.tag & 0x1F: item.children()[0] for item in ber.read_whole(parameters).expect(der.SEQUENCE).children()
    }
    name = hash_name(AlgorithmIdentifier.of(fields[0])) if 0 in fields else "sha1"
    mask = "sha1"
    if 1 in fields:
        mask = hash_name(AlgorithmIdentifier.of(fields[1].children()[1]))
    if mask != name or 3 in fields:
        raise AlgorithmUnknown("SIGNATURE_UNKNOWN", oid="1.2.840.113549.1.1.10")
    return _hash(name), fields[2].integer() if 2 in fields else 20
