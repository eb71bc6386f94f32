"""`sealservice impressions`: the register of what was pressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sealservice.audit.queries import find_fault
from sealservice.cli.files import handed_out, require_writable
from sealservice.cli.options import DEFAULT_HOME, Home, Json, Session, session
from sealservice.cli.output import REFUSED
from sealservice.cli.press import described
from sealservice.cli.tables import show_table
from sealservice.documents.inspection import find_damage
from sealservice.impressions.model import LIFECYCLE
from sealservice.impressions.queries import balance, get_impression, list_impressions
from sealverify.digest import Digest

app = typer.Typer(help="The register of impressions. 用印记录", no_args_is_help=True)

Identifier = Annotated[str, typer.Argument(metavar="IMPRESSION", help="Its identifier. 用印编号")]


@app.command("list")
def list_all(
    seal: Annotated[str | None, typer.Option("--seal", metavar="CODE", help="Of one seal. 印章编码")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Lists impressions, the newest first."""
    with session(home, as_json=json) as s:
        with s.house.database.read() as db:
            rows = [described(item) for item in list_impressions(db, seal_code=seal, limit=limit)]
        columns = ("COLUMN_IMPRESSION", "COLUMN_STATE", "COLUMN_SEAL", "COLUMN_WHEN", "COLUMN_MATTER")
        headings = s.output.texts(*columns)
        cells = [_cells(s, row) for row in rows]
        s.output.answer(rows, lambda console: show_table(console, headings, cells, folding=[4]))


def _cells(s: Session, row: Mapping[str, Any]) -> list[str]:
    state = s.output.text(f"STATE_{row['state']}")
    return [row["impression"], state, row["seal"], row["intended_at"][:19], row["matter"] or ""]


@app.command("show")
def show(impression: Identifier, home: Home = DEFAULT_HOME, json: Json = False) -> None:
    """Shows one impression."""
    with session(home, as_json=json) as s:
        with s.house.database.read() as db:
            known = described(get_impression(db, impression))
        s.output.answer(known, lambda console: console.print_json(data=known))


@app.command("fetch")
def fetch(
    impression: Identifier,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the PDF goes. 输出文件")],
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Writes the sealed file of a recorded impression once more."""
    with session(home, as_json=json) as s:
        with s.house.database.read() as db:
            found = get_impression(db, impression)
        LIFECYCLE.require(found, "release")
        require_writable(output)
        with handed_out():
            s.house.store.copy_out(Digest.parse(found.sealed or ""), output)
        s.output.answer(described(found), lambda _: s.output.line("IMPRESSION_FETCHED", path=output))


@app.command("check")
def check(home: Home = DEFAULT_HOME, json: Json = False) -> int:
    """Counts what must agree: released files, recorded impressions, audit lines; and reads every stored file."""
    with session(home, as_json=json) as s:
        with s.house.database.read() as db:
            found, fault = balance(db), find_fault(db)
        damage = [item.digest for item in find_damage(s.house.database, s.house.store, reading=True)]
        value = {
            "released": found.released,
            "recorded": found.recorded,
            "audited": found.audited,
            "unsettled": found.unsettled,
            "audit_fault": fault,
            "damaged": damage,
            "even": found.is_even and fault is None and not damage,
        }
        s.output.answer(value, lambda _: _tell_balance(s, value, damage))
        return 0 if value["even"] else REFUSED


def _tell_balance(s: Session, value: Mapping[str, object], damage: Sequence[str]) -> None:
    s.output.line("BALANCE", **value)
    for digest in damage:
        s.output.line("STORED_FILE_DAMAGED", digest=digest)
    if value["audit_fault"] is not None:
        s.output.line("AUDIT_FAULT", line=value["audit_fault"])
