"""The forms of a signature, and whether it verifies. Software only: it refuses to know tokens.

A token answers in its own form. Inside the key store a signature is *raw* (ECDSA: r || s; RSA: as it is); X.509 and
CMS want ECDSA in DER (RFC 3279 section 2.2.3), JOSE and COSE want it raw (RFC 7518 section 3.4).
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from keystore.algorithms import KeyFamily, MechanismProfile, SignatureAlgorithm, TokenOutput

_HASHES: dict[str, hashes.HashAlgorithm] = {"sha256": hashes.SHA256()}
_PREHASHED = {name: Prehashed(algorithm) for name, algorithm in _HASHES.items()}
_ECDSA = {name: ec.ECDSA(prehashed) for name, prehashed in _PREHASHED.items()}
_PKCS1 = padding.PKCS1v15()


def encode_raw(answer: bytes, algorithm: SignatureAlgorithm, profile: MechanismProfile) -> bytes:
    """The raw form of what the token answered; empty, so that it verifies nowhere, when the answer has another form."""
    if profile.token_output is not TokenOutput.DER:
        return answer
    try:
        r, s = decode_dss_signature(answer)
        return b"".join(number.to_bytes(algorithm.key_bits // 8, "big") for number in (r, s))
    except (ValueError, OverflowError):
        return b""


def encode_der(raw: bytes, algorithm: SignatureAlgorithm) -> bytes:
    """The form of X.509 and CMS."""
    if algorithm.family is not KeyFamily.EC:
        return raw
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


def verifies(public_key: bytes, algorithm: SignatureAlgorithm, raw: bytes, digest: bytes) -> bool:
    """Is `raw` a signature on `digest` under `public_key` (DER SubjectPublicKeyInfo)? Anything malformed is a no."""
    key = _loaded(public_key)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            if len(raw) != 2 * algorithm.key_bits // 8:
                return False
            key.verify(encode_der(raw, algorithm), digest, _ECDSA[algorithm.hash_name])
        else:
            key.verify(raw, digest, _PKCS1, _PREHASHED[algorithm.hash_name])
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=4096)
def _loaded(public_key: bytes) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    key = load_der_public_key(public_key)
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise TypeError("no such key in the table of algorithms")
    return key
