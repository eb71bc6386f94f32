"""Who a certificate says its holder is, and whether that is a body's seal or a person's signature.

Names are read leniently: real authorities have issued them with wrong string types, and a name that cannot be decoded
must not decide a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

from sealverify import ber, der, oids
from sealverify.certificate import extensions, subject_name
from sealverify.errors import Malformed

_COMMON_NAME, _ORGANIZATION, _UNIT = "2.5.4.3", "2.5.4.10", "2.5.4.11"
_PERSON = frozenset(("2.5.4.4", "2.5.4.42"))
_POLICIES, _EXTENDED_USAGE, _KEY_USAGE, _BASIC = "2.5.29.32", "2.5.29.37", "2.5.29.15", "2.5.29.19"
_SERVICES = frozenset((oids.TSA_CERTIFICATE_POLICY, oids.STATUS_CERTIFICATE_POLICY))
_ENCODINGS = {0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x0C: "utf-8"}


@dataclass(frozen=True)
class Signer:
    """As the certificate's subject has it; `identifier` is organizationIdentifier, such as a credit code."""

    name: str | None
    organization: str | None
    identifier: str | None = None

    def as_json(self) -> dict[str, str | None]:
        return {"name": self.name, "organization": self.organization, "identifier": self.identifier}


def signer_of(certificate: bytes) -> Signer:
    subject = _subject(certificate)
    organization = subject.get(_ORGANIZATION)
    name = subject.get(_COMMON_NAME) or organization or subject.get(_UNIT)
    return Signer(name, organization, subject.get(oids.ORGANIZATION_IDENTIFIER))


def _subject(certificate: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for part in ber.read_whole(subject_name(certificate)).children():
            for pair in part.children():
                kind, value = pair.children()
                text = value.content.decode(_ENCODINGS.get(value.tag, "utf-8"), "replace")
                found.setdefault(kind.oid(), text[:300])
    except (Malformed, ValueError):
        return found
    return found


def is_seal(certificate: bytes) -> bool:
    """Whether the certificate's profile is that of a body's seal: it says so by our policy or by QcType eseal, or its
    subject is an organisation with its identifier and no person."""
    policies = _policies(certificate)
    if oids.SEAL_CERTIFICATE_POLICY in policies:
        return True
    if oids.PERSON_CERTIFICATE_POLICY in policies:
        return False
    if oids.QC_TYPE_ESEAL in _qualified_types(certificate):
        return True
    subject = _subject(certificate)
    return oids.ORGANIZATION_IDENTIFIER in subject and not _PERSON & subject.keys()


def _extension(certificate: bytes, oid: str) -> ber.Element | None:
    value = extensions(certificate).get(oid)
    return ber.read_whole(value) if value else None


def _policies(certificate: bytes) -> set[str]:
    try:
        value = _extension(certificate, _POLICIES)
        return {item.children()[0].oid() for item in value.children()} if value else set()
    except (Malformed, IndexError):
        return set()


def _qualified_types(certificate: bytes) -> set[str]:
    try:
        value = _extension(certificate, oids.QC_STATEMENTS)
        statements = [item.children() for item in value.children()] if value else []
        listed = [item[1] for item in statements if len(item) == 2 and item[0].oid() == oids.QC_TYPE]
        return {kind.oid() for item in listed for kind in item.children()}
    except (Malformed, IndexError):
        return set()


def may_sign(certificate: bytes) -> bool:
    """Whether an end entity may sign documents with it: no authority and none of our own services; what it says of its
    key's usage and purposes, if it says anything, includes that (RFC 5280 §4.2.1.3, §4.2.1.12; RFC 9336)."""
    try:
        basic, usage = _extension(certificate, _BASIC), _extension(certificate, _KEY_USAGE)
        if basic is not None and any(item.tag == 0x01 and item.content != b"\x00" for item in basic.children()):
            return False
        if usage is not None and not usage.expect(der.BIT_STRING).content[1] & 0xC0:
            return False
        purposes = _extension(certificate, _EXTENDED_USAGE)
        fits = purposes is None or any(item.oid() in oids.DOCUMENT_PURPOSES for item in purposes.children())
        return fits and not _SERVICES & _policies(certificate)
    except (Malformed, IndexError):
        return False


def may_sign_lists(certificate: bytes) -> bool:
    """Whether an authority's key usage, if stated, has cRLSign (RFC 5280 §4.2.1.3)."""
    try:
        usage = _extension(certificate, _KEY_USAGE)
        return usage is None or bool(usage.expect(der.BIT_STRING).content[1] & 0x02)
    except (Malformed, IndexError):
        return False


def may_timestamp(certificate: bytes) -> bool:
    """RFC 3161 §2.3: extended key usage is there, critical, and says time-stamping and nothing else."""
    try:
        if _EXTENDED_USAGE not in extensions(certificate):
            return False
        for group in ber.read_whole(certificate).children()[0].children():
            if group.tag == 0xA3:
                return _only_timestamps(group.children()[0])
    except (Malformed, IndexError):
        return False
    return False


def _only_timestamps(listed: ber.Element) -> bool:
    for extension in listed.children():
        kind, *critical, value = extension.children()
        if kind.oid() == _EXTENDED_USAGE:
            usages = [item.oid() for item in ber.read_whole(value.octets()).children()]
            return usages == [oids.TIME_STAMPING] and bool(critical) and critical[0].content != b"\x00"
    return False
