"""Formats and judgement. No database, no HSM, no network, nothing of the service that seals.

    >>> from sealverify import Policy, Trust, examine_document
    >>> report = examine_document(sealed, Policy(trust=Trust.from_pem(anchors)))
    >>> report.conclusion
    <Conclusion.PASSED: 'PASSED'>
    >>> report.signatures[0].signer.name
    '行政审批专用章'

`examine_document` never raises for a bad signature, only `Malformed…` for what cannot be read. `verify_document` raises
`VerificationFailed` unless the verdict is PASSED. On the command line: `sealverify FILE --trust anchors.pem`.

The names below are loaded when they are asked for: whoever only writes or reads a format (`sealverify.cms`) does not
pay for the judge.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealverify.digest import Digest
    from sealverify.errors import Malformed, MalformedDocument, SealVerifyError
    from sealverify.examination import VerifiedDocument, examine_document, verify_document
    from sealverify.policy import Policy
    from sealverify.report import Report, SignatureReport, VerificationFailed
    from sealverify.subindication import Conclusion, SubIndication
    from sealverify.trust import Trust

__all__ = [
    "Conclusion",
    "Digest",
    "Malformed",
    "MalformedDocument",
    "Policy",
    "Report",
    "SealVerifyError",
    "SignatureReport",
    "SubIndication",
    "Trust",
    "VerificationFailed",
    "VerifiedDocument",
    "examine_document",
    "verify_document",
]

_ROOMS = {
    "digest": ("Digest",),
    "errors": ("Malformed", "MalformedDocument", "SealVerifyError"),
    "examination": ("VerifiedDocument", "examine_document", "verify_document"),
    "policy": ("Policy",),
    "report": ("Report", "SignatureReport", "VerificationFailed"),
    "subindication": ("Conclusion", "SubIndication"),
    "trust": ("Trust",),
}


def __getattr__(name: str) -> object:
    room = next((room for room, names in _ROOMS.items() if name in names), None)
    if room is None:
        msg = f"module 'sealverify' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"sealverify.{room}"), name)
