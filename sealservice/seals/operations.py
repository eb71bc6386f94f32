"""The verbs of the seal library: request, approve, make, and everything that becomes of a seal after.

Each leaves a line in the audit with who, when and why. Who requested a seal does not approve it; the database holds
that too. Making asks the token for a key and the authority for a certificate, and can be taken up again where it broke.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from sqlalchemy.orm import Session

from sealservice.audit.operations import append
from sealservice.certificates.authority import revoke
from sealservice.certificates.trust import TrustFile
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import InvalidInput, NotPermitted
from sealservice.kernel.lifecycle import Event
from sealservice.parties.operations import get_person
from sealservice.seals.making import Making
from sealservice.seals.model import LIFECYCLE, Seal, SealKeeper, SealState
from sealservice.seals.queries import get_seal, keepers_of
from sealservice.seals.requesting import VALIDITY, Requests, SealRequest, require_to_come


@dataclass(frozen=True, kw_only=True)
class Seals:
    """The register of seals."""

    database: Database
    clock: Clock
    requests: Requests
    making: Making
    trust: TrustFile

    def request(self, wanted: SealRequest, *, actor: str) -> Seal:
        """Writes down a seal that is wanted, with its picture. Raises InvalidInput, NotFound, Conflict."""
        return self.requests.request(wanted, actor=actor)

    def approve(self, code: str, *, actor: str, cause: str | None = None) -> Seal:
        """Raises NotPermitted("REQUESTER_MAY_NOT_APPROVE") for whoever asked for the seal."""
        with self.database.begin() as session:
            seal = get_seal(session, code, to_move=True)
            if seal.requested_by == actor:
                raise NotPermitted("REQUESTER_MAY_NOT_APPROVE", handle=actor, code=code)
            self._move(session, seal, "approve", actor, cause)
            seal.approved_by = actor
            return seal

    def reject(self, code: str, *, actor: str, cause: str) -> Seal:
        return self._simple_move(code, "reject", actor, cause)

    def make(self, code: str, *, actor: str, chain: bytes | None = None) -> Seal:
        """Makes an approved seal: key, certificate, ACTIVE. `chain` is what an outside authority answered to
        `request_certificate`, PEM, leaf first; without it the embedded authority certifies."""
        with self.database.read() as session:
            seal = get_seal(session, code)
            LIFECYCLE.require_move(seal, "make")
            get_person(session, actor)
        certificate = self.making.certificate_for(seal, actor=actor, chain=chain)
        with self.database.begin() as session:
            seal = get_seal(session, code, to_move=True)
            self._move(session, seal, "make", actor, None, certificate=certificate.certificate_id)
            self.making.attach(session, seal, certificate, at=self.clock.now())
            seal.made_by = actor
            return seal

    def request_certificate(self, code: str, *, actor: str) -> bytes:
        """The PEM of a certificate request for an outside authority, made with the seal's own key in the token."""
        with self.database.read() as session:
            seal = get_seal(session, code)
            LIFECYCLE.require_move(seal, "make" if seal.state is SealState.APPROVED else "renew")
            get_person(session, actor)
        return self.making.request_certificate(seal)

    def renew(self, code: str, *, actor: str, valid_until: datetime | None = None, chain: bytes | None = None) -> Seal:
        """A new key and a new certificate for an active seal; the earlier ones stay on record and stay valid."""
        until = valid_until or self.clock.now() + VALIDITY
        require_to_come(until, self.clock.now())
        with self.database.read() as session:
            seal = get_seal(session, code)
            LIFECYCLE.require_move(seal, "renew")
            get_person(session, actor)
        seal.valid_until = until
        certificate = self.making.certificate_for(seal, actor=actor, chain=chain)
        with self.database.begin() as session:
            seal = get_seal(session, code, to_move=True)
            self._move(session, seal, "renew", actor, None, certificate=certificate.certificate_id)
            seal.valid_until = until
            self.making.attach(session, seal, certificate, at=self.clock.now())
            return seal

    def suspend(self, code: str, *, actor: str, cause: str) -> Seal:
        return self._simple_move(code, "suspend", actor, cause)

    def restore(self, code: str, *, actor: str, cause: str) -> Seal:
        return self._simple_move(code, "restore", actor, cause)

    def revoke(self, code: str, *, actor: str, cause: str, compromised: bool = False) -> Seal:
        """Ends a seal for good and revokes its certificates: from now on, or because the key was `compromised`."""
        reason = x509.ReasonFlags.key_compromise if compromised else x509.ReasonFlags.privilege_withdrawn
        return self._end(code, "revoke", actor, cause, reason)

    def retire(self, code: str, *, actor: str, cause: str) -> Seal:
        """Lays a seal down that is no longer needed."""
        return self._end(code, "retire", actor, cause, x509.ReasonFlags.cessation_of_operation)

    def appoint(self, code: str, keeper: str, *, actor: str) -> None:
        """Lets a person press the seal from now on. Harmless for one who may already."""
        at = self.clock.now()
        with self.database.begin() as session:
            seal = get_seal(session, code, to_move=True)
            get_person(session, actor)
            get_person(session, keeper)
            if all(kept.handle != keeper for kept in keepers_of(session, code)):
                session.add(SealKeeper(seal_code=code, handle=keeper, since=at))
                append(session, Event("seal.appoint", seal.subject, actor, at, facts={"keeper": keeper}))

    def dismiss(self, code: str, keeper: str, *, actor: str, cause: str) -> None:
        """Ends a person's right to press the seal. Raises InvalidInput (CAUSE_MISSING, NOT_A_KEEPER)."""
        at = self.clock.now()
        if not cause.strip():
            raise InvalidInput("CAUSE_MISSING", verb="dismiss", subject=f"seal:{code}")
        with self.database.begin() as session:
            seal = get_seal(session, code, to_move=True)
            get_person(session, actor)
            for kept in keepers_of(session, code):
                if kept.handle == keeper:
                    kept.until = at
                    append(session, Event("seal.dismiss", seal.subject, actor, at, cause, {"keeper": keeper}))
                    return
        raise InvalidInput("NOT_A_KEEPER", handle=keeper, code=code)

    def _simple_move(self, code: str, verb: str, actor: str, cause: str | None) -> Seal:
        with self.database.begin() as session:
            seal = get_seal(session, code, to_move=True)
            self._move(session, seal, verb, actor, cause)
            return seal

    def _end(self, code: str, verb: str, actor: str, cause: str, reason: x509.ReasonFlags) -> Seal:
        with self.database.begin() as session:
            seal = get_seal(session, code, to_move=True)
            self._move(session, seal, verb, actor, cause)
            standing = self.making.standing_certificates(session, seal)
            for certificate in standing:
                revoke(session, certificate, reason=reason, cause=cause, actor=actor, at=self.clock.now())
        if any(certificate.issuer_id is not None for certificate in standing):
            self.trust.publish()  # an outside authority publishes its own list
        return seal

    def _move(self, session: Session, seal: Seal, verb: str, actor: str, cause: str | None, **facts: str) -> None:
        get_person(session, actor)
        append(session, LIFECYCLE.move(seal, verb, actor=actor, at=self.clock.now(), cause=cause, **facts))
