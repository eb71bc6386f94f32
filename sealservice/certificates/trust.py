"""The file that verifiers are given: our anchor, and what was revoked since, in PEM.

It is written aside and renamed, so that whoever reads it never sees half of one.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sealservice.certificates.authority import Authority


class TrustFile:
    def __init__(self, authority: Authority, folder: Path) -> None:
        self._authority, self.path = authority, folder / "anchors.pem"

    def publish(self) -> Path:
        """Writes the file anew and returns its path. Raises Misconfigured("AUTHORITY_MISSING") before a ceremony."""
        anchor = x509.load_der_x509_certificate(self._authority.anchor())
        revoked = x509.load_der_x509_crl(self._authority.revocation_list())
        self.path.parent.mkdir(exist_ok=True)
        draft = self.path.with_suffix(".part")
        name = anchor.subject.rfc4514_string()
        draft.write_bytes(
            f"# Trust anchor: {name}\n".encode()
            + anchor.public_bytes(serialization.Encoding.PEM)
            + b"# What its issuing authority has revoked\n"
            + revoked.public_bytes(serialization.Encoding.PEM)
        )
        draft.replace(self.path)
        return self.path
