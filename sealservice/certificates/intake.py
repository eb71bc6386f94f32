"""What an outside authority answered, looked at before it is kept: would anybody accept what is sealed with it?

Each link is looked at by itself, so that a refusal can name it (RFC 5280, section 6.1, with the end of the chain held
to the same rules as its middle); then our own verifier builds the path, as every recipient's will. That the leaf
speaks for the seal's owner is looked at here as well: the key is in our token, so nobody else would notice.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from sealservice.certificates.issuing import CertificateOrder
from sealservice.certificates.profiles import ProfileName
from sealservice.certificates.queries import der
from sealservice.kernel.errors import InvalidInput
from sealverify.chain import build_chain
from sealverify.identity import may_sign
from sealverify.policy import Policy
from sealverify.trust import Trust

E = TypeVar("E", bound=x509.ExtensionType)

_LONGEST = 10


def load_chain(pem: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM, leaf first. Raises InvalidInput (CERTIFICATE_CHAIN_UNREADABLE, …_SHORT, …_LONG)."""
    try:
        chain = x509.load_pem_x509_certificates(pem)
        for item in chain:
            _ = item.extensions  # what cannot be read shows only when it is read
    except (ValueError, x509.DuplicateExtension):
        raise InvalidInput("CERTIFICATE_CHAIN_UNREADABLE") from None
    if len(chain) > _LONGEST:
        raise InvalidInput("CERTIFICATE_CHAIN_LONG", count=len(chain), most=_LONGEST)
    return chain


def examine_chain(chain: Sequence[x509.Certificate], order: CertificateOrder, *, now: datetime) -> None:
    """Raises InvalidInput with what does not fit, and in which certificate."""
    leaf = chain[0]
    if _public_key(leaf) != order.key.public_key:
        raise InvalidInput("CERTIFICATE_OF_ANOTHER_KEY", name=_name(leaf))
    for item in chain:
        if not item.not_valid_before_utc <= now <= item.not_valid_after_utc:
            since, until = item.not_valid_before_utc.isoformat(), item.not_valid_after_utc.isoformat()
            raise InvalidInput("CERTIFICATE_OUT_OF_TIME", name=_name(item), since=since, until=until)
    if not may_sign(der(leaf)):
        raise InvalidInput("CERTIFICATE_MAY_NOT_SIGN", name=_name(leaf))
    _examine_subject(leaf, order)
    if len(chain) == 1:
        raise InvalidInput("CERTIFICATE_CHAIN_SHORT", name=_name(leaf))
    for position, (below, above) in enumerate(pairwise(chain)):
        _examine_link(below, above, between=position)
    _examine_path([der(item) for item in chain], now)


def _examine_link(below: x509.Certificate, above: x509.Certificate, *, between: int) -> None:
    """`above` issued `below`, and may have; `between` certificates lie between `above` and the leaf."""
    names = {"below": _name(below), "above": _name(above)}
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        raise InvalidInput("CERTIFICATE_CHAIN_BROKEN", **names) from None
    constraints, usage = _find(above, x509.BasicConstraints), _find(above, x509.KeyUsage)
    if constraints is None or not constraints.ca:
        raise InvalidInput("CERTIFICATE_NO_AUTHORITY", **names)
    if usage is not None and not usage.key_cert_sign:
        raise InvalidInput("CERTIFICATE_MAY_NOT_ISSUE", **names)
    if constraints.path_length is not None and constraints.path_length < between:
        raise InvalidInput("CERTIFICATE_PATH_TOO_LONG", allowed=constraints.path_length, found=between, **names)


def _examine_path(chain: list[bytes], now: datetime) -> None:
    """What the rules above leave out (algorithms, names, critical extensions), the verifier knows."""
    path = build_chain(chain[0], chain[1:-1], Policy(trust=Trust(anchors=(chain[-1],)), at=now), at=now)
    if path.sub_indication is not None or not path.path:
        raise InvalidInput("CERTIFICATE_CHAIN_NOT_ACCEPTED", reason=path.sub_indication)


def _examine_subject(leaf: x509.Certificate, order: CertificateOrder) -> None:
    """The owner by name, by code or by both; for a person's seal the person. What is said must be right."""
    wanted = order.subject
    codes = {wanted.credit_code, f"NTRCN-{wanted.credit_code}"}
    identifiers = _values(leaf, NameOID.ORGANIZATION_IDENTIFIER)
    organizations = _values(leaf, NameOID.ORGANIZATION_NAME)
    for value in identifiers:
        if value not in codes:
            raise _differs(leaf, "organizationIdentifier (2.5.4.97)", value, f"NTRCN-{wanted.credit_code}")
    for value in organizations:
        if _folded(value) not in {_folded(wanted.organization or ""), _folded((wanted.organization or "")[:64])}:
            raise _differs(leaf, "organizationName (O)", value, wanted.organization)
    if order.profile is ProfileName.PERSON:
        people = _values(leaf, NameOID.COMMON_NAME)
        if _folded(wanted.common_name) not in map(_folded, people):
            raise _differs(leaf, "commonName (CN)", ", ".join(people), wanted.common_name)
    elif not identifiers and not organizations:
        raise _differs(leaf, "organizationName (O)", "", wanted.organization)


def _differs(leaf: x509.Certificate, attribute: str, given: str, wanted: str | None) -> InvalidInput:
    return InvalidInput(
        "CERTIFICATE_OF_ANOTHER_OWNER", name=_name(leaf), attribute=attribute, given=given or "–", wanted=wanted
    )


def _values(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(oid)]


def _folded(text: str) -> str:
    """Full-width and half-width brackets are one; so are runs of blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _find(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


def _public_key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
