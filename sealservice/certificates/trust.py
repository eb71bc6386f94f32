"""The file that verifiers are given: our anchor, and what was revoked since, in PEM.

The lists of all are in it: the root's, signed in its last ceremony, and a fresh one by every issuing certificate that
stands. The file is written aside and renamed, so that whoever reads it never sees half of one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sealservice.certificates.authority import Authority
from sealservice.certificates.revocation import PUBLISHER

_PEM = serialization.Encoding.PEM
_LISTS = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_NEVER = datetime.max.replace(tzinfo=UTC)


class TrustFile:
    def __init__(self, authority: Authority, folder: Path) -> None:
        self._authority, self.path, self._root_list = authority, folder / "anchors.pem", folder / "root.crl"

    def publish(self, *, root_revocation_list: bytes | None = None, actor: str = PUBLISHER) -> Path:
        """Writes the file anew and returns its path; right after a ceremony, with the root's new list (DER).

        Raises Misconfigured("AUTHORITY_MISSING") before a ceremony."""
        anchor = x509.load_der_x509_certificate(self._authority.anchor())
        issued = [
            x509.load_der_x509_crl(item).public_bytes(_PEM) for item in self._authority.revocation_lists(actor=actor)
        ]
        self.path.parent.mkdir(exist_ok=True)
        if root_revocation_list is not None:
            self._write(self._root_list, x509.load_der_x509_crl(root_revocation_list).public_bytes(_PEM))
        root_list = self._root_list.read_bytes() if self._root_list.exists() else b""
        name = anchor.subject.rfc4514_string()
        parts = (f"# Trust anchor: {name}\n".encode(), anchor.public_bytes(_PEM), root_list, *issued)
        self._write(self.path, b"".join(parts))
        return self.path

    def first_to_end(self) -> x509.CertificateRevocationList | None:
        """The list in the file that is the first to be out of date; None when there is no file, or none in it."""
        try:
            lists = [x509.load_pem_x509_crl(block) for block in _LISTS.findall(self.path.read_bytes())]
        except FileNotFoundError:
            return None
        return min(lists, key=lambda item: item.next_update_utc or _NEVER, default=None)

    def _write(self, path: Path, content: bytes) -> None:
        draft = path.with_suffix(".part")
        draft.write_bytes(content)
        draft.replace(path)
