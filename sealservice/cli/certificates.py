"""`sealservice certificates`: the ceremony of the embedded authority, and what verifiers are given."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import select

from sealservice.certificates.ceremony import Ceremony
from sealservice.certificates.model import Certificate
from sealservice.cli.options import DEFAULT_HOME, Acting, Home, Json, session
from sealservice.cli.tables import show_table

app = typer.Typer(help="The authority and its certificates. 证书", no_args_is_help=True)


@app.command("ceremony")
def ceremony(
    name: Annotated[str, typer.Option("--name", help="The authority's name. 认证机构名称")],
    organization: Annotated[str, typer.Option("--organization", help="Who runs it. 运营单位")],
    acting: Acting = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Opens the root's token: makes the root (once), a new issuing key, and the timestamp and status signers."""
    with session(home, as_json=json, acting=acting) as s, s.house.root_keys() as root:
        held = Ceremony(
            database=s.house.database,
            clock=s.house.clock,
            root_keys=root,
            service_keys=s.house.keys,
            name=name,
            organization=organization,
            algorithm=s.house.algorithm,
            production=s.house.settings.production,
        ).hold(actor=s.actor)
        path, name = (
            s.house.trust.publish(root_revocation_list=held.root_revocation_list, actor=s.actor),
            held.issuing.subject_name,
        )
        s.output.answer(
            {"issuing": name, "trust": str(path)}, lambda _: s.output.line("CEREMONY_HELD", name=name, path=path)
        )


@app.command("trust")
def trust(home: Home = DEFAULT_HOME, json: Json = False) -> None:
    """Writes the file for verifiers anew: the anchor, and a fresh list of what was revoked."""
    with session(home, as_json=json) as s:
        path = s.house.trust.publish(actor=s.actor)
        s.output.answer({"trust": str(path)}, lambda _: s.output.line("TRUST_PUBLISHED", path=path))


@app.command("list")
def list_all(home: Home = DEFAULT_HOME, json: Json = False) -> None:
    """Lists all certificates that were issued or accepted."""
    with session(home, as_json=json) as s:
        with s.house.database.read() as db:
            found = db.scalars(select(Certificate).order_by(Certificate.valid_from)).all()
        rows = [
            {
                "serial": item.serial,
                "profile": item.profile,
                "state": item.state,
                "subject": item.subject_name,
                "valid_until": item.valid_until.isoformat(),
            }
            for item in found
        ]
        headings = s.output.texts("COLUMN_PROFILE", "COLUMN_STATE", "COLUMN_NAME", "COLUMN_UNTIL")
        cells = [[row["profile"], row["state"], row["subject"], row["valid_until"][:10]] for row in rows]
        s.output.answer(rows, lambda console: show_table(console, headings, cells, folding=[2]))
