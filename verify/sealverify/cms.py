"""CMS SignedData with exactly one signer, written (RFC 5652, EN 319 122-1, EN 319 142-1); the door to reading it, too.

Everything that is the same in each CMS of one certificate is encoded once: one more CMS is a few concatenations.
Refuses to know what is signed, who holds the key, and where the bytes go. They are described in docs/formats/cms.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sealverify import der, oids
from sealverify.algorithms import SIGNATURES, hash_identifier, signature_identifier
from sealverify.certificate import issuer_and_serial
from sealverify.errors import AlgorithmUnknown
from sealverify.signed_data import Deviation, SignedData, SignerInfo, read_signed_data

__all__ = ["Deviation", "SignedData", "SignerInfo", "SignerTemplate", "attribute", "read_signed_data"]


def attribute(oid: str, *values: bytes) -> bytes:
    """Attribute ::= SEQUENCE { type OID, values SET OF }; `values` are whole elements."""
    return der.sequence(der.oid(oid), der.set_of(values))


@dataclass(frozen=True, kw_only=True)
class SignerTemplate:
    """What is the same in every CMS of one certificate, already encoded."""

    digest_identifier: bytes
    signer_prefix: bytes
    """SignerInfo up to the signed attributes: version, issuer and serial, digest algorithm."""
    fixed_attributes: tuple[bytes, bytes]
    """signing-certificate-v2 and CMSAlgorithmProtection."""
    signature_identifier: bytes
    certificates: bytes
    """[0] IMPLICIT SET OF Certificate: the signer's and its chain."""

    @classmethod
    def for_certificate(cls, certificate: bytes, *, chain: Sequence[bytes], algorithm: str) -> SignerTemplate:
        """`certificate` and `chain` are DER, `algorithm` is the OID of a signature with its hash (a key of
        `algorithms.SIGNATURES`). Raises MalformedCms for something that is no certificate, AlgorithmUnknown."""
        entry = SIGNATURES.get(algorithm)
        if entry is None or entry.hash is None:
            raise AlgorithmUnknown("SIGNATURE_UNKNOWN", oid=algorithm)
        digest_id, signature_id = hash_identifier(entry.hash), signature_identifier(algorithm)
        protection = der.sequence(digest_id, der.implicit(1, signature_id))
        return cls(
            digest_identifier=digest_id,
            signer_prefix=der.integer(1) + der.sequence(*issuer_and_serial(certificate)) + digest_id,
            fixed_attributes=(_signing_certificate(certificate), attribute(oids.ALGORITHM_PROTECTION, protection)),
            signature_identifier=signature_id,
            certificates=der.implicit(0, der.set_of({certificate, *chain})),
        )

    def signed_attributes(self, *, content_type: str, digest: bytes, extra: Sequence[bytes] = ()) -> bytes:
        """The DER SET OF that is signed: content-type, message-digest, signing-certificate-v2, CMSAlgorithmProtection
        and `extra` (whole attributes). No signing-time: EN 319 142-1 §6.3 puts it into the PDF's /M."""
        return der.set_of(
            (
                attribute(oids.CONTENT_TYPE, der.oid(content_type)),
                attribute(oids.MESSAGE_DIGEST, der.octet_string(digest)),
                *self.fixed_attributes,
                *extra,
            )
        )

    def assemble(
        self,
        *,
        signed_attributes: bytes,
        signature: bytes,
        encapsulated: tuple[str, bytes] | None = None,
        timestamp_token: bytes | None = None,
    ) -> bytes:
        """The ContentInfo. `encapsulated` is (content type, content) of what travels inside; without it the CMS is
        detached over id-data. `timestamp_token` becomes the unsigned attribute signature-time-stamp."""
        content_type, content = encapsulated or (oids.DATA, None)
        body = der.oid(content_type)
        if content is not None:
            body += der.explicit(0, der.octet_string(content))
        signer = self.signer_prefix + der.implicit(0, signed_attributes) + self.signature_identifier
        signer += der.octet_string(signature)
        if timestamp_token is not None:
            signer += der.implicit(1, der.set_of([attribute(oids.TIMESTAMP_TOKEN, timestamp_token)]))
        signed_data = der.sequence(
            der.integer(1 if content_type == oids.DATA else 3),
            der.tlv(der.SET, self.digest_identifier),
            der.tlv(der.SEQUENCE, body),
            self.certificates,
            der.tlv(der.SET, der.tlv(der.SEQUENCE, signer)),
        )
        return der.sequence(der.oid(oids.SIGNED_DATA), der.explicit(0, signed_data))


def _signing_certificate(certificate: bytes) -> bytes:
    """ESS signing-certificate-v2 (RFC 5035 §3): the hash alone, SHA-256 by default, so no algorithm is written."""
    identifier = der.sequence(der.octet_string(sha256(certificate).digest()))
    return attribute(oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(identifier)))
