"""Sealed PDFs that somebody else made: pyHanko signs the samples with software keys, so that the verifier is not
judged by its own house's writing."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tests.support.pki import Identity

SAMPLES = Path(__file__).parent.parent / "samples"

PLACE = (330, 120, 449, 239)
"""A 42 mm seal in the lower right of an A4 page."""


@dataclass(frozen=True, kw_only=True)
class Pressing:
    """How pyHanko shall seal. `tsa` adds a signature timestamp; `validation` adds a DSS, `archive` a DocTimeStamp."""

    name: str = "Seal1"
    box: tuple[int, int, int, int] | None = PLACE
    page: int = 0
    tsa: Identity | None = None
    certify: MDPPerm | None = None
    lock: fields.FieldMDPSpec | None = None
    lock_level: MDPPerm | None = None
    existing: bool = False
    subfilter: SigSeedSubFilter = SigSeedSubFilter.PADES
    validation: ValidationContext | None = None
    archive: bool = False
    reason: str | None = None


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def press(data: bytes, identity: Identity, how: Pressing | None = None, **changes: Any) -> bytes:
    """`data` sealed by `identity` in a further revision."""
    how = how or Pressing(**changes)
    metadata = signers.PdfSignatureMetadata(
        field_name=how.name,
        subfilter=how.subfilter,
        reason=how.reason,
        md_algorithm="sha256",
        certify=how.certify is not None,
        docmdp_permissions=how.certify or MDPPerm.FILL_FORMS,
        validation_context=how.validation,
        embed_validation_info=how.validation is not None,
        use_pades_lta=how.archive,
    )
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signer = Presser(
            metadata,
            signer_of(identity),
            timestamper=_timestamper(how.tsa) if how.tsa else None,
            new_field_spec=None if how.existing else _field(how),
        )
        signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), existing_fields_only=how.existing, output=out)
    return out.getvalue()


class Presser(signers.PdfSigner):
    """Presses also where a certification forbids it: somebody will."""

    def _enforce_certification_constraints(self, reader: object) -> None:
        return


def _field(how: Pressing) -> SigFieldSpec:
    return SigFieldSpec(
        how.name, box=how.box, on_page=how.page, field_mdp_spec=how.lock, doc_mdp_update_value=how.lock_level
    )


def place_field(data: bytes, name: str, box: tuple[int, int, int, int]) -> bytes:
    """An empty signature field, in a revision of its own."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    fields.append_signature_field(writer, SigFieldSpec(name, box=box))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def archive(data: bytes, tsa: Identity) -> bytes:
    """A document timestamp in a further revision."""
    out = io.BytesIO()
    stamper = signers.PdfTimeStamper(_timestamper(tsa))
    stamper.timestamp_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), "sha256", output=out)
    return out.getvalue()


def _private_key(identity: Identity) -> keys.PrivateKeyInfo:
    return keys.PrivateKeyInfo.load(identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _store(identity: Identity) -> SimpleCertificateStore:
    store = SimpleCertificateStore()
    store.register_multiple([asn1_x509.Certificate.load(item) for item in identity.chain_der])
    return store


def signer_of(identity: Identity) -> signers.SimpleSigner:
    return signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(identity.der),
        signing_key=_private_key(identity),
        cert_registry=_store(identity),
    )


def _timestamper(tsa: Identity) -> timestamps.DummyTimeStamper:
    return timestamps.DummyTimeStamper(
        tsa_cert=asn1_x509.Certificate.load(tsa.der), tsa_key=_private_key(tsa), certs_to_embed=_store(tsa)
    )
