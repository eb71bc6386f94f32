"""May this seal be pressed by this person now? The one place that says so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from sealservice.certificates.model import LIFECYCLE as CERTIFICATES
from sealservice.certificates.model import Certificate
from sealservice.kernel.errors import NotFound, NotPermitted, WrongState
from sealservice.seals.model import LIFECYCLE, Seal, SealKeeper

_KEPT = (
    select(SealKeeper.handle)
    .where(SealKeeper.seal_code == Seal.code, SealKeeper.handle == bindparam("keeper"), SealKeeper.until.is_(None))
    .exists()
)
_ASKED = (
    select(Seal, Certificate, _KEPT)
    .outerjoin(Certificate, Certificate.certificate_id == Seal.certificate_id)
    .where(Seal.code == bindparam("code"))
)


def require_pressable(session: Session, code: str, *, keeper: str, now: datetime) -> Seal:
    """The seal, when the law allows. One question to the database: this is asked for every impression.

    Raises NotFound, WrongState (SEAL_SUSPENDED, SEAL_REVOKED, SEAL_EXPIRED, …) or NotPermitted("NOT_A_KEEPER")."""
    found = session.execute(_ASKED, {"code": code, "keeper": keeper}).one_or_none()
    if found is None:
        raise NotFound("SEAL_UNKNOWN", code=code)
    seal, certificate, is_kept = found
    LIFECYCLE.require(seal, "press")
    if not is_kept:
        raise NotPermitted("NOT_A_KEEPER", handle=keeper, code=code)
    _require_in_time(seal, certificate, now)
    return seal


def _require_in_time(seal: Seal, certificate: Certificate, now: datetime) -> None:
    if not seal.valid_from <= now <= seal.valid_until:
        raise WrongState("SEAL_EXPIRED", code=seal.code, since=seal.valid_from.date(), until=seal.valid_until.date())
    CERTIFICATES.require(certificate, "sign")
    if not certificate.valid_from <= now <= certificate.valid_until:
        raise WrongState("SEAL_CERTIFICATE_EXPIRED", code=seal.code, until=certificate.valid_until.date())
