"""`sealservice seals`: the seal library, one command a verb."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from sealservice.cli.files import read, require_readable, write
from sealservice.cli.options import DEFAULT_HOME, Acting, Cause, Home, Json, SealCode, Session, session
from sealservice.cli.output import WrongUsage
from sealservice.cli.tables import show_table
from sealservice.seals.filing import record
from sealservice.seals.kinds import KIND_NAMES, SealKind
from sealservice.seals.model import Seal, SealRenewal
from sealservice.seals.queries import get_seal, list_seals
from sealservice.seals.requesting import SealRequest

app = typer.Typer(help="The seal library. 印章库", no_args_is_help=True)

Until = Annotated[str | None, typer.Option("--until", metavar="YYYY-MM-DD", help="Last day it is valid. 有效期止")]
Chain = Annotated[
    Path | None, typer.Option("--chain", help="PEM from an outside authority, leaf first. 外部证书链", dir_okay=False)
]


@app.command("request")
def request(
    credit_code: Annotated[str, typer.Option("--owner", metavar="USCC", help="The owner's credit code. 用章单位")],
    kind: Annotated[SealKind, typer.Option("--kind", case_sensitive=False, help="印章种类")],
    keepers: Annotated[list[str], typer.Option("--keeper", metavar="HANDLE", help="May press it. 印章保管人")],
    name: Annotated[str | None, typer.Option("--name", help="What people call it. 印章名称")] = None,
    line: Annotated[str | None, typer.Option("--line", help="The words below the star. 横排文字")] = None,
    code: Annotated[str | None, typer.Option("--code", help="14 digits; made when not given. 印章编码")] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="SVG or PNG; drawn when not given. 印模图片", dir_okay=False)
    ] = None,
    width_mm: Annotated[float | None, typer.Option("--width", metavar="MM", min=5, max=120, help="真实宽度")] = None,
    height_mm: Annotated[float | None, typer.Option("--height", metavar="MM", min=5, max=120, help="真实高度")] = None,
    until: Until = None,
    acting: Acting = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Asks for a seal. Somebody else approves it."""
    if picture is not None:
        require_readable(picture)
    with session(home, as_json=json, acting=acting) as s:
        wanted = SealRequest(
            credit_code=credit_code,
            kind=kind,
            keepers=keepers,
            name=name,
            line=line,
            code=code,
            picture=picture,
            width_mm=width_mm,
            height_mm=height_mm,
            valid_until=end_of_day(until),
        )
        _moved(s, s.house.seals.request(wanted, actor=s.actor), "SEAL_REQUESTED_NOW")


