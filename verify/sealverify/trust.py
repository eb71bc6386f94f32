"""Whom the caller trusts: anchors and revocation lists, from a PEM file. Nobody is trusted by default.

Reads what was given and asks nobody else; the operating system's list of authorities for web sites says nothing about
seals and is not consulted.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from sealverify import ber
from sealverify.certificate import subject_name
from sealverify.errors import MalformedCms, MalformedTrust

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----\s*([A-Za-z0-9+/=\s]*)-----END \1-----")
_CERTIFICATE_LABELS = frozenset((b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"))
_MAX_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Trust:
    """`anchors` are DER certificates whose holders are believed; `crls` (DER) say which are revoked."""

    anchors: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    @classmethod
    def from_pem(cls, data: bytes) -> Trust:
        """From PEM with CERTIFICATE and X509 CRL blocks, in any order; text between them is ignored.

        Raises MalformedTrust when a block cannot be read, or when there is no certificate."""
        anchors, crls = [], []
        for label, body in _BLOCK.findall(data):
            if label in _CERTIFICATE_LABELS:
                anchors.append(_certificate(_decoded(body)))
            elif label == b"X509 CRL":
                crls.append(_list(_decoded(body)))
        if not anchors:
            raise MalformedTrust("TRUST_NOT_PEM")
        return cls(tuple(dict.fromkeys(anchors)), tuple(crls))

    @classmethod
    def from_files(cls, paths: Sequence[Path]) -> Trust:
        """All of them together. Raises MalformedTrust with the first that cannot be read."""
        each = [cls.from_file(path) for path in paths]
        anchors = dict.fromkeys(anchor for trust in each for anchor in trust.anchors)
        return cls(tuple(anchors), tuple(crl for trust in each for crl in trust.crls))

    @classmethod
    def from_file(cls, path: Path) -> Trust:
        """Raises MalformedTrust, for a file that is not there as well."""
        try:
            with path.open("rb") as file:
                return cls.from_pem(file.read(_MAX_BYTES))
        except OSError as problem:
            raise MalformedTrust("TRUST_NO_FILE", path=path) from problem


def _decoded(body: bytes) -> bytes:
    try:
        return base64.b64decode(re.sub(rb"\s", b"", body), validate=True)
    except binascii.Error as problem:
        raise MalformedTrust("TRUST_BLOCK") from problem


def _certificate(data: bytes) -> bytes:
    try:
        subject_name(data)
    except MalformedCms as problem:
        raise MalformedTrust("TRUST_BLOCK") from problem
    return ber.read(data).encoded


def _list(data: bytes) -> bytes:
    try:
        x509.load_der_x509_crl(data)
    except Exception as problem:  # the library raises several kinds
        raise MalformedTrust("TRUST_BLOCK") from problem
    return data
