"""May this seal be pressed by this person now? The one place that says so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from sealservice.certificates.model import LIFECYCLE as CERTIFICATES
from sealservice.certificates.model import Certificate
from sealservice.kernel.errors import NotFound, NotPermitted, WrongState
from sealservice.kernel.lifecycle import Standing
from sealservice.seals.model import LIFECYCLE, Seal, SealKeeper

_KEPT = (
    select(SealKeeper.handle)
    .where(SealKeeper.seal_code == Seal.code, SealKeeper.handle == bindparam("keeper"), SealKeeper.until.is_(None))
    .exists()
)
_ASKED = (
    select(
        Seal.state,
        Seal.certificate_id,
        Seal.valid_from,
        Seal.valid_until,
        Certificate.state.label("certificate_state"),
        Certificate.valid_from.label("certified_from"),
        Certificate.valid_until.label("certified_until"),
        _KEPT.label("is_kept"),
    )
    .outerjoin(Certificate, Certificate.certificate_id == Seal.certificate_id)
    .where(Seal.code == bindparam("code"))
)


def require_pressable(session: Session, code: str, *, keeper: str, now: datetime) -> str:
    """The identifier of the seal's certificate, when the law allows.

    One plain question to the database, because it is asked for every impression. Raises NotFound, WrongState
    (SEAL_SUSPENDED, SEAL_REVOKED, SEAL_EXPIRED, …) or NotPermitted("NOT_A_KEEPER")."""
    found = session.connection().execute(_ASKED, {"code": code, "keeper": keeper}).one_or_none()
    if found is None:
        raise NotFound("SEAL_UNKNOWN", code=code)
    LIFECYCLE.require(Standing(found.state, f"seal:{code}"), "press")
    if not found.is_kept:
        raise NotPermitted("NOT_A_KEEPER", handle=keeper, code=code)
    if not found.valid_from <= now <= found.valid_until:
        raise WrongState("SEAL_EXPIRED", code=code, since=found.valid_from.date(), until=found.valid_until.date())
    CERTIFICATES.require(Standing(found.certificate_state, f"certificate:{found.certificate_id}"), "sign")
    if not found.certified_from <= now <= found.certified_until:
        raise WrongState("SEAL_CERTIFICATE_EXPIRED", code=code, until=found.certified_until.date())
    return str(found.certificate_id)
