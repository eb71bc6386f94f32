"""The certificates that travel along with a signature: is each of them whole, and is it there for a reason?

No signature covers them, and a path may be found without them or over another copy; so a damaged one would go unseen
by everything else that is judged. Looks at every one, by the signature of its issuer where that is known. Whom we trust
is `chain`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from sealverify.certificate import (
    authority_key_identifier,
    issuer_and_serial,
    public_key,
    signed_parts,
    subject_key_identifier,
    subject_name,
)
from sealverify.errors import AlgorithmUnknown, Malformed, SignatureWrong
from sealverify.keys import check_signature


class Fault(StrEnum):
    """Codes of the catalogue."""

    DAMAGED = "NOTE_CERTIFICATE_DAMAGED"
    """Unreadable; or not signed by the issuer it names, though that one is here; or a copy that is not like another."""
    UNUSED = "NOTE_CERTIFICATE_UNUSED"
    """Nobody here issued it, or it is not above the signer's."""


def fault_among(companions: Sequence[bytes], signer: bytes, around: Iterable[bytes]) -> Fault | None:
    """The worst fault among `companions`, which came with the certificate `signer` (DER, all of them). `around` are
    other certificates that may have issued them: anchors, a store's. Callers bound their number."""
    known = list(dict.fromkeys([*companions, signer, *around]))
    faults = [_fault(companion, known) for companion in companions]
    if Fault.DAMAGED in faults:
        return Fault.DAMAGED
    above = _above(signer, known)
    return Fault.UNUSED if Fault.UNUSED in faults or not above.issuperset(companions) else None


def _fault(certificate: bytes, known: Sequence[bytes]) -> Fault | None:
    try:
        number = issuer_and_serial(certificate)
        signed = [_issued(certificate, issuer) for issuer in known if _is_named(issuer, certificate)]
    except Malformed:
        return Fault.DAMAGED
    if True in signed:
        return None
    differs = any(item != certificate and _is_numbered(item, number) for item in known)
    return Fault.DAMAGED if False in signed or differs else Fault.UNUSED


def _is_named(issuer: bytes, certificate: bytes) -> bool:
    """Whether `certificate` names `issuer`: by its key where both say which (RFC 5280 §4.2.1.1), else by its name.

    Raises Malformed when `certificate` cannot be read."""
    name, wanted = issuer_and_serial(certificate)[0], authority_key_identifier(certificate)
    try:
        found = subject_key_identifier(issuer)
        return subject_name(issuer) == name if wanted is None or found is None else wanted == found
    except Malformed:
        return False


def _issued(certificate: bytes, issuer: bytes) -> bool | None:
    """Whether `issuer` signed `certificate`; None when the algorithm is not known. Raises Malformed."""
    message, algorithm, signature = signed_parts(certificate)
    try:
        check_signature(public_key(issuer), algorithm, message, signature, digest="sha256")
    except SignatureWrong:
        return False
    except AlgorithmUnknown:
        return None
    return True


def _is_numbered(certificate: bytes, number: tuple[bytes, bytes]) -> bool:
    try:
        return issuer_and_serial(certificate) == number
    except Malformed:
        return False


def _above(certificate: bytes, known: Sequence[bytes]) -> set[bytes]:
    """`certificate` and all among `known` that issued it, or one above it."""
    found, waiting = {certificate}, [certificate]
    while waiting:
        below = waiting.pop()
        more = {item for item in known if item not in found and _is_above(item, below)}
        found |= more
        waiting.extend(more)
    return found


def _is_above(issuer: bytes, certificate: bytes) -> bool:
    try:
        return _is_named(issuer, certificate) and _issued(certificate, issuer) is True
    except Malformed:
        return False
