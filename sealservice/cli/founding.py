"""`sealservice init` and `sealservice demo`: from nothing to a house, and from a house to a sealed approval."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sealservice.assembly import open_house
from sealservice.cli.options import DEFAULT_HOME, Home, Json
from sealservice.cli.output import Output
from sealservice.cli.verify import report_on
from sealservice.demo import Demonstration, Shown
from sealservice.founding import Step, found


def init(
    production: Annotated[bool, typer.Option("--production", help="Refuse everything demo. 生产环境")] = False,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Makes a data folder: settings, tokens with random PINs, tables, a wrapping key."""
    output = Output.make(as_json=json)
    steps = [_tell(output, step) for step in found(home, production=production)]
    output.answer(
        {"home": str(home), "steps": [{"step": step.code, "done_now": step.done_now} for step in steps]},
        lambda _: output.line("FOUNDED", home=home),
    )


def demo(
    once: Annotated[bool, typer.Option("--once", help="Show it and end. 演示后退出")] = False,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Shows the whole job: a demo authority, a seal made the real way, an approval sealed and verified."""
    output = Output.make(as_json=json)
    for step in found(home, production=False):
        _tell(output, step)
    with open_house(home) as house:
        shown = Demonstration(house).show()
    report = report_on(shown.sealed, trust=shown.trust)
    value = {
        "home": str(home.absolute()),
        "seal": shown.seal.code,
        "sealed": str(shown.sealed.absolute()),
        "trust": str(shown.trust.absolute()),
        "trust_signer": None,
        "verify": report,
    }
    output.answer(value, lambda console: _present(output, console, shown, report))


def _tell(output: Output, step: Step) -> Step:
    if step.done_now:
        output.line(step.code, **step.names)
    return step


def _present(output: Output, console: Console, shown: Shown, report: dict[str, Any]) -> None:
    """The end of a run: what was made, what the verdict is, what to try next."""
    passed = report["conclusion"] == "PASSED"
    mark, colour = ("✓", "green") if passed else ("✗", "red")
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True, style="dim")
    facts.add_column(overflow="fold")
    facts.add_row(output.text("SHOWN_SEALED"), str(_shortest(shown.sealed)), style="bold")
    facts.add_row(output.text("SHOWN_SEAL"), f"{shown.seal.code}  {shown.seal.name}")
    facts.add_row(output.text("SHOWN_TRUST"), str(_shortest(shown.trust)))
    verdict = Text(f"{mark} {report['summary'][output.language]}", style=f"bold {colour}")
    console.print()
    console.print(Panel(Group(verdict, "", facts), border_style=colour, padding=(1, 2)))
    console.print()
    console.print(output.text("SHOWN_NEXT"), style="bold")
    places = {"sealed": shown.sealed, "trust": shown.trust, "home": shown.trust.parent.parent}
    names = {**{name: _shortest(path) for name, path in places.items()}, "seal": shown.seal.code}
    for code in ("SHOWN_TRY_OPEN", "SHOWN_TRY_VERIFY", "SHOWN_TRY_PRESS"):
        console.print("  " + output.text(code, **names), markup=False, soft_wrap=True)


def _shortest(path: Path) -> Path:
    """As one would type it from here."""
    here = Path.cwd()
    return path.absolute().relative_to(here) if path.absolute().is_relative_to(here) else path
