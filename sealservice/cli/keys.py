"""`sealservice keys`: where the keys are, and how the module fares."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from keystore.keys import KeyUse
from keystore.rates import measure_rates
from sealservice.certificates.keys import Keys
from sealservice.certificates.model import Purpose
from sealservice.cli.options import DEFAULT_HOME, Acting, Cause, Home, Json, Session, session
from sealservice.cli.output import REFUSED
from sealservice.cli.tables import show_table

app = typer.Typer(help="Keys behind PKCS#11. 密钥", no_args_is_help=True)


@app.command("list")
def list_all(home: Home = DEFAULT_HOME, json: Json = False) -> None:
    """Lists all keys: those on record, and the wrapping keys that rest in the token."""
    with session(home, as_json=json) as s:
        keys = _keys(s)
        rows: list[dict[str, Any]] = [
            {
                "key": key.key_id,
                "purpose": key.purpose,
                "protection": key.protection,
                "label": key.label,
                "token": key.token,
                "retired_at": key.retired_at and key.retired_at.isoformat(),
            }
            for key in keys.stored()
        ]
        for item in keys.in_token():
            if item.use is KeyUse.WRAPPING:
                label = s.house.settings.token.label
                rows.append({"key": item.key_id, "purpose": "WRAPPING", "protection": "TOKEN_OBJECT",
                             "label": item.label, "token": label, "retired_at": None})  # fmt: skip
        headings = s.output.texts("COLUMN_KEY", "COLUMN_PURPOSE", "COLUMN_PROTECTION", "COLUMN_NAME")
        cells = [[row[name] for name in ("key", "purpose", "protection", "label")] for row in rows]
        retired = [number for number, row in enumerate(rows) if row["retired_at"]]
        s.output.answer(rows, lambda console: show_table(console, headings, cells, folding=[3], dim=retired))


@app.command("generate")
def generate(
    label: Annotated[str, typer.Option("--label", help="What to call it. 名称")],
    purpose: Annotated[
        Purpose, typer.Option("--purpose", case_sensitive=False, help="SEAL or PERSON. 用途")
    ] = Purpose.SEAL,
    acting: Acting = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Makes a key for a certificate of an outside authority."""
    with session(home, as_json=json, acting=acting) as s:
        key = _keys(s).generate(
            purpose, label=label, algorithm=s.house.algorithm, protection=s.house.protection, actor=s.actor
        )
        value = {"key": key.key_id, "purpose": key.purpose, "protection": key.protection, "label": key.label}
        s.output.answer(value, lambda _: s.output.line("KEY_GENERATED", **value))


@app.command("rotate")
def rotate(
    retire_old: Annotated[bool, typer.Option("--retire-old", help="Destroy the old one. 销毁旧包装密钥")] = False,
    acting: Acting = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Makes a new wrapping key and moves every wrapped key under it. Back the token up afterwards."""
    with session(home, as_json=json, acting=acting) as s:
        done = _keys(s).rotate(actor=s.actor, retire_old=retire_old)
        value = {"wrapping_key": done.wrapping_key, "moved": done.moved, "retired": done.retired}
        s.output.answer(value, lambda _: s.output.line("KEYS_ROTATED", **value))


@app.command("retire")
def retire(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its identifier. 密钥编号")],
    why: Cause,
    acting: Acting = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Ends a key for good."""
    with session(home, as_json=json, acting=acting) as s:
        ended = _keys(s).retire(key, actor=s.actor, cause=why)
        s.output.answer({"key": ended.key_id, "label": ended.label}, lambda _: s.output.line("KEY_RETIRED", key=key))


@app.command("test")
def self_test(
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, max=60, help="For each rate. 每项时长")] = 1.0,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> int:
    """Runs the module's self-test and measures how many signatures a second it makes."""
    with session(home, as_json=json) as s:
        shown = s.house.keys.self_test()
        rates = list(measure_rates(s.house.keys, seconds=seconds)) if shown.passed else []
        value = {
            "module": shown.module,
            "locking": shown.locking,
            "passed": shown.passed,
            "steps": [{"step": step.name, "passed": step.passed, "reason": step.reason} for step in shown.steps],
            "rates": [
                {"what": rate.name, "threads": rate.threads, "per_second": round(rate.per_second, 1)} for rate in rates
            ],
        }
        s.output.answer(value, lambda _: _tell_test(s, value))
        return 0 if shown.passed else REFUSED


def _tell_test(s: Session, value: dict[str, Any]) -> None:
    console = s.output.console
    console.print(value["module"], value["locking"], markup=False)
    for step in value["steps"]:
        mark, style = ("✓", "green") if step["passed"] else ("✗", "red")
        console.print(mark, step["step"], step["reason"] or "", style=style, markup=False)
    for rate in value["rates"]:
        console.print(f"  {rate['what']:<44} × {rate['threads']:<3} {rate['per_second']:>9,.1f} /s", markup=False)


def _keys(s: Session) -> Keys:
    return Keys(s.house.database, s.house.clock, s.house.keys)
