"""What each kind of certificate says: the one table of profiles, and the names that subjects carry.

RFC 5280 for the extensions; ETSI EN 319 412-2/-3 for the names of persons and legal persons; RFC 3161, section 2.3 for
the timestamp authority's critical purpose; RFC 6960, section 4.2.2.2 for status signing.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sealverify import oids

# RFC 5280, appendix A.1 bounds a name by 64 characters. The library counts octets, of which 字 has three, and warns
# each time it meets the name of a Chinese authority; the bound is held here, where it is right.
warnings.filterwarnings("ignore", message="Attribute's length must be", category=UserWarning)


class ProfileName(StrEnum):
    ROOT = "ROOT"
    ISSUING = "ISSUING"
    SEAL = "SEAL"
    PERSON = "PERSON"
    TIMESTAMP = "TIMESTAMP"
    STATUS = "STATUS"


@dataclass(frozen=True)
class Profile:
    """`usages` are names of `cryptography.x509.KeyUsage`; `path_length` None means: not an authority."""

    name: ProfileName
    validity: timedelta
    usages: frozenset[str]
    policy: str | None = None
    path_length: int | None = None
    purposes: tuple[x509.ObjectIdentifier, ...] = ()
    purposes_critical: bool = False
    further: tuple[x509.ExtensionType, ...] = field(default=())


_YEAR = timedelta(days=365)
_AUTHORITY = frozenset({"key_cert_sign", "crl_sign"})
_SIGNING = frozenset({"digital_signature", "content_commitment"})

PROFILES = {
    profile.name: profile
    for profile in (
        Profile(ProfileName.ROOT, 25 * _YEAR, _AUTHORITY, path_length=1),
        Profile(ProfileName.ISSUING, 15 * _YEAR, _AUTHORITY, path_length=0),
        Profile(ProfileName.SEAL, 3 * _YEAR, _SIGNING, oids.SEAL_CERTIFICATE_POLICY),
        Profile(ProfileName.PERSON, 2 * _YEAR, _SIGNING, oids.PERSON_CERTIFICATE_POLICY),
        Profile(
            ProfileName.TIMESTAMP,
            10 * _YEAR,
            frozenset({"digital_signature"}),
            oids.TSA_CERTIFICATE_POLICY,
            purposes=(ExtendedKeyUsageOID.TIME_STAMPING,),
            purposes_critical=True,
        ),
        Profile(
            ProfileName.STATUS,
            _YEAR,
            frozenset({"digital_signature"}),
            oids.STATUS_CERTIFICATE_POLICY,
            purposes=(ExtendedKeyUsageOID.OCSP_SIGNING,),
            further=(x509.OCSPNoCheck(),),
        ),
    )
}


@dataclass(frozen=True)
class Subject:
    """Whom a certificate names. `credit_code` becomes the organizationIdentifier (EN 319 412-1, 5.1.4: NTRCN-…)."""

    common_name: str
    organization: str | None = None
    credit_code: str | None = None
    serial_number: str | None = None
    unit: str | None = None

    def name(self) -> x509.Name:
        given = (
            (NameOID.COUNTRY_NAME, "CN"),
            (NameOID.ORGANIZATION_NAME, self.organization),
            (NameOID.ORGANIZATION_IDENTIFIER, self.credit_code and f"NTRCN-{self.credit_code}"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, self.unit),
            (NameOID.SERIAL_NUMBER, self.serial_number),
            (NameOID.COMMON_NAME, self.common_name),
        )
        return x509.Name([x509.NameAttribute(oid, value[:64], _validate=False) for oid, value in given if value])


def extensions(profile: Profile) -> list[tuple[x509.ExtensionType, bool]]:
    """The extensions that the profile alone decides, each with its criticality."""
    chosen: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=profile.path_length is not None, path_length=profile.path_length), True),
        (_key_usage(profile.usages), True),
    ]
    if profile.policy is not None:
        policy = x509.PolicyInformation(x509.ObjectIdentifier(profile.policy), None)
        chosen.append((x509.CertificatePolicies([policy]), False))
    if profile.purposes:
        chosen.append((x509.ExtendedKeyUsage(profile.purposes), profile.purposes_critical))
    return [*chosen, *((extension, False) for extension in profile.further)]


def _key_usage(usages: frozenset[str]) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in usages for name in every})
