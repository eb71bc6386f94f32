"""From a certificate to an anchor: path building and validation (RFC 5280 §6), without any fetching.

The one file that knows pyhanko-certvalidator. Its deviations from RFC 5280 that we accept are written down in
docs/decisions/0003. What it leaves open is checked here: a signer's certificate is no authority's, and it is inside
its own validity even when it is an anchor itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    PathValidationError,
)

from sealverify.certificate import subject_name
from sealverify.errors import MalformedCms
from sealverify.policy import Policy
from sealverify.subindication import SubIndication

Result = TypeVar("Result")


@dataclass(frozen=True)
class Chain:
    """`path` from the certificate to its anchor, both included, DER; empty when there is none. `sub_indication` is
    None when the path holds at the time it was asked for. `note` is a code of the catalogue that says more."""

    path: tuple[bytes, ...] = ()
    sub_indication: SubIndication | None = None
    note: str | None = None

    @property
    def anchor(self) -> bytes | None:
        return self.path[-1] if self.path else None


def too_many(certificates: Iterable[bytes], policy: Policy) -> bool:
    """Whether there are more certificates, in all or under one subject, than a path will be built over."""
    unique = set(certificates)
    subjects: Counter[bytes] = Counter()
    for certificate in unique:
        try:
            subjects[subject_name(certificate)] += 1
        except MalformedCms:
            subjects[b""] += 1
    return (
        len(unique) > policy.max_certificates or max(subjects.values(), default=0) > policy.max_certificates_per_subject
    )


def build_chain(certificate: bytes, others: Sequence[bytes], policy: Policy, *, at: datetime) -> Chain:
    """The path of `certificate` (DER) over `others` to one of the policy's anchors, as it was at `at`.

    A path that is only out of its time is given back with OUT_OF_BOUNDS_NO_POE or NOT_YET_VALID."""
    if not policy.trust.anchors:
        return Chain((), SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "NOTE_NO_ANCHORS")
    validity = _validity(certificate)
    if validity is None:
        return Chain((), SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, "NOTE_CERTIFICATE_UNREADABLE")
    chain = _attempt(certificate, others, policy, at)
    if chain.sub_indication in (SubIndication.OUT_OF_BOUNDS_NO_POE, SubIndication.NOT_YET_VALID):
        inside = min(max(at, validity[0]), validity[1])
        known = _attempt(certificate, others, policy, inside)
        return Chain(known.path, known.sub_indication or chain.sub_indication, known.note or chain.note)
    if chain.sub_indication is None and at > validity[1]:
        return Chain(chain.path, SubIndication.OUT_OF_BOUNDS_NO_POE, "NOTE_EXPIRED")
    if chain.sub_indication is None and at < validity[0]:
        return Chain(chain.path, SubIndication.NOT_YET_VALID, "NOTE_NOT_YET_VALID")
    return chain


def _validity(certificate: bytes) -> tuple[datetime, datetime] | None:
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        return parsed.not_valid_before_utc, parsed.not_valid_after_utc
    except Exception:  # the library raises several kinds for what real authorities have issued
        return None


_OUTCOMES: tuple[tuple[type[Exception], SubIndication, str], ...] = (
    (ExpiredError, SubIndication.OUT_OF_BOUNDS_NO_POE, "NOTE_EXPIRED"),
    (NotYetValidError, SubIndication.NOT_YET_VALID, "NOTE_NOT_YET_VALID"),
    (DisallowedAlgorithmError, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "NOTE_CHAIN_ALGORITHM"),
    (PathBuildingError, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "NOTE_UNKNOWN_ISSUER"),
    (PathValidationError, SubIndication.CHAIN_CONSTRAINTS_FAILURE, "NOTE_CHAIN"),
    (InvalidCertificateError, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "NOTE_UNKNOWN_ISSUER"),
)
"""The last is what the library says of a certificate that is its own issuer, when nobody was told to believe it."""


def _attempt(certificate: bytes, others: Sequence[bytes], policy: Policy, at: datetime) -> Chain:
    try:
        context = ValidationContext(
            trust_roots=[asn1_x509.Certificate.load(anchor) for anchor in policy.trust.anchors],
            other_certs=[asn1_x509.Certificate.load(other) for other in others if _validity(other) is not None],
            moment=at,
            allow_fetching=False,
            revocation_mode="soft-fail",
            time_tolerance=timedelta(0),
        )
        validator = CertificateValidator(asn1_x509.Certificate.load(certificate), validation_context=context)
        path = _driven(validator.async_validate_path())
        return Chain(tuple(bytes(item.dump()) for item in path)[::-1])
    except tuple(kind for kind, _, _ in _OUTCOMES) as problem:
        return next(Chain((), sub, note) for kind, sub, note in _OUTCOMES if isinstance(problem, kind))
    except Exception:  # asn1crypto raises many kinds on what somebody calls a certificate
        return Chain((), SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, "NOTE_CERTIFICATE_UNREADABLE")


def _driven(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine that waits for nothing, since nothing is fetched: no event loop, so it works inside one, too."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    coroutine.close()
    raise RuntimeError("path validation waited for something")
