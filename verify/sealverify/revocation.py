"""Whether a certificate of a path was revoked, from revocation lists that somebody gave us (RFC 5280 §5).

Only lists that are signed by the very issuer, still fresh at the time of asking, and about this certificate: delta and
indirect lists, those with a narrower scope, and those with a critical extension that is not understood are left aside.
What is left aside is said to be "not checked", and why. Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from sealverify import ber
from sealverify.certificate import issuer_and_serial, public_key, subject_name
from sealverify.errors import AlgorithmUnknown, Malformed
from sealverify.identity import may_sign_lists
from sealverify.keys import load_key


class RevocationState(StrEnum):
    NOT_CHECKED = "NOT_CHECKED"
    GOOD = "GOOD"
    REVOKED = "REVOKED"


@dataclass(frozen=True)
class Revocation:
    """`as_of` is when the oldest list that was used was published; `revoked_at` when the certificate lost its force.
    `authority` says that it was not the signer's certificate but one above it. `aside` is a code of the catalogue that
    says why a list of the right issuer was not used, `until` how long it had been good."""

    state: RevocationState
    as_of: datetime | None = None
    revoked_at: datetime | None = None
    authority: bool = False
    aside: str | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class _List:
    """What is asked of a list, read at once, so that one that cannot be read fails here."""

    listed: x509.CertificateRevocationList
    issuer: bytes
    published: datetime
    until: datetime | None
    extensions: x509.Extensions | None
    """None when they cannot be read."""

    @classmethod
    def read(cls, data: bytes) -> _List:
        listed = x509.load_der_x509_crl(data)
        issuer, published, until = listed.issuer.public_bytes(), listed.last_update_utc, listed.next_update_utc
        try:
            return cls(listed, issuer, published, until, listed.extensions)
        except (ValueError, x509.DuplicateExtension):
            return cls(listed, issuer, published, until, None)


def check_revocation(path: Sequence[bytes], crls: Iterable[bytes], *, at: datetime) -> Revocation:
    """Of every certificate of `path` (from the signer's to the anchor) but the anchor, which nobody revokes. `crls` are
    DER; what among them is no list says nothing. A list that is no longer fresh at `at` still says who was revoked,
    and no longer that somebody was not."""
    known = _lists(crls)
    published: list[datetime] = []
    missing: list[Revocation] = []
    for index, (certificate, issuer) in enumerate(pairwise(path)):
        named = [item for item in known if item.issuer == subject_name(issuer)]
        lists = [item for item in named if _is_from(item, issuer) and _covers(item, certificate)]
        for item in lists:
            revoked_at = _revoked_at(item.listed, certificate)
            if revoked_at is not None:
                return Revocation(RevocationState.REVOKED, item.published, revoked_at, index > 0)
        fresh = [item.published for item in lists if item.until is not None and item.until >= at]
        published.extend([max(fresh)] if fresh else [])
        missing.extend([] if fresh else [_not_checked(named, lists)])
    if missing or not published:
        return max(missing, key=lambda item: item.aside is not None, default=Revocation(RevocationState.NOT_CHECKED))
    return Revocation(RevocationState.GOOD, min(published))


def _not_checked(named: Sequence[_List], lists: Sequence[_List]) -> Revocation:
    """Why no list of this issuer was any good: past its time, of no use at all, or simply not there."""
    if lists:
        until = max((item.until for item in lists if item.until is not None), default=None)
        return Revocation(RevocationState.NOT_CHECKED, aside="NOTE_LIST_STALE", until=until)
    return Revocation(RevocationState.NOT_CHECKED, aside="NOTE_LIST_UNFIT" if named else None)


def _is_from(item: _List, issuer: bytes) -> bool:
    """Whether `issuer` signed the list and may sign lists (RFC 5280 §6.3.3 (f), (g))."""
    try:
        key = load_key(public_key(issuer))
        return may_sign_lists(issuer) and item.listed.is_signature_valid(key)  # type: ignore[arg-type]
    except (Malformed, AlgorithmUnknown, UnsupportedAlgorithm, TypeError, ValueError):
        return False


def _covers(item: _List, certificate: bytes) -> bool:
    """Whether a list that does not name the certificate says by that that it is not revoked: it is complete for what
    is like this certificate (§6.3.3 (b)), and nothing critical in it is beyond us (§5.2)."""
    if item.extensions is None:
        return False
    for extension in item.extensions:
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            if not _is_in_scope(extension.value, certificate):
                return False
        elif extension.critical or isinstance(extension.value, x509.DeltaCRLIndicator):
            return False
    return True


def _is_in_scope(scope: x509.IssuingDistributionPoint, certificate: bytes) -> bool:
    if scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs or scope.relative_name:
        return False
    try:
        stated = x509.load_der_x509_certificate(certificate).extensions
        is_authority = _is_authority(stated)
        places = _places(stated)
    except Exception:  # the library raises several kinds for what real authorities have issued
        return False
    if (scope.only_contains_ca_certs and not is_authority) or (scope.only_contains_user_certs and is_authority):
        return False
    return scope.full_name is None or not places.isdisjoint(scope.full_name)


def _is_authority(stated: x509.Extensions) -> bool:
    try:
        return stated.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _places(stated: x509.Extensions) -> set[x509.GeneralName]:
    """Where the certificate says that the list about it is to be found."""
    try:
        points = stated.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return set()
    return {name for point in points for name in point.full_name or ()}


def _revoked_at(item: x509.CertificateRevocationList, certificate: bytes) -> datetime | None:
    serial = ber.read(issuer_and_serial(certificate)[1]).integer()
    entry = item.get_revoked_certificate_by_serial_number(serial)
    if entry is None or _reason(entry) is x509.ReasonFlags.remove_from_crl:
        return None
    return entry.revocation_date_utc


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, ValueError):
        return None


def _lists(encoded: Iterable[bytes]) -> list[_List]:
    found = []
    for data in encoded:
        try:
            found.append(_List.read(data))
        except Exception:  # noqa: S112 - what is no list says nothing, and the library has many ways to say so
            continue
    return found
