"""What stands in one X.509 certificate, byte for byte (RFC 5280 §4.1).

Reads only what has to be compared or copied exactly, from the bytes as received, because real certificates break the
rules of names and numbers that libraries insist on. Whether a certificate is to be believed is `chain`.
"""

from __future__ import annotations

from sealverify import ber, der
from sealverify.algorithms import AlgorithmIdentifier
from sealverify.errors import MalformedCms, MalformedDer

_SUBJECT_KEY_IDENTIFIER, _AUTHORITY_KEY_IDENTIFIER = "2.5.29.14", "2.5.29.35"


def _tbs_fields(certificate: bytes) -> list[ber.Element]:
    """The fields of TBSCertificate from the serial number on (RFC 5280 §4.1)."""
    try:
        fields = ber.read_whole(certificate).expect(der.SEQUENCE).children()[0].expect(der.SEQUENCE).children()
    except (MalformedDer, IndexError) as problem:
        raise MalformedCms("CMS_CERTIFICATE") from problem
    fields = fields[1:] if fields and fields[0].tag == 0xA0 else fields
    if len(fields) < 6 or fields[0].tag != der.INTEGER:
        raise MalformedCms("CMS_CERTIFICATE")
    return fields


def issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """Issuer (a whole Name) and serial number (a whole INTEGER) of a DER certificate. Raises MalformedCms."""
    fields = _tbs_fields(certificate)
    return fields[2].encoded, fields[0].encoded


def subject_name(certificate: bytes) -> bytes:
    """The subject (a whole Name) of a DER certificate. Raises MalformedCms."""
    return _tbs_fields(certificate)[4].encoded


def public_key(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a DER certificate. Raises MalformedCms."""
    return _tbs_fields(certificate)[5].encoded


def extensions(certificate: bytes) -> dict[str, bytes]:
    """The content of each extension by OID. Raises MalformedCms, for an extension that stands twice as well."""
    found: dict[str, bytes] = {}
    try:
        for group in (item for item in _tbs_fields(certificate) if item.tag == 0xA3):
            for extension in group.children()[0].expect(der.SEQUENCE).children():
                kind, *_critical, value = extension.expect(der.SEQUENCE).children()
                if kind.oid() in found:
                    raise MalformedCms("CMS_CERTIFICATE")
                found[kind.oid()] = value.octets()
    except (MalformedDer, IndexError, ValueError) as problem:
        raise MalformedCms("CMS_CERTIFICATE") from problem
    return found


def subject_key_identifier(certificate: bytes) -> bytes | None:
    """Raises MalformedCms."""
    value = extensions(certificate).get(_SUBJECT_KEY_IDENTIFIER)
    try:
        return ber.read_whole(value).octets() if value else None
    except MalformedDer as problem:
        raise MalformedCms("CMS_CERTIFICATE") from problem


def authority_key_identifier(certificate: bytes) -> bytes | None:
    """What the certificate says of its issuer's key, None when it says nothing. Raises MalformedCms."""
    value = extensions(certificate).get(_AUTHORITY_KEY_IDENTIFIER)
    try:
        fields = ber.read_whole(value).expect(der.SEQUENCE).children() if value else []
    except MalformedDer as problem:
        raise MalformedCms("CMS_CERTIFICATE") from problem
    return next((item.content for item in fields if item.tag == 0x80), None)


def signed_parts(certificate: bytes) -> tuple[bytes, AlgorithmIdentifier, bytes]:
    """What its issuer signed, with which algorithm, and the signature. Raises MalformedCms, also when the algorithm
    that is signed is not the one stated outside (RFC 5280 §4.1.1.2)."""
    try:
        signed, algorithm, signature = ber.read_whole(certificate).expect(der.SEQUENCE).children()
        bits = signature.expect(der.BIT_STRING).content
        if _tbs_fields(certificate)[1].encoded != algorithm.encoded or bits[:1] != b"\x00":
            raise MalformedCms("CMS_CERTIFICATE")
        return signed.encoded, AlgorithmIdentifier.of(algorithm), bits[1:]
    except (MalformedDer, ValueError) as problem:
        raise MalformedCms("CMS_CERTIFICATE") from problem
