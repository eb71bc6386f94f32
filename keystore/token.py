"""The one file that speaks PKCS#11 (through python-pkcs11). It translates: calls going in, errors coming out.

Everything here happens in one session, in one thread, now. Pools, deadlines, recovery and policy live elsewhere; this
room refuses to know them. A `Handle` means something only to the session that gave it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pkcs11
from asn1crypto.core import OctetString
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11.constants import DEFAULT, TokenFlag

from keystore import errors
from keystore.algorithms import ALGORITHMS, KeyFamily, SignatureAlgorithm

Handle = Any

WRAPPING_MECHANISM = Mechanism.AES_KEY_WRAP_PAD
_CURVES: dict[bytes, ec.EllipticCurve] = {bytes.fromhex("06082a8648ce3d030107"): ec.SECP256R1()}
_KEY_TYPES = {KeyFamily.EC: KeyType.EC, KeyFamily.RSA: KeyType.RSA}
_BY_NAME = {mechanism.value: mechanism for mechanism in Mechanism}

_HANDLE_LOST = (
    pkcs11.ObjectHandleInvalid,
    pkcs11.KeyHandleInvalid,
    pkcs11.UnwrappingKeyHandleInvalid,
    pkcs11.WrappingKeyHandleInvalid,
)
_SESSION_LOST = (pkcs11.SessionHandleInvalid, pkcs11.SessionClosed, pkcs11.OperationActive)
_TOKEN_LOST = (
    pkcs11.DeviceRemoved,
    pkcs11.DeviceError,
    pkcs11.DeviceMemory,
    pkcs11.HostMemory,
    pkcs11.TokenNotPresent,
    pkcs11.TokenNotRecognised,
    pkcs11.NoSuchToken,
    pkcs11.SlotIDInvalid,
    pkcs11.UserNotLoggedIn,
)
_PIN_REFUSED = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinExpired)
_MECHANISM_MISSING = (pkcs11.MechanismInvalid, pkcs11.MechanismParamInvalid, pkcs11.FunctionNotSupported)
_EXTRACTION_FORBIDDEN = (pkcs11.KeyUnextractable, pkcs11.KeyNotWrappable)


class WrongPin(Exception):
    """The token refused a PIN just now; `keystore.pin` remembers it and tells the world."""


class AlreadyThere(Exception):
    """Somebody in this process is logged in to this token already, so the PIN was not looked at."""


@contextmanager
def _translated(token: str = "") -> Iterator[None]:
    try:
        yield
    except pkcs11.PKCS11Error as problem:
        raise _translation(problem, token) from problem


def _translation(problem: pkcs11.PKCS11Error, token: str) -> Exception:
    answer = type(problem).__name__
    table: tuple[tuple[tuple[type[Exception], ...], Callable[[], Exception]], ...] = (
        (_HANDLE_LOST, lambda: errors.HandleLost("KEYSTORE_HANDLE_LOST", answer=answer)),
        (_SESSION_LOST, lambda: errors.SessionLost("KEYSTORE_SESSION_LOST", answer=answer)),
        (_TOKEN_LOST, lambda: errors.TokenLost("KEYSTORE_TOKEN_LOST", token=token, answer=answer)),
        (_PIN_REFUSED, WrongPin),
        ((pkcs11.SessionCount,), lambda: errors.TokenBusy("KEYSTORE_SESSIONS_EXHAUSTED", token=token, retry_after=1)),
        ((pkcs11.UserAlreadyLoggedIn,), AlreadyThere),
        ((pkcs11.PinLocked,), lambda: errors.PinRefused("KEYSTORE_PIN_LOCKED", token=token)),
        (_MECHANISM_MISSING, lambda: errors.MechanismMissing("KEYSTORE_MECHANISM_MISSING", mechanism=answer)),
        (_EXTRACTION_FORBIDDEN, lambda: errors.PolicyForbids("KEYSTORE_EXTRACTION_FORBIDDEN", answer=answer)),
    )
    for kinds, made in table:
        if isinstance(problem, kinds):
            return made()
    return errors.TokenAnswered("KEYSTORE_TOKEN_ANSWERED", answer=answer)


@cache
def _mechanism(code: int) -> Mechanism:
    """The member for `code`. python-pkcs11 takes no plain number, so a vendor's is dressed as a member."""
    if code in _BY_NAME:
        return _BY_NAME[code]
    member = int.__new__(Mechanism, code)
    member._name_, member._value_ = f"VENDOR_{code:#x}", code
    return member


@dataclass(frozen=True, kw_only=True)
class PinState:
    """What the token says about the failed tries of its PIN."""

    count_low: bool
    final_try: bool
    locked: bool


@dataclass(frozen=True, kw_only=True)
class NewPair:
    """A key pair just made: handles in the session, the public key as DER SubjectPublicKeyInfo."""

    private: Handle
    public: Handle
    public_key: bytes


@dataclass(frozen=True, kw_only=True)
class TokenObject:
    """One private or secret key resting in the token."""

    key_id: str
    label: str
    kind: str
    secret: bool
    sensitive: bool
    extractable: bool
    public_key: bytes | None
    algorithm: str | None