@app.command("approve")
def approve(
    code: SealCode,
    why: Annotated[str | None, typer.Option("--why", help="A remark. 意见")] = None,
    acting: Acting = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Approves a request of somebody else."""
    with session(home, as_json=json, acting=acting) as s:
        _moved(s, s.house.seals.approve(code, actor=s.actor, cause=why), "SEAL_APPROVED_NOW")


@app.command("reject")
def reject(code: SealCode, why: Cause, acting: Acting = None, home: Home = DEFAULT_HOME, json: Json = False) -> None:
    """Turns a request down."""
    with session(home, as_json=json, acting=acting) as s:
        _moved(s, s.house.seals.reject(code, actor=s.actor, cause=why), "SEAL_MOVED")


@app.command("make")
def make(
    code: SealCode, chain: Chain = None, acting: Acting = None, home: Home = DEFAULT_HOME, json: Json = False
) -> None:
    """Makes an approved seal: its key in the token, its certificate, ready to press."""
    with session(home, as_json=json, acting=acting) as s:
        pem = read(chain) if chain else None
        _moved(s, s.house.seals.make(code, actor=s.actor, chain=pem), "SEAL_MADE_NOW")


@app.command("certificate-request")
def certificate_request(
    code: SealCode,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the PEM goes. 输出文件")],
    acting: Acting = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Writes a certificate request for an outside licensed authority, made with the seal's own key."""
    with session(home, as_json=json, acting=acting) as s:
        write(output, s.house.seals.request_certificate(code, actor=s.actor))
        s.output.answer(
            {"code": code, "request": str(output)}, lambda _: s.output.line("CERTIFICATE_REQUESTED", path=output)
        )


@app.command("list")
def list_all(home: Home = DEFAULT_HOME, json: Json = False) -> None:
    """Lists all seals."""
    with session(home, as_json=json) as s:
        with s.house.database.read() as db:
            found = list_seals(db)
        s.output.answer([_brief(seal) for seal in found], lambda console: _table(s, console, list(found)))


@app.command("show")
def show(code: SealCode, home: Home = DEFAULT_HOME, json: Json = False) -> None:
    """Shows everything on record about a seal."""
    with session(home, as_json=json) as s:
        with s.house.database.read() as db:
            known = record(db, get_seal(db, code))
        s.output.answer(known, lambda console: _show(s, console, known))


@app.command("suspend")
def suspend(code: SealCode, why: Cause, acting: Acting = None, home: Home = DEFAULT_HOME, json: Json = False) -> None:
    """Stops a seal for the time being."""
    with session(home, as_json=json, acting=acting) as s:
        _moved(s, s.house.seals.suspend(code, actor=s.actor, cause=why), "SEAL_MOVED")


@app.command("restore")
def restore(code: SealCode, why: Cause, acting: Acting = None, home: Home = DEFAULT_HOME, json: Json = False) -> None:
    """Lets a suspended seal be pressed again."""
    with session(home, as_json=json, acting=acting) as s:
        _moved(s, s.house.seals.restore(code, actor=s.actor, cause=why), "SEAL_MOVED")


@app.command("revoke")
def revoke(
    code: SealCode,
    why: Cause,
    compromised: Annotated[bool, typer.Option("--compromised", help="Its key may be in wrong hands. 密钥泄露")] = False,
    acting: Acting = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Ends a seal for good and revokes its certificates."""
    with session(home, as_json=json, acting=acting) as s:
        seal = s.house.seals.revoke(code, actor=s.actor, cause=why, compromised=compromised)
        _moved(s, seal, "SEAL_MOVED")


@app.command("retire")
def retire(code: SealCode, why: Cause, acting: Acting = None, home: Home = DEFAULT_HOME, json: Json = False) -> None:
    """Lays a seal down that is no longer needed."""
    with session(home, as_json=json, acting=acting) as s:
        seal = s.house.seals.retire(code, actor=s.actor, cause=why)
        _moved(s, seal, "SEAL_MOVED")


@app.command("request-renewal")
def request_renewal(
    code: SealCode, until: Until = None, acting: Acting = None, home: Home = DEFAULT_HOME, json: Json = False
) -> None:
    """Asks for a new key and certificate of a seal. Somebody else approves it."""
    with session(home, as_json=json, acting=acting) as s:
        asked = s.house.seals.request_renewal(code, actor=s.actor, valid_until=end_of_day(until))
        _told_of_renewal(s, asked, "RENEWAL_REQUESTED_NOW")


@app.command("approve-renewal")
def approve_renewal(
    code: SealCode,
    why: Annotated[str | None, typer.Option("--why", help="A remark. 意见")] = None,
    acting: Acting = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Approves a renewal that somebody else asked for."""
    with session(home, as_json=json, acting=acting) as s:
        agreed = s.house.seals.approve_renewal(code, actor=s.actor, cause=why)
        _told_of_renewal(s, agreed, "RENEWAL_APPROVED_NOW")


@app.command("reject-renewal")
def reject_renewal(
    code: SealCode, why: Cause, acting: Acting = None, home: Home = DEFAULT_HOME, json: Json = False
) -> None:
    """Turns a renewal down, or takes it back."""
    with session(home, as_json=json, acting=acting) as s:
        ended = s.house.seals.reject_renewal(code, actor=s.actor, cause=why)
        _told_of_renewal(s, ended, "RENEWAL_REJECTED_NOW")


@app.command("renew")
def renew(
    code: SealCode, chain: Chain = None, acting: Acting = None, home: Home = DEFAULT_HOME, json: Json = False
) -> None:
    """Carries out an approved renewal: a new key and certificate; the seal's history stays."""
    with session(home, as_json=json, acting=acting) as s:
        pem = read(chain) if chain else None
        _moved(s, s.house.seals.renew(code, actor=s.actor, chain=pem), "SEAL_RENEWED_NOW")


@app.command("appoint")
def appoint(code: SealCode, keeper: str, acting: Acting = None, home: Home = DEFAULT_HOME, json: Json = False) -> None:
    """Lets a person press a seal."""
    with session(home, as_json=json, acting=acting) as s:
        s.house.seals.appoint(code, keeper, actor=s.actor)
        s.output.answer(
            {"code": code, "keeper": keeper}, lambda _: s.output.line("KEEPER_APPOINTED", code=code, keeper=keeper)
        )


@app.command("dismiss")
def dismiss(
    code: SealCode, keeper: str, why: Cause, acting: Acting = None, home: Home = DEFAULT_HOME, json: Json = False
) -> None:
    """Ends a person's right to press a seal."""
    with session(home, as_json=json, acting=acting) as s:
        s.house.seals.dismiss(code, keeper, actor=s.actor, cause=why)
        s.output.answer(
            {"code": code, "keeper": keeper}, lambda _: s.output.line("KEEPER_DISMISSED", code=code, keeper=keeper)
        )


@app.command("export")
def export(
    code: SealCode,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the ZIP goes. 输出文件")],
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Writes a seal's record for filing (备案)."""
    with session(home, as_json=json) as s:
        write(output, s.house.filing.export(code))
        s.output.answer({"code": code, "record": str(output)}, lambda _: s.output.line("SEAL_EXPORTED", path=output))


def end_of_day(text: str | None) -> datetime | None:
    """The last second of a day given as YYYY-MM-DD. Raises WrongUsage("DATE_WRONG")."""
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(hour=23, minute=59, second=59, tzinfo=UTC)
    except ValueError:
        raise WrongUsage("DATE_WRONG", given=text) from None


def _moved(s: Session, seal: Seal, sentence: str) -> None:
    told = {**_brief(seal), "state": s.output.text(f"STATE_{seal.state}")}
    s.output.answer(_brief(seal), lambda _: s.output.line(sentence, **told))


def _told_of_renewal(s: Session, renewal: SealRenewal, sentence: str) -> None:
    value = {
        "code": renewal.seal_code,
        "renewal": renewal.renewal_id,
        "state": renewal.state,
        "valid_until": renewal.valid_until.isoformat(),
    }
    s.output.answer(value, lambda _: s.output.line(sentence, **value))


def _brief(seal: Seal) -> dict[str, Any]:
    return {
        "code": seal.code,
        "name": seal.name,
        "owner": seal.credit_code,
        "kind": seal.kind,
        "state": seal.state,
        "valid_until": seal.valid_until.isoformat(),
    }


def _table(s: Session, console: Console, found: list[Seal]) -> None:
    headings = s.output.texts("COLUMN_CODE", "COLUMN_NAME", "COLUMN_KIND", "COLUMN_STATE", "COLUMN_UNTIL")
    cells = [
        [
            seal.code,
            seal.name,
            s.output.say(KIND_NAMES[seal.kind]),
            s.output.text(f"STATE_{seal.state}"),
            f"{seal.valid_until:%Y-%m-%d}",
        ]
        for seal in found
    ]
    show_table(console, headings, cells, folding=[1, 2])


def _show(s: Session, console: Console, known: dict[str, Any]) -> None:
    rows: list[tuple[str, Callable[[], str]]] = [
        ("COLUMN_CODE", lambda: known["code"]),
        ("COLUMN_NAME", lambda: known["name"]),
        ("COLUMN_OWNER", lambda: f"{known['owner']['name']} {known['owner']['credit_code']}"),
        ("COLUMN_KIND", lambda: known["kind"][s.output.language]),
        ("COLUMN_STATE", lambda: s.output.text(f"STATE_{known['state']}")),
        ("COLUMN_SIZE", lambda: "{width:g} × {height:g} mm".format(**known["size_mm"])),
        ("COLUMN_UNTIL", lambda: known["valid_until"][:10]),
        ("COLUMN_KEEPERS", lambda: ", ".join(kept["handle"] for kept in known["keepers"])),
        ("COLUMN_CERTIFICATE", lambda: known["certificates"][-1]["serial"] if known["certificates"] else "–"),
    ]
    for heading, value in rows:
        console.print(f"{s.output.text(heading)}: {value()}", markup=False, soft_wrap=True)
    for line in known["history"]:
        console.print(f"  {line['at'][:19]}  {line['actor']:<12} {line['act']:<16} {line['cause'] or ''}",
                      markup=False, soft_wrap=True)  # fmt: skip
