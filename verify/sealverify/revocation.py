"""Whether a certificate of a path was revoked, from revocation lists that somebody gave us (RFC 5280 §5).

Only full lists, signed by the very issuer: delta and indirect lists are left aside, and what is left aside is said to
be "not checked". Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from cryptography import x509

from sealverify import ber
from sealverify.certificate import issuer_and_serial, public_key, subject_name
from sealverify.errors import AlgorithmUnknown, MalformedCms
from sealverify.keys import load_key


class RevocationState(StrEnum):
    NOT_CHECKED = "NOT_CHECKED"
    GOOD = "GOOD"
    REVOKED = "REVOKED"


@dataclass(frozen=True)
class Revocation:
    """`as_of` is when the oldest list that was used was published; `revoked_at` when the certificate lost its force.
    `authority` says that it was not the signer's certificate but one above it."""

    state: RevocationState
    as_of: datetime | None = None
    revoked_at: datetime | None = None
    authority: bool = False


def check_revocation(path: Sequence[bytes], crls: Iterable[bytes]) -> Revocation:
    """Of every certificate of `path` (from the signer's to the anchor) but the anchor, which nobody revokes. `crls` are
    DER; what among them is no list says nothing."""
    known = _lists(crls)
    published: list[datetime] = []
    complete = len(path) > 1
    for index, (certificate, issuer) in enumerate(pairwise(path)):
        lists = [item for item in known if _is_from(item, issuer)]
        complete = complete and bool(lists)
        for item in lists:
            revoked_at = _revoked_at(item, certificate)
            if revoked_at is not None:
                return Revocation(RevocationState.REVOKED, item.last_update_utc, revoked_at, index > 0)
        published.extend([max(item.last_update_utc for item in lists)] if lists else [])
    if not complete:
        return Revocation(RevocationState.NOT_CHECKED)
    return Revocation(RevocationState.GOOD, min(published))


def _is_from(item: x509.CertificateRevocationList, issuer: bytes) -> bool:
    try:
        same_name = item.issuer.public_bytes() == subject_name(issuer)
        return same_name and not _is_partial(item) and item.is_signature_valid(load_key(public_key(issuer)))  # type: ignore[arg-type]
    except (MalformedCms, AlgorithmUnknown, TypeError, ValueError):
        return False


def _is_partial(item: x509.CertificateRevocationList) -> bool:
    """Delta lists and lists with a scope of their own say nothing about the certificates that are not in them."""
    for extension in item.extensions:
        scope = extension.value
        if isinstance(scope, x509.DeltaCRLIndicator):
            return True
        if isinstance(scope, x509.IssuingDistributionPoint) and (
            scope.indirect_crl
            or scope.only_some_reasons
            or scope.only_contains_ca_certs
            or scope.only_contains_user_certs
            or scope.only_contains_attribute_certs
        ):
            return True
    return False


def _revoked_at(item: x509.CertificateRevocationList, certificate: bytes) -> datetime | None:
    serial = ber.read(issuer_and_serial(certificate)[1]).integer()
    entry = item.get_revoked_certificate_by_serial_number(serial)
    if entry is None or _reason(entry) is x509.ReasonFlags.remove_from_crl:
        return None
    return entry.revocation_date_utc


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None


def _lists(encoded: Iterable[bytes]) -> list[x509.CertificateRevocationList]:
    found = []
    for data in encoded:
        try:
            found.append(x509.load_der_x509_crl(data))
        except Exception:  # noqa: S112 - what is no list says nothing, and the library has many ways to say so
            continue
    return found
