"""A department with a software key: orders a document prepared, signs it with our own CMS, and keeps the result.

The real parts are used throughout (workers, CMS); only the key is not in a token, because the token has tests of its
own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import typst
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sealservice.workers import Placement, Preparation, PreparationOrder, WorkerPool
from sealverify.cms import SignerTemplate
from sealverify.oids import DATA

SAMPLES = Path(__file__).parent.parent / "samples"
SEAL_MM = 42.0
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
OWNER = "云岭市青禾区行政审批局（演示）"


@dataclass(frozen=True)
class SoftwareSigner:
    """A key and its self-signed certificate, DER."""

    key: ec.EllipticCurvePrivateKey
    certificate: bytes

    def cms(self, digest: bytes) -> bytes:
        template = SignerTemplate.for_certificate(self.certificate, chain=[], algorithm=ECDSA_SHA256)
        attributes = template.signed_attributes(content_type=DATA, digest=digest)
        signature = self.key.sign(attributes, ec.ECDSA(hashes.SHA256()))
        return template.assemble(signed_attributes=attributes, signature=signature)


@cache
def department() -> SoftwareSigner:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DEMO 仅供演示 青禾区行政审批局")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=365))
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    return SoftwareSigner(key, certificate.public_bytes(serialization.Encoding.DER))


def make_picture(
    folder: Path, source: str = "seal-official-round.svg", width: float = SEAL_MM, height: float = SEAL_MM
) -> Path:
    """The seal `source` of the samples as a one-page PDF of its true size, set by typst."""
    size = f"width: {width}mm, height: {height}mm"
    text = f'#set page({size}, margin: 0mm, fill: none)\n#image("{source}", {size})'
    (folder / source).write_bytes((SAMPLES / source).read_bytes())
    main = folder / f"{source}.typ"
    main.write_text(text)
    picture = folder / f"{source}.pdf"
    picture.write_bytes(typst.compile(str(main), pdf_tags=False))
    return picture


def make_order(placement: Placement, picture: Path | None, **changes: object) -> PreparationOrder:
    """What a department would order, with `changes`."""
    order: dict[str, object] = {
        "placement": placement,
        "picture": picture,
        "width_mm": SEAL_MM,
        "height_mm": SEAL_MM,
        "signer_name": OWNER,
        "signing_at": datetime.now(UTC).replace(microsecond=0),
        "seal_code": "99012600012345",
        "impression_id": "0b9f0b1c-68f5-4a9c-9f3e-0a4b6d1f2c3d",
        "contents_bytes": 4096,
        "reason": "准予许可",
        "matter": "青审字〔2026〕15号",
    }
    return PreparationOrder(**{**order, **changes})  # type: ignore[arg-type]


def press(pool: WorkerPool, document: Path, output: Path, order: PreparationOrder) -> Preparation:
    """Prepares `document` and writes the signature into its place."""
    prepared = pool.prepare(document, output, order)
    cms = department().cms(prepared.digest.value).hex().encode()
    assert len(cms) <= prepared.contents_length
    with output.open("r+b") as file:
        file.seek(prepared.contents_at + 1)
        file.write(cms)
    return prepared
