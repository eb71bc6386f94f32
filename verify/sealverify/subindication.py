"""Why: the names of ETSI EN 319 102-1 (table 5 and 6) that this verifier uses, and those of our own."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Conclusion(StrEnum):
    """The verdict is never two-valued."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INDETERMINATE = "INDETERMINATE"
    NO_SIGNATURE = "NO_SIGNATURE"
    UNREADABLE = "UNREADABLE"


class SubIndication(StrEnum):
    """A short reason for what is not PASSED."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    GENERIC = "GENERIC"
    CHANGED_AFTER_SEALING = "CHANGED_AFTER_SEALING"
    """Ours: bytes behind the signed revision that nothing allows."""


PRECEDENCE = (
    SubIndication.FORMAT_FAILURE,
    SubIndication.HASH_FAILURE,
    SubIndication.SIG_CRYPTO_FAILURE,
    SubIndication.CHANGED_AFTER_SEALING,
    SubIndication.REVOKED,
    SubIndication.NOT_YET_VALID,
    SubIndication.GENERIC,
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
    SubIndication.SIG_CONSTRAINTS_FAILURE,
    SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    SubIndication.CHAIN_CONSTRAINTS_FAILURE,
    SubIndication.REVOKED_CA_NO_POE,
    SubIndication.REVOKED_NO_POE,
    SubIndication.OUT_OF_BOUNDS_NO_POE,
    SubIndication.TIMESTAMP_ORDER_FAILURE,
)
"""Of several reasons the first here is told: what is certainly wrong before what only cannot be confirmed."""

FAILURES = frozenset(
    (
        SubIndication.FORMAT_FAILURE,
        SubIndication.HASH_FAILURE,
        SubIndication.SIG_CRYPTO_FAILURE,
        SubIndication.REVOKED,
        SubIndication.NOT_YET_VALID,
        SubIndication.CHANGED_AFTER_SEALING,
    )
)
"""These are FAILED; every other one is INDETERMINATE."""


def foremost(reasons: Iterable[SubIndication | None]) -> SubIndication | None:
    """The reason to tell, None when there is none."""
    return min((reason for reason in reasons if reason is not None), key=PRECEDENCE.index, default=None)


def conclusion_of(sub_indication: SubIndication | None) -> Conclusion:
    if sub_indication is None:
        return Conclusion.PASSED
    return Conclusion.FAILED if sub_indication in FAILURES else Conclusion.INDETERMINATE