class Library:
    """A loaded module: its tokens, by label. Slot numbers change, so nothing here remembers one."""

    def __init__(self, path: Path) -> None:
        try:
            self._library = pkcs11.lib(str(path))
        except pkcs11.PKCS11Error as problem:
            reason = str(problem) or type(problem).__name__
            raise errors.KeyStoreMisconfigured("KEYSTORE_MODULE_NOT_LOADED", module=path, reason=reason) from problem
        self._path = path

    def describe(self) -> str:
        major, minor = self._library.library_version
        return f"{self._library.manufacturer_id.strip()} {major}.{minor} ({self._path})"

    def has_token(self, label: str) -> bool:
        with _translated(label):
            return any(self._library.get_tokens(token_label=label))

    def open(self, label: str, pin: str | None = None) -> TokenSession:
        """A read-write session; with `pin` it logs in. Raises WrongPin, AlreadyThere, TokenLost, TokenAnswered."""
        with _translated(label):
            return TokenSession(self._library.get_token(token_label=label).open(rw=True, user_pin=pin), label)

    def pin_state(self, label: str) -> PinState:
        with _translated(label):
            flags = self._library.get_token(token_label=label).flags
        return PinState(
            count_low=bool(flags & TokenFlag.USER_PIN_COUNT_LOW),
            final_try=bool(flags & TokenFlag.USER_PIN_FINAL_TRY),
            locked=bool(flags & TokenFlag.USER_PIN_LOCKED),
        )

    def mechanisms(self, label: str) -> set[int]:
        with _translated(label):
            return {int(code) for code in self._library.get_token(token_label=label).slot.get_mechanisms()}

    def empty_slot(self) -> int:
        """The number of a slot whose token is not initialised. Raises KeyStoreMisconfigured."""
        with _translated():
            for slot in self._library.get_slots(token_present=True):
                if not slot.get_token().flags & TokenFlag.TOKEN_INITIALIZED:
                    return int(slot.slot_id)
        raise errors.KeyStoreMisconfigured("KEYSTORE_TOKEN_NOT_MADE", token="", answer="no empty slot")

    def set_user_pin(self, label: str, *, so_pin: str, pin: str) -> None:
        """C_InitPIN as the security officer."""
        with _translated(label):
            session = self._library.get_token(token_label=label).open(rw=True, so_pin=so_pin)
            try:
                session.init_pin(pin)
            finally:
                session.close()


