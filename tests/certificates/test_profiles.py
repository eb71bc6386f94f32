"""What each of our profiles may do in the eyes of the verifier, which strangers use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from sealservice.certificates.profiles import PROFILES, ProfileName, Subject, extensions
from sealverify.identity import may_sign, may_timestamp


def certificate_of(name: ProfileName) -> bytes:
    key, now, subject = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC), Subject("演示").name()
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    for extension, critical in extensions(PROFILES[name]):
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize("name", ProfileName)
def test_seals_and_persons_sign_documents_and_the_timestamp_authority_stamps(name: ProfileName) -> None:
    certificate = certificate_of(name)
    assert may_sign(certificate) is (name in (ProfileName.SEAL, ProfileName.PERSON))
    assert may_timestamp(certificate) is (name is ProfileName.TIMESTAMP)
