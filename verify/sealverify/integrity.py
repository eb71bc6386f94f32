"""Does the signature hold over the bytes it covers? CMS, digest, signature value, the certificate it is bound to.

The first half of every verdict (EN 319 102-1 §5.2.2, §5.2.7), and only that half: a hash that matches is never "valid"
by itself. Who the signer is, when it was and what happened afterwards is asked elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha1

from sealverify import ber, der, oids
from sealverify.algorithms import AlgorithmIdentifier, hash_name
from sealverify.certificate import public_key
from sealverify.digest import Digest
from sealverify.errors import AlgorithmUnknown, Malformed, MalformedCms, SignatureWrong
from sealverify.signed_data import SignedData, read_signed_data
from sealverify.subindication import SubIndication

DigestOf = Callable[[str], Digest]
"""Computes the digest of the covered content with the named hash."""


class IntegrityState(StrEnum):
    INTACT = "INTACT"
    BROKEN = "BROKEN"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Integrity:
    """`certificate` (DER) is the signer's where the CMS brought it along; `notes` are codes of the catalogue."""

    state: IntegrityState
    sub_indication: SubIndication | None = None
    signed: SignedData | None = None
    certificate: bytes | None = None
    notes: tuple[str, ...] = ()


def broken(sub_indication: SubIndication, *notes: str) -> Integrity:
    return Integrity(IntegrityState.BROKEN, sub_indication, notes=notes)


def check_cms(contents: bytes, digest_of: DigestOf) -> Integrity:
    """A detached CMS, as /Contents of a PDF signature has it."""
    try:
        signed = read_signed_data(contents)
    except MalformedCms as problem:
        return broken(SubIndication.FORMAT_FAILURE, problem.code)
    if signed.content is not None:
        return broken(SubIndication.FORMAT_FAILURE, "NOTE_ENCAPSULATED")
    return check_signed_data(signed, digest_of)


def check_signed_data(signed: SignedData, digest_of: DigestOf) -> Integrity:
    """In the order of the standard: content digest, signer's certificate, signature value, signed certificate."""
    try:
        signed.check_attributes(digest=digest_of(signed.signer.digest_name))
    except SignatureWrong as problem:
        return _with(signed, IntegrityState.BROKEN, SubIndication.HASH_FAILURE, problem.code)
    except AlgorithmUnknown as problem:
        return _with(signed, IntegrityState.UNKNOWN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, problem.code)
    except Malformed as problem:
        return _with(signed, IntegrityState.BROKEN, SubIndication.FORMAT_FAILURE, problem.code)
    certificate = signed.signer_certificate()
    if certificate is None:
        return _with(signed, IntegrityState.UNKNOWN, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "NOTE_NO_CERTIFICATE")
    return _check_value(signed, certificate)


def _check_value(signed: SignedData, certificate: bytes) -> Integrity:
    try:
        signed.check_signature(public_key(certificate))
    except SignatureWrong as problem:
        return _with(signed, IntegrityState.BROKEN, SubIndication.SIG_CRYPTO_FAILURE, problem.code)
    except AlgorithmUnknown as problem:
        return _with(signed, IntegrityState.UNKNOWN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, problem.code)
    except Malformed as problem:
        return _with(signed, IntegrityState.BROKEN, SubIndication.FORMAT_FAILURE, problem.code)
    is_bound = _bound_certificate(signed, certificate)
    notes = _deviations(signed)
    sub_indication = SubIndication.SIG_CONSTRAINTS_FAILURE if notes else None
    if is_bound is False:
        sub_indication, notes = SubIndication.SIG_CONSTRAINTS_FAILURE, [*notes, "NOTE_OTHER_CERTIFICATE"]
    return Integrity(IntegrityState.INTACT, sub_indication, signed, certificate, tuple(notes))


def _deviations(signed: SignedData) -> list[str]:
    try:
        return [f"DEVIATION_{deviation}" for deviation in signed.deviations]
    except Malformed as problem:
        return [problem.code]


def _with(signed: SignedData, state: IntegrityState, sub_indication: SubIndication, note: str) -> Integrity:
    return Integrity(state, sub_indication, signed, signed.signer_certificate(), (note,))


def names_its_certificate(signed: SignedData) -> bool:
    """Whether a signed attribute binds the signer's certificate, as PAdES demands (EN 319 142-1 §6.3)."""
    attributes = signed.signer.attributes
    return oids.SIGNING_CERTIFICATE_V2 in attributes or oids.SIGNING_CERTIFICATE in attributes


def bound(integrity: Integrity) -> Integrity:
    """The same, unless nothing that is signed binds the certificate where the format demands it (EN 319 122-1 §5.2.2,
    RFC 3161 §2.4.2): then somebody else's certificate for the same key could stand in its place."""
    if integrity.sub_indication is not None or integrity.signed is None or names_its_certificate(integrity.signed):
        return integrity
    notes = (*integrity.notes, "NOTE_UNBOUND")
    return replace(integrity, sub_indication=SubIndication.SIG_CONSTRAINTS_FAILURE, notes=notes)


def _bound_certificate(signed: SignedData, certificate: bytes) -> bool | None:
    """Whether the certificate is the one that the signature binds (RFC 5035 §5.4); None when it binds none."""
    if not names_its_certificate(signed):
        return None
    try:
        new, old = (signed.signer.value(oid) for oid in (oids.SIGNING_CERTIFICATE_V2, oids.SIGNING_CERTIFICATE))
        return (new is None or _matches(new, certificate)) and (old is None or _matches_old(old, certificate))
    except (Malformed, AlgorithmUnknown, IndexError):
        return False


def _first(attribute: ber.Element) -> list[ber.Element]:
    """The fields of the first ESSCertID, which is the signer's."""
    return attribute.expect(der.SEQUENCE).children()[0].expect(der.SEQUENCE).children()[0].children()


def _matches(attribute: ber.Element, certificate: bytes) -> bool:
    fields = _first(attribute)
    algorithm = "sha256"
    if fields[0].tag == der.SEQUENCE:
        algorithm = hash_name(AlgorithmIdentifier.of(fields.pop(0)))
    return fields[0].octets() == Digest.of(certificate, algorithm=algorithm).value


def _matches_old(attribute: ber.Element, certificate: bytes) -> bool:
    return _first(attribute)[0].octets() == sha1(certificate, usedforsecurity=False).digest()
