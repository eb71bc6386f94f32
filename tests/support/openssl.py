"""What OpenSSL says about certificates, requests and revocation lists of ours: a judge who never saw our code."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_CRL = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----\n", re.DOTALL)


def openssl(*arguments: str | Path, data: bytes | None = None) -> str:
    """Both outputs of `openssl …`. Raises AssertionError, with what it said, when it does not succeed."""
    done = _run(arguments, data)
    assert done.returncode == 0, f"openssl {' '.join(map(str, arguments))}\n{_said(done)}"
    return _said(done)


def openssl_refuses(*arguments: str | Path, data: bytes | None = None) -> str:
    """What it said when it did not succeed; raises AssertionError when it did."""
    done = _run(arguments, data)
    assert done.returncode != 0, f"openssl {' '.join(map(str, arguments))} is content:\n{_said(done)}"
    return _said(done)


def _run(arguments: tuple[str | Path, ...], data: bytes | None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, check=False)


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def pem_of(*certificates: bytes) -> bytes:
    """DER certificates as one PEM."""
    return b"".join(x509.load_der_x509_certificate(item).public_bytes(Encoding.PEM) for item in certificates)


def as_text(der: bytes) -> str:
    """`openssl x509 -text`: how a stranger reads the certificate."""
    return openssl("x509", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus", data=pem_of(der))


def crls_of(path: Path) -> list[x509.CertificateRevocationList]:
    """The revocation lists in a trust file, in its order."""
    return [x509.load_pem_x509_crl(block) for block in _CRL.findall(path.read_bytes())]
