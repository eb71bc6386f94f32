"""Asking for a seal to go on with a new key and certificate, and agreeing to it: two persons, as for a new seal.

What is approved is one renewal, until the day that was asked for. Carrying it out is `operations.Seals.renew`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from sealservice.audit.operations import append
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Conflict, InvalidInput, NotPermitted, WrongState
from sealservice.kernel.identifiers import new_identifier
from sealservice.kernel.lifecycle import Event
from sealservice.parties.operations import get_person
from sealservice.seals.model import LIFECYCLE, OPEN, RENEWALS, RenewalState, SealRenewal
from sealservice.seals.queries import get_seal

VALIDITY = timedelta(days=3 * 365)


@dataclass(frozen=True, kw_only=True)
class Renewals:
    """Writes down what is asked for and agreed to."""

    database: Database
    clock: Clock

    def request(self, code: str, *, actor: str, valid_until: datetime | None = None) -> SealRenewal:
        """Asks for the renewal of an active seal. Raises WrongState, InvalidInput("SEAL_VALIDITY_PAST"), and
        Conflict("RENEWAL_OPEN") while another is open."""
        at = self.clock.now()
        until = valid_until or at + VALIDITY
        require_to_come(until, at)
        with self.database.begin() as session:
            get_person(session, actor)
            seal = get_seal(session, code, to_move=True)
            LIFECYCLE.require_move(seal, "renew")
            if _find_open(session, code) is not None:
                raise Conflict("RENEWAL_OPEN", code=code)
            renewal = SealRenewal(
                renewal_id=new_identifier(),
                seal_code=code,
                state=RenewalState.REQUESTED,
                valid_until=until,
                requested_by=actor,
                requested_at=at,
            )
            session.add(renewal)
            facts = {"renewal": renewal.renewal_id, "valid_until": until.isoformat()}
            append(session, Event("renewal.request", seal.subject, actor, at, facts=facts))
            return renewal

    def approve(self, code: str, *, actor: str, cause: str | None = None) -> SealRenewal:
        """Raises NotPermitted("REQUESTER_MAY_NOT_APPROVE") for whoever asked for it, WrongState("RENEWAL_MISSING")."""
        with self.database.begin() as session:
            renewal = self._open(session, code, actor)
            if renewal.requested_by == actor:
                raise NotPermitted("REQUESTER_MAY_NOT_APPROVE", handle=actor, code=code)
            self._move(session, renewal, "approve", actor, cause)
            renewal.approved_by = actor
            return renewal

    def reject(self, code: str, *, actor: str, cause: str) -> SealRenewal:
        """Turns it down, or takes it back, as long as it was not carried out."""
        with self.database.begin() as session:
            renewal = self._open(session, code, actor)
            self._move(session, renewal, "reject", actor, cause)
            return renewal

    def _open(self, session: Session, code: str, actor: str) -> SealRenewal:
        get_person(session, actor)
        get_seal(session, code, to_move=True)
        renewal = _find_open(session, code)
        if renewal is None:
            raise WrongState("RENEWAL_MISSING", code=code)
        return renewal

    def _move(self, session: Session, renewal: SealRenewal, verb: str, actor: str, cause: str | None) -> None:
        at, identifier = self.clock.now(), renewal.renewal_id
        append(session, RENEWALS.move(renewal, verb, actor=actor, at=at, cause=cause, renewal=identifier))


def carry_out(session: Session, renewal_id: str, *, actor: str, at: datetime) -> None:
    """Closes a renewal within the transaction that renews the seal, whose audit line names it.

    Raises WrongState("MOVE_NOT_ALLOWED") when it was taken back meanwhile."""
    RENEWALS.move(session.get_one(SealRenewal, renewal_id), "make", actor=actor, at=at)


def get_approved(session: Session, code: str) -> SealRenewal:
    """The renewal that two persons agreed on. Raises WrongState("RENEWAL_NOT_APPROVED")."""
    renewal = _find_open(session, code)
    if renewal is None or renewal.state is not RenewalState.APPROVED:
        raise WrongState("RENEWAL_NOT_APPROVED", code=code)
    return renewal


def require_to_come(until: datetime, now: datetime) -> None:
    """Raises InvalidInput("SEAL_VALIDITY_PAST") for a validity that would end before it begins."""
    if until <= now:
        raise InvalidInput("SEAL_VALIDITY_PAST", until=until.date())


def _find_open(session: Session, code: str) -> SealRenewal | None:
    return session.scalars(
        select(SealRenewal).where(SealRenewal.seal_code == code, SealRenewal.state.in_(sorted(OPEN)))
    ).one_or_none()
