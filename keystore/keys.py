"""The ports of the key store: how a key is named, what it can do, what the store can do.

Whoever signs knows these types and nothing of tokens. This room refuses to know PKCS#11.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self

from keystore.algorithms import SignatureAlgorithm


class Protection(StrEnum):
    """Where the private key rests."""

    TOKEN_OBJECT = "TOKEN_OBJECT"  # noqa: S105 - a state, no secret
    WRAPPED = "WRAPPED"


@dataclass(frozen=True, kw_only=True)
class KeyRef:
    """All that a database needs to find a key again.

    `key_id`: 32 hex digits, random; the CKA_ID of a token object. `algorithm`: OID, a key of `ALGORITHMS`.
    `public_key`: DER SubjectPublicKeyInfo. `token`: the token's label. `label`: CKA_LABEL.
    `wrapped`: the private key (PKCS #8) under AES key wrap with padding (RFC 5649), with `wrapping_key_id`."""

    key_id: str
    algorithm: str
    protection: Protection
    public_key: bytes
    token: str
    label: str
    wrapped: bytes | None = None
    wrapping_key_id: str | None = None

    def as_json(self) -> dict[str, str | None]:
        """Plain strings; bytes in base64. `KeyRef.from_json` gives the same KeyRef back."""
        return {
            "key_id": self.key_id,
            "algorithm": self.algorithm,
            "protection": self.protection.value,
            "public_key": base64.b64encode(self.public_key).decode(),
            "token": self.token,
            "label": self.label,
            "wrapped": None if self.wrapped is None else base64.b64encode(self.wrapped).decode(),
            "wrapping_key_id": self.wrapping_key_id,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        wrapped = data.get("wrapped")
        return cls(
            key_id=data["key_id"],
            algorithm=data["algorithm"],
            protection=Protection(data["protection"]),
            public_key=base64.b64decode(data["public_key"], validate=True),
            token=data["token"],
            label=data["label"],
            wrapped=None if wrapped is None else base64.b64decode(wrapped, validate=True),
            wrapping_key_id=data.get("wrapping_key_id"),
        )


class KeyUse(StrEnum):
    """What an object in the token is there for."""

    SIGNING = "SIGNING"
    WRAPPING = "WRAPPING"
    TEST = "TEST"


@dataclass(frozen=True, kw_only=True)
class KeyRecord:
    """One key as it rests in the token. `algorithm` and `public_key` (DER) where it signs with one that we know."""

    key_id: str
    label: str
    use: KeyUse
    kind: str  # "EC", "RSA", "AES"
    algorithm: str | None
    public_key: bytes | None
    sensitive: bool
    extractable: bool


@dataclass(frozen=True, kw_only=True)
class TestStep:
    """One step of the self-test. `milliseconds` it took; `reason` when it failed."""

    __test__ = False  # its name is no invitation to pytest

    name: str
    passed: bool
    milliseconds: float
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class SelfTest:
    """What the module showed: which, in which locking, and each step."""

    module: str
    locking: str
    steps: tuple[TestStep, ...]

    @property
    def passed(self) -> bool:
        return all(step.passed for step in self.steps)


@dataclass(frozen=True, kw_only=True)
class Health:
    """`ready`: a signature with the test key was made and verified just now. `replace_process`: too many calls hang."""

    ready: bool
    replace_process: bool
    sessions: int
    stuck: int
    waiting: int
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class LateSignature:
    """A signature that came after its caller's deadline: made, never released. `call_id` is that of the TokenTimeout,
    `digest` the digest that was signed."""

    call_id: str
    key_id: str
    digest: bytes
    signature: bytes


class SigningKey(Protocol):
    """Something that can sign, with one algorithm, fixed for its life."""

    @property
    def algorithm(self) -> SignatureAlgorithm: ...

    @property
    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature as X.509 and CMS carry it (ECDSA: DER, RFC 3279), verified under `public_key`.

        Raises TokenUnavailable, KeyNotFound, KeyUnusable, SignatureWrong."""
        ...

    def sign_raw(self, message: bytes) -> bytes:
        """The signature as JOSE and COSE carry it (ECDSA: r || s, RFC 7518 section 3.4), verified likewise."""
        ...


class KeyStore(Protocol):
    """Keys behind one token."""

    def generate(self, *, algorithm: str, label: str, protection: Protection) -> KeyRef: ...

    def signing_key(self, ref: KeyRef) -> SigningKey: ...

    def holds(self, ref: KeyRef) -> bool: ...

    def inventory(self) -> list[KeyRecord]: ...

    def retire(self, ref: KeyRef) -> None: ...

    def self_test(self) -> SelfTest: ...

    def health(self) -> Health: ...

    def close(self) -> None: ...
