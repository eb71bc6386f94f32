"""Asking the verifier in one line, for the stories about whom it trusts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sealverify import Policy, Report, Trust, examine_document
from sealverify.report import SignatureReport
from tests.support.pki import DemoPki, Identity, Wish

DOCUMENT = "approval-letter-1-page.pdf"
DAY = timedelta(days=1)


def now() -> datetime:
    return datetime.now(UTC)


def judged(data: bytes, *pem: bytes, at: datetime | None = None) -> Report:
    trust = Trust.from_pem(b"".join(pem)) if pem else Trust()
    return examine_document(data, Policy(trust=trust, at=at or now()))


def only(report: Report) -> SignatureReport:
    (signature,) = report.signatures
    assert report.conclusion is signature.conclusion
    return signature


def seal_with(pki: DemoPki, **wish: object) -> Identity:
    return pki.issuing.issue(Wish(name="演示章", **wish))  # type: ignore[arg-type]
