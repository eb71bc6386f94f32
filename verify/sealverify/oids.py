"""Object identifiers: ours, fixed for ever, and the names of those of others that we write or judge.

Ours stand under 2.25, the arc of UUIDs: free for everybody, registered nowhere, and never to be used for anything else.
"""

from __future__ import annotations

# Certificate policies of ours: what a certificate is for, said inside it.
SEAL_CERTIFICATE_POLICY = "2.25.177623798759442369747349332157469940944"
PERSON_CERTIFICATE_POLICY = "2.25.185948381912323759963329650725610827397"
TSA_CERTIFICATE_POLICY = "2.25.142581660258607057564915221143386799760"
STATUS_CERTIFICATE_POLICY = "2.25.203125259821265461467843920375409080812"

TIMESTAMP_POLICY = "2.25.212042578238008627252194735600558561132"
"""The policy of our own timestamps: self-attested, by whoever runs the service."""

# CMS (RFC 5652), its attributes (RFC 5035, RFC 6211) and timestamps (RFC 3161).
DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
TIMESTAMP_TOKEN = "1.2.840.113549.1.9.16.2.14"  # noqa: S105 - an attribute's name, no secret

# Certificates (RFC 5280, EN 319 412).
ORGANIZATION_IDENTIFIER = "2.5.4.97"
QC_STATEMENTS = "1.3.6.1.5.5.7.1.3"
QC_TYPE = "0.4.0.1862.1.6"
QC_TYPE_ESEAL = "0.4.0.1862.1.6.2"
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
DOCUMENT_PURPOSES = frozenset(
    (
        "2.5.29.37.0",  # anyExtendedKeyUsage
        "1.3.6.1.5.5.7.3.4",  # emailProtection, which authorities wrote before there was a purpose for documents
        "1.3.6.1.5.5.7.3.36",  # documentSigning (RFC 9336)
        "1.2.840.113583.1.1.5",  # Adobe's
        "1.3.6.1.4.1.311.10.3.12",  # Microsoft's
    )
)
"""Extended key usages of which a certificate that states any needs one, to sign documents with it."""