class TokenSession:
    """One session. Closing the one that logged in logs the whole token out, so its keeper closes it last."""

    def __init__(self, session: Any, token: str) -> None:
        self._session = session
        self._token = token

    def close(self) -> None:
        with _translated(self._token):
            self._session.close()

    def generate_pair(
        self, algorithm: SignatureAlgorithm, *, key_id: str, label: str, stored: bool, extractable: bool
    ) -> NewPair:
        """A pair whose private key is always sensitive; `extractable` for the instant of wrapping, never stored."""
        if stored and extractable:
            raise ValueError("what rests in the token never leaves it")
        options: dict[str, Any] = {
            "id": bytes.fromhex(key_id),
            "label": label,
            "store": stored,
            "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
            "private_template": {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: extractable},
        }
        with _translated(self._token):
            if algorithm.family is KeyFamily.EC:
                parameters = self._session.create_domain_parameters(
                    KeyType.EC, {Attribute.EC_PARAMS: algorithm.ec_parameters}, local=True
                )
                public, private = parameters.generate_keypair(**options)
            else:
                public, private = self._session.generate_keypair(KeyType.RSA, algorithm.key_bits, **options)
            return NewPair(private=private, public=public, public_key=_public_key(public))

    def generate_wrapping_key(self, *, key_id: str, label: str, stored: bool) -> Handle:
        """AES-256 that wraps and unwraps, and itself can never be taken out."""
        with _translated(self._token):
            return self._session.generate_key(
                KeyType.AES,
                256,
                id=bytes.fromhex(key_id),
                label=label,
                store=stored,
                capabilities=MechanismFlag.WRAP | MechanismFlag.UNWRAP,
                template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
            )

    def wrap(self, wrapping_key: Handle, key: Handle) -> bytes:
        with _translated(self._token):
            return bytes(wrapping_key.wrap_key(key, mechanism=WRAPPING_MECHANISM))

    def unwrap(
        self, wrapping_key: Handle, algorithm: SignatureAlgorithm, wrapped: bytes, *, extractable: bool
    ) -> Handle:
        """A session object that signs. `extractable` only for wrapping it again under another key."""
        template = {
            # python-pkcs11 fills in capabilities that a private key cannot have; DEFAULT takes them out again
            Attribute.ENCRYPT: DEFAULT,
            Attribute.WRAP: DEFAULT,
            Attribute.VERIFY: DEFAULT,
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: extractable,
        }
        with _translated(self._token):
            return wrapping_key.unwrap_key(
                ObjectClass.PRIVATE_KEY,
                _KEY_TYPES[algorithm.family],
                wrapped,
                mechanism=WRAPPING_MECHANISM,
                capabilities=MechanismFlag.SIGN,
                template=template,
                store=False,
            )

    def sign(self, key: Handle, mechanism: int, data: bytes) -> bytes:
        try:
            return bytes(key.sign(data, mechanism=_mechanism(mechanism)))
        except pkcs11.PKCS11Error as problem:
            raise _translation(problem, self._token) from problem

    def find_private(self, *, key_id: str, label: str) -> Handle | None:
        """The private key with this identifier AND this label. Raises KeyUnusable when there are several."""
        return self._find(ObjectClass.PRIVATE_KEY, key_id=key_id, label=label)

    def find_pairs(self, label: str) -> list[tuple[str, bytes]]:
        """Identifier and public key (DER) of every stored key pair with this label, oldest name first."""
        wanted = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.TOKEN: True, Attribute.LABEL: label}
        with _translated(self._token):
            return sorted((item[Attribute.ID].hex(), _public_key(item)) for item in self._session.get_objects(wanted))

    def find_wrapping_keys(self) -> list[tuple[str, str]]:
        """Label and identifier of every AES key stored in the token, sorted by label."""
        wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.TOKEN: True, Attribute.KEY_TYPE: KeyType.AES}
        with _translated(self._token):
            objects = list(self._session.get_objects(wanted))
            return sorted((item[Attribute.LABEL], item[Attribute.ID].hex()) for item in objects)

    def find_wrapping_key(self, key_id: str) -> Handle | None:
        return self._find(ObjectClass.SECRET_KEY, key_id=key_id, label=None)

    def _find(self, kind: ObjectClass, *, key_id: str, label: str | None) -> Handle | None:
        wanted: dict[Attribute, Any] = {
            Attribute.CLASS: kind,
            Attribute.TOKEN: True,
            Attribute.ID: bytes.fromhex(key_id),
        }
        if label is not None:
            wanted[Attribute.LABEL] = label
        with _translated(self._token):
            found = list(self._session.get_objects(wanted))
        if len(found) > 1:
            raise errors.KeyUnusable("KEYSTORE_KEY_AMBIGUOUS", token=self._token, label=label, key_id=key_id)
        return found[0] if found else None

    def destroy(self, key: Handle) -> None:
        with _translated(self._token):
            key.destroy()

    def destroy_stored(self, key_id: str, label: str) -> int:
        """Destroys every object in the token with this identifier and label. Returns how many there were."""
        wanted = {Attribute.TOKEN: True, Attribute.ID: bytes.fromhex(key_id), Attribute.LABEL: label}
        with _translated(self._token):
            found = list(self._session.get_objects(wanted))
            for item in found:
                item.destroy()
        return len(found)

    def stored_keys(self) -> list[TokenObject]:
        """Every private and secret key in the token; public keys are joined to their private ones by identifier."""
        with _translated(self._token):
            publics = {item[Attribute.ID]: item for item in self._stored(ObjectClass.PUBLIC_KEY)}
            private = [
                _described(item, publics.get(item[Attribute.ID])) for item in self._stored(ObjectClass.PRIVATE_KEY)
            ]
            return private + [_described(item, None) for item in self._stored(ObjectClass.SECRET_KEY)]

    def _stored(self, kind: ObjectClass) -> list[Any]:
        return list(self._session.get_objects({Attribute.CLASS: kind, Attribute.TOKEN: True}))


def _described(item: Any, public: Any) -> TokenObject:
    key_type = item[Attribute.KEY_TYPE]
    public_key = _public_key(public) if public is not None and _is_ours(public) else None
    return TokenObject(
        key_id=item[Attribute.ID].hex(),
        label=item[Attribute.LABEL],
        kind=getattr(key_type, "name", str(key_type)),
        secret=item[Attribute.CLASS] is ObjectClass.SECRET_KEY,
        sensitive=item[Attribute.SENSITIVE],
        extractable=item[Attribute.EXTRACTABLE],
        public_key=public_key,
        algorithm=None if public_key is None else _algorithm_of(public_key),
    )


def _is_ours(public: Any) -> bool:
    key_type = public[Attribute.KEY_TYPE]
    return key_type is KeyType.RSA or (key_type is KeyType.EC and public[Attribute.EC_PARAMS] in _CURVES)


def _public_key(public: Any) -> bytes:
    """DER SubjectPublicKeyInfo of a public key object."""
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    if public[Attribute.KEY_TYPE] is KeyType.EC:
        curve = _CURVES[public[Attribute.EC_PARAMS]]
        point = OctetString.load(public[Attribute.EC_POINT]).native
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    else:
        exponent = int.from_bytes(public[Attribute.PUBLIC_EXPONENT], "big")
        key = rsa.RSAPublicNumbers(exponent, int.from_bytes(public[Attribute.MODULUS], "big")).public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _algorithm_of(public_key: bytes) -> str | None:
    key = serialization.load_der_public_key(public_key)
    family = KeyFamily.EC if isinstance(key, ec.EllipticCurvePublicKey) else KeyFamily.RSA
    bits = getattr(key, "key_size", 0)
    return next((row.oid for row in ALGORITHMS.values() if row.family is family and row.key_bits == bits), None)
