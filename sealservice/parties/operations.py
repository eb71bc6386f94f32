"""Registering organisations and people, and finding who acts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from sealservice.audit.operations import append
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Conflict, InvalidInput, NotFound, Refused
from sealservice.kernel.identifiers import checked_credit_code, checked_handle
from sealservice.kernel.lifecycle import Event
from sealservice.parties.model import Organization, Person

DEMO_MARK = "DEMO 仅供演示"


class Parties:
    """The register of who there is."""

    def __init__(self, database: Database, clock: Clock, *, production: bool) -> None:
        self._database, self._clock, self._production = database, clock, production

    def add_organization(
        self, *, credit_code: str, name: str, actor: str, name_en: str | None = None, is_demo: bool = False
    ) -> Organization:
        """Registers a body. Raises InvalidInput for a wrong code or no name, Conflict when the code is there."""
        code, name, at = checked_credit_code(credit_code), checked_name(name), self._clock.now()
        if is_demo and self._production:
            raise Refused("DEMO_IN_PRODUCTION", name=name)
        name_en = checked_name(name_en) if name_en else None
        with self._database.begin() as session:
            get_person(session, actor)
            if session.get(Organization, code) is not None:
                raise Conflict("ORGANIZATION_EXISTS", code=code)
            body = Organization(credit_code=code, name=name, name_en=name_en, is_demo=is_demo, created_at=at)
            session.add(body)
            append(session, Event("organization.add", f"organization:{code}", actor, at, facts={"name": name}))
            return body

    def add_person(self, *, handle: str, name: str, actor: str, credit_code: str | None = None) -> Person:
        """Registers a person; somebody on record does it, or the person does: so the first one comes in.

        Raises InvalidInput, NotFound for an unknown body or actor, Conflict when the handle is taken."""
        checked_handle(handle)
        name, at = checked_name(name), self._clock.now()
        with self._database.begin() as session:
            if actor != handle:
                get_person(session, actor)
            if session.get(Person, handle) is not None:
                raise Conflict("PERSON_EXISTS", handle=handle)
            code = get_organization(session, credit_code).credit_code if credit_code else None
            person = Person(handle=handle, name=name, credit_code=code, created_at=at)
            session.add(person)
            append(session, Event("person.add", f"person:{handle}", actor, at, facts={"organization": code}))
            return person

    def organizations(self) -> Sequence[Organization]:
        with self._database.read() as session:
            return session.scalars(select(Organization).order_by(Organization.created_at)).all()

    def people(self) -> Sequence[Person]:
        with self._database.read() as session:
            return session.scalars(select(Person).order_by(Person.created_at)).all()


def checked_name(text: str) -> str:
    """A name with its outer blanks off. Raises InvalidInput("NAME_WRONG") for none, or one beyond 200 characters."""
    name = " ".join(text.split())
    if not name or len(name) > 200 or not name.isprintable():
        raise InvalidInput("NAME_WRONG", given=text[:40])
    return name


def get_organization(session: Session, credit_code: str) -> Organization:
    code = checked_credit_code(credit_code)
    found = session.get(Organization, code)
    if found is None:
        raise NotFound("ORGANIZATION_UNKNOWN", code=code)
    return found


def get_person(session: Session, handle: str) -> Person:
    found = session.get(Person, handle)
    if found is None:
        raise NotFound("PERSON_UNKNOWN", handle=handle)
    return found
