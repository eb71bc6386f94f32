"""Programs of others that judge a sealed file: OpenSSL on the bare signature, stock pyHanko on the whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from tests.support.openssl import openssl

_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


@dataclass(frozen=True)
class Covered:
    """What one signature covers, and its CMS, cut out of the file by its ByteRange."""

    content: bytes
    cms: bytes
    reaches_end: bool


def covered(path: Path) -> list[Covered]:
    """Every signature of a file, oldest first, found by nothing but its ByteRange."""
    data = path.read_bytes()
    found = []
    for match in _RANGE.finditer(data):
        first, before, second, after = map(int, match.groups())
        cms = bytes.fromhex(data[before + 1 : second - 1].decode())
        content = data[first : first + before] + data[second : second + after]
        found.append(Covered(content, _without_padding(cms), second + after == len(data)))
    return sorted(found, key=lambda item: len(item.content))


def _without_padding(cms: bytes) -> bytes:
    """DER says itself how long it is; behind it are the zeros that filled the place."""
    count = cms[1] & 0x7F
    length = int.from_bytes(cms[2 : 2 + count], "big") + 2 + count
    assert not cms[length:].strip(b"\0")
    return cms[:length]


def openssl_verifies(signature: Covered, root: Path, folder: Path) -> str:
    """`openssl cms -verify` with the chain up to `root`. Raises AssertionError with what OpenSSL says."""
    (folder / "content.bin").write_bytes(signature.content)
    (folder / "signature.der").write_bytes(signature.cms)
    return openssl(
        *("cms", "-verify", "-binary", "-inform", "DER", "-in", folder / "signature.der"),
        *("-content", folder / "content.bin", "-CAfile", root, "-purpose", "any", "-out", folder / "out.bin"),
    )


def pyhanko_trusting(path: Path, root: Path) -> list[PdfSignatureStatus]:
    """Stock pyHanko's status of each signature, oldest first, trusting `root` alone and fetching nothing."""
    anchor = load_cert_from_pemder(root)
    with path.open("rb") as file:
        reader = PdfFileReader(file, strict=False)
        statuses = []
        for signature in reader.embedded_signatures:
            context = ValidationContext(trust_roots=[anchor], allow_fetching=False)
            statuses.append(validate_pdf_signature(signature, context, context))
        return statuses


def signer_of(signature: Covered, root: Path, folder: Path) -> x509.Certificate:
    """The certificate that OpenSSL took for the signer's."""
    openssl_verifies(signature, root, folder)
    openssl(
        *("cms", "-verify", "-binary", "-inform", "DER", "-in", folder / "signature.der"),
        *("-content", folder / "content.bin", "-CAfile", root, "-purpose", "any", "-out", folder / "out.bin"),
        *("-signer", folder / "signer.pem"),
    )
    return x509.load_pem_x509_certificate((folder / "signer.pem").read_bytes())
