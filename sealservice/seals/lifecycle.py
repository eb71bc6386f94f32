"""May this seal be pressed by this person now? The one place that says so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from sealservice.certificates.model import LIFECYCLE as CERTIFICATES
from sealservice.certificates.queries import get_certificate
from sealservice.kernel.errors import NotPermitted, WrongState
from sealservice.seals.model import LIFECYCLE, Seal
from sealservice.seals.queries import is_keeper


def require_pressable(session: Session, seal: Seal, *, keeper: str, now: datetime) -> None:
    """Raises WrongState (SEAL_SUSPENDED, SEAL_REVOKED, SEAL_EXPIRED, …) or NotPermitted("NOT_A_KEEPER")."""
    LIFECYCLE.require(seal, "press")
    if not is_keeper(session, seal.code, keeper):
        raise NotPermitted("NOT_A_KEEPER", handle=keeper, code=seal.code)
    if not seal.valid_from <= now <= seal.valid_until:
        raise WrongState("SEAL_EXPIRED", code=seal.code, since=seal.valid_from.date(), until=seal.valid_until.date())
    certificate = get_certificate(session, seal.certificate_id or "")
    CERTIFICATES.require(certificate, "sign")
    if not certificate.valid_from <= now <= certificate.valid_until:
        raise WrongState("SEAL_CERTIFICATE_EXPIRED", code=seal.code, until=certificate.valid_until.date())
