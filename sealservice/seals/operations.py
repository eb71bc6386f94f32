"""The verbs of the seal library: request, approve, make, and everything that becomes of a seal after.

Each leaves a line in the audit with who, when and why. Who requested a seal, or its renewal, does not approve it; the
database holds that too. Making asks the token for a key and the authority for a certificate, and can be taken up again
where it broke.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from sqlalchemy.orm import Session

from sealservice.audit.operations import append
from sealservice.certificates.authority import revoke
from sealservice.certificates.model import Certificate
from sealservice.certificates.trust import TrustFile
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Conflict, InvalidInput, NotPermitted
from sealservice.kernel.lifecycle import Event
from sealservice.parties.operations import get_person
from sealservice.seals.making import Making, still
from sealservice.seals.model import ENDED, LIFECYCLE, Seal, SealKeeper, SealRenewal, SealState
from sealservice.seals.queries import get_seal, keepers_of
from sealservice.seals.renewing import Renewals, carry_out, get_approved
from sealservice.seals.requesting import Requests, SealRequest


@dataclass(frozen=True, kw_only=True)
class Seals:
    """The register of seals."""

    database: Database
    clock: Clock
    requests: Requests
    making: Making
    trust: TrustFile

    @property
    def _renewals(self) -> Renewals:
        return Renewals(database=self.database, clock=self.clock)

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
        with self._taking_up(seal, "make", certificate, actor) as (_, now):
            now.made_by = actor
        return now

    def request_certificate(self, code: str, *, actor: str) -> bytes:
        """The PEM of a certificate request for an outside authority, made with the seal's own key in the token."""
        with self.database.read() as session:
            seal = get_seal(session, code)
            get_person(session, actor)
            LIFECYCLE.require_move(seal, "make" if seal.state is SealState.APPROVED else "renew")
            if seal.state is not SealState.APPROVED:
                get_approved(session, code)
        return self.making.request_certificate(seal, actor=actor)

    def request_renewal(self, code: str, *, actor: str, valid_until: datetime | None = None) -> SealRenewal:
        """Asks for a new key and certificate of an active seal. See `Renewals.request`."""
        return self._renewals.request(code, actor=actor, valid_until=valid_until)

    def approve_renewal(self, code: str, *, actor: str, cause: str | None = None) -> SealRenewal:
        return self._renewals.approve(code, actor=actor, cause=cause)

    def reject_renewal(self, code: str, *, actor: str, cause: str) -> SealRenewal:
        return self._renewals.reject(code, actor=actor, cause=cause)

    def renew(self, code: str, *, actor: str, chain: bytes | None = None) -> Seal:
        """Carries out an approved renewal: a new key and a new certificate; the earlier ones stay on record and stay
        valid. Raises WrongState("RENEWAL_NOT_APPROVED")."""
        with self.database.read() as session:
            seal = get_seal(session, code)
            get_person(session, actor)
            LIFECYCLE.require_move(seal, "renew")
            renewal = get_approved(session, code)
        seal.valid_until = renewal.valid_until  # what was agreed on; on record it is only with the certificate
        certificate = self.making.certificate_for(seal, actor=actor, chain=chain)
        with self._taking_up(seal, "renew", certificate, actor, renewal=renewal.renewal_id) as (session, now):
            carry_out(session, renewal.renewal_id, actor=actor, at=self.clock.now())
        return now

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
        """Lets a person press the seal from now on. Harmless for one who may already.

        Raises NotPermitted("APPOINTEE_MAY_NOT_APPOINT"): nobody appoints themself."""
        at = self.clock.now()
        with self.database.begin() as session:
            seal = get_seal(session, code, to_move=True)
            get_person(session, actor)
            get_person(session, keeper)
            if actor == keeper:
                raise NotPermitted("APPOINTEE_MAY_NOT_APPOINT", handle=actor, code=code)
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
            standing = self._revoke_all(session, seal, reason, cause, actor)
        if any(certificate.issuer_id is not None for certificate in standing):
            self.trust.publish(actor=actor)  # an outside authority publishes its own list
        return seal

    def _revoke_all(
        self, session: Session, seal: Seal, reason: x509.ReasonFlags, cause: str, actor: str
    ) -> Sequence[Certificate]:
        standing = self.making.standing_certificates(session, seal)
        for certificate in standing:
            revoke(session, certificate, reason=reason, cause=cause, actor=actor, at=self.clock.now())
        return standing

    @contextmanager
    def _taking_up(
        self, before: Seal, verb: str, certificate: Certificate, actor: str, **facts: str
    ) -> Iterator[tuple[Session, Seal]]:
        """The transaction in which a seal takes up the certificate that was made for it, and whatever belongs to it.

        Raises Conflict("SEAL_CHANGED_MEANWHILE") when the seal is not as it was `before`. If it has ended, what was
        made for it meanwhile is revoked."""
        with self.database.begin() as session:
            seal = still(session, before)
            if seal is not None:
                self._move(session, seal, verb, actor, None, certificate=certificate.certificate_id, **facts)
                seal.valid_until = before.valid_until
                self.making.attach(session, seal, certificate, at=self.clock.now())
                yield session, seal
                return
            seal = get_seal(session, before.code)
            if seal.state in ENDED:
                self._revoke_all(session, seal, x509.ReasonFlags.cessation_of_operation, seal.state, actor)
        raise Conflict("SEAL_CHANGED_MEANWHILE", code=before.code)

    def _move(self, session: Session, seal: Seal, verb: str, actor: str, cause: str | None, **facts: str) -> None:
        get_person(session, actor)
        append(session, LIFECYCLE.move(seal, verb, actor=actor, at=self.clock.now(), cause=cause, **facts))
