"""`sealservice orgs` and `sealservice people`: who there is."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from sealservice.cli.options import DEFAULT_HOME, Acting, Home, Json, session
from sealservice.cli.tables import show_table
from sealservice.parties.model import Organization, Person

organizations = typer.Typer(help="Bodies that seals can speak for. 用章单位", no_args_is_help=True)
people = typer.Typer(help="People who act here. 人员", no_args_is_help=True)

CreditCode = Annotated[str, typer.Argument(metavar="USCC", help="18-character credit code. 统一社会信用代码")]
Name = Annotated[str, typer.Option("--name", help="The full name. 名称")]


@organizations.command("add")
def add_organization(
    credit_code: CreditCode,
    name: Name,
    name_en: Annotated[str | None, typer.Option("--name-en", help="The English name. 英文名称")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="For demonstration only. 仅供演示")] = False,
    acting: Acting = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Registers a body."""
    with session(home, as_json=json, acting=acting) as s:
        body = s.house.parties.add_organization(
            credit_code=credit_code, name=name, name_en=name_en, is_demo=demo, actor=s.actor
        )
        s.output.answer(_body(body), lambda console: s.output.line("ORGANIZATION_ADDED", **_body(body)))


@organizations.command("list")
def list_organizations(home: Home = DEFAULT_HOME, json: Json = False) -> None:
    """Lists all bodies."""
    with session(home, as_json=json) as s:
        rows = [_body(body) for body in s.house.parties.organizations()]
        s.output.answer(rows, lambda console: _table(console, rows))


@people.command("add")
def add_person(
    handle: Annotated[str, typer.Argument(metavar="HANDLE", help="A short name, as of an account. 账号")],
    name: Name,
    credit_code: Annotated[str | None, typer.Option("--org", metavar="USCC", help="Where they work. 所属单位")] = None,
    acting: Acting = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Registers a person."""
    with session(home, as_json=json, acting=acting) as s:
        person = s.house.parties.add_person(handle=handle, name=name, credit_code=credit_code, actor=s.actor)
        s.output.answer(_person(person), lambda console: s.output.line("PERSON_ADDED", **_person(person)))


@people.command("list")
def list_people(home: Home = DEFAULT_HOME, json: Json = False) -> None:
    """Lists all people."""
    with session(home, as_json=json) as s:
        rows = [_person(person) for person in s.house.parties.people()]
        s.output.answer(rows, lambda console: _table(console, rows))


def _body(body: Organization) -> dict[str, str | bool | None]:
    return {
        "credit_code": body.credit_code,
        "name": body.name,
        "name_en": body.name_en,
        "demo": body.is_demo,
    }


def _person(person: Person) -> dict[str, str | None]:
    return {"handle": person.handle, "name": person.name, "organization": person.credit_code}


def _table(console: Console, rows: list[dict[str, str | bool | None]] | list[dict[str, str | None]]) -> None:
    headings = list(rows[0]) if rows else []
    cells = [["" if value is None else str(value) for value in row.values()] for row in rows]
    names = [number for number, heading in enumerate(headings) if heading.startswith("name")]
    show_table(console, headings, cells, folding=names)
