"""ONE table: which signature algorithms there are, by OID, and how a token is asked for each.

An algorithm is fixed when its key is made and never chosen by a caller. What differs between tokens is only *how* one
asks: that is a `MechanismProfile`, and a token may bring its own (`TokenSettings.profiles`). The self-test at start
signs with every profile and verifies in software, so that a wrong profile is refused before it touches a document.

Ed25519, ML-DSA and SM2 become further rows. This room refuses to know keys, tokens and what is being signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from keystore.errors import KeyStoreMisconfigured


class KeyFamily(StrEnum):
    """What kind of key pair an algorithm needs."""

    EC = "EC"
    RSA = "RSA"


class TokenInput(StrEnum):
    """What the mechanism wants to be given."""

    MESSAGE = "MESSAGE"
    DIGEST = "DIGEST"
    DIGEST_INFO = "DIGEST_INFO"  # RFC 8017 section 9.2: AlgorithmIdentifier and digest, DER


class TokenOutput(StrEnum):
    """What the mechanism gives back."""

    RAW = "RAW"  # r || s, each as long as the curve's order
    DER = "DER"  # SEQUENCE { r INTEGER, s INTEGER }
    WHOLE = "WHOLE"  # an RSA signature has one form only


class SignerIdentity(StrEnum):
    """Where the signer's ID of SM2 (GB/T 32918.2, the Z value) enters; the algorithms of today have none."""

    NONE = "NONE"
    FIXED_DEFAULT = "FIXED_DEFAULT"
    PARAMETER = "PARAMETER"


@dataclass(frozen=True, kw_only=True)
class MechanismProfile:
    """How one token is asked for one algorithm. `mechanism` is the CKM_ number; vendors' lie from 0x80000000 up."""

    mechanism: int
    token_input: TokenInput
    token_output: TokenOutput
    identity: SignerIdentity = SignerIdentity.NONE

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            mechanism=int(data["mechanism"]),
            token_input=TokenInput(data["token_input"]),
            token_output=TokenOutput(data["token_output"]),
            identity=SignerIdentity(data["identity"]),
        )

    def __post_init__(self) -> None:
        if self.identity is not SignerIdentity.NONE:
            raise KeyStoreMisconfigured("KEYSTORE_PROFILE_UNKNOWN", identity=self.identity)


@dataclass(frozen=True, kw_only=True)
class SignatureAlgorithm:
    """One row: `oid` names the signature, `key_oid` the key in SubjectPublicKeyInfo, `hash_oid` the digest."""

    oid: str
    name: str
    family: KeyFamily
    key_bits: int
    key_oid: str
    hash_oid: str
    hash_name: str
    profile: MechanismProfile
    ec_parameters: bytes = b""  # CKA_EC_PARAMS: DER of the curve's OID
    digest_info_prefix: bytes = b""  # RFC 8017 section 9.2, note 1

    def digest(self, message: bytes) -> bytes:
        return hashlib.new(self.hash_name, message).digest()

    def input_for(self, profile: MechanismProfile, message: bytes, digest: bytes) -> bytes:
        """What the token gets for `message`, whose digest is `digest`."""
        if profile.token_input is TokenInput.MESSAGE:
            return message
        if profile.token_input is TokenInput.DIGEST:
            return digest
        return self.digest_info_prefix + digest


CKM_RSA_PKCS = 0x0001
CKM_ECDSA = 0x1041

_ECDSA_P256 = SignatureAlgorithm(
    oid="1.2.840.10045.4.3.2",
    name="ecdsa-with-SHA256",
    family=KeyFamily.EC,
    key_bits=256,
    key_oid="1.2.840.10045.2.1",
    hash_oid="2.16.840.1.101.3.4.2.1",
    hash_name="sha256",
    # not CKM_ECDSA_SHA256: SoftHSM lacks it, and hashing here spares a network HSM the document
    profile=MechanismProfile(mechanism=CKM_ECDSA, token_input=TokenInput.DIGEST, token_output=TokenOutput.RAW),
    ec_parameters=bytes.fromhex("06082a8648ce3d030107"),
)
_RSA_3072 = SignatureAlgorithm(
    oid="1.2.840.113549.1.1.11",
    name="sha256WithRSAEncryption",
    family=KeyFamily.RSA,
    key_bits=3072,
    key_oid="1.2.840.113549.1.1.1",
    hash_oid="2.16.840.1.101.3.4.2.1",
    hash_name="sha256",
    profile=MechanismProfile(
        mechanism=CKM_RSA_PKCS, token_input=TokenInput.DIGEST_INFO, token_output=TokenOutput.WHOLE
    ),
    digest_info_prefix=bytes.fromhex("3031300d060960864801650304020105000420"),
)

ECDSA_P256 = _ECDSA_P256.oid
RSA_3072 = _RSA_3072.oid
ALGORITHMS: dict[str, SignatureAlgorithm] = {row.oid: row for row in (_ECDSA_P256, _RSA_3072)}


def _known() -> str:
    return ", ".join(f"{row.oid} ({row.name})" for row in ALGORITHMS.values())


def get_algorithm(oid: str) -> SignatureAlgorithm:
    """The row of `oid`. Raises KeyStoreMisconfigured with the list of what there is."""
    if oid not in ALGORITHMS:
        raise KeyStoreMisconfigured("KEYSTORE_ALGORITHM_UNKNOWN", algorithm=oid, known=_known())
    return ALGORITHMS[oid]
