"""A key in the token, in the shape that the `cryptography` builders of certificates, lists and requests sign with.

It can sign and tell its public key. Everything that would need the private number is refused: there is none here.
"""

from __future__ import annotations

from typing import Any, NoReturn, Protocol

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from keystore.keys import SigningKey


class Refusing(TypeError):
    """Something wanted the private number of a key in the token."""


def _refuse(*_arguments: object, **_options: object) -> NoReturn:
    raise Refusing("this key does not leave its token")


class TokenEcKey(ec.EllipticCurvePrivateKey):
    """A key on an elliptic curve, in the token."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def public_key(self) -> ec.EllipticCurvePublicKey:
        public = serialization.load_der_public_key(self._key.public_key)
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise Refusing("this key is on no curve")
        return public

    def sign(self, data: Any, signature_algorithm: object) -> bytes:
        return self._key.sign(bytes(data))

    @property
    def curve(self) -> ec.EllipticCurve:
        return self.public_key().curve

    @property
    def key_size(self) -> int:
        return self.curve.key_size

    exchange = private_numbers = private_bytes = _refuse

    def __copy__(self) -> TokenEcKey:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> TokenEcKey:
        return self


class TokenRsaKey(rsa.RSAPrivateKey):
    """An RSA key in the token, signing with PKCS #1 v1.5."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def public_key(self) -> rsa.RSAPublicKey:
        public = serialization.load_der_public_key(self._key.public_key)
        if not isinstance(public, rsa.RSAPublicKey):
            raise Refusing("this key is no RSA key")
        return public

    def sign(self, data: Any, padding: object, algorithm: object) -> bytes:
        return self._key.sign(bytes(data))

    @property
    def key_size(self) -> int:
        return self.public_key().key_size

    decrypt = private_numbers = private_bytes = _refuse

    def __copy__(self) -> TokenRsaKey:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> TokenRsaKey:
        return self


class _Buildable(Protocol):
    def sign(self, private_key: Any, algorithm: Any) -> Any: ...


def sign_with(builder: _Buildable, key: SigningKey) -> Any:
    """What `builder` (of a certificate, list or request) makes of itself when signed with `key`."""
    public = serialization.load_der_public_key(key.public_key)
    private = TokenEcKey(key) if isinstance(public, ec.EllipticCurvePublicKey) else TokenRsaKey(key)
    return builder.sign(private, hashes.SHA256())
