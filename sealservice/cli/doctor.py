"""`sealservice doctor`: asks every part whether it is well, and says how to mend it when it is not."""

from __future__ import annotations

from typing import Annotated

import typer

from sealservice.cli.options import DEFAULT_HOME, Acting, Cause, Home, Json
from sealservice.cli.output import MISCONFIGURED, Output
from sealservice.diagnosis import Finding, Verdict, accept_clock, examine

_MARKS = {Verdict.WELL: ("✓", "green"), Verdict.WARNING: ("!", "yellow"), Verdict.ILL: ("✗", "red")}


def doctor(
    accept: Annotated[
        bool, typer.Option("--accept-clock", help="I have looked: the clock is right now. 时钟已核对")
    ] = False,
    why: Cause = "",
    acting: Acting = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> int:
    """Explains each missing or half-configured part, and how to mend it."""
    output = Output.make(as_json=json)
    if accept:
        accept_clock(home, actor=acting, cause=why)
    findings = list(examine(home))
    value = [finding.as_json() for finding in findings]
    output.answer(value, lambda _: _tell(output, findings))
    return MISCONFIGURED if any(finding.verdict is Verdict.ILL for finding in findings) else 0


def _tell(output: Output, findings: list[Finding]) -> None:
    for finding in findings:
        mark, style = _MARKS[finding.verdict]
        output.console.print(mark, output.text(f"PART_{finding.part}"), style=style, markup=False)
        output.console.print("  ", output.say(finding.message), markup=False, soft_wrap=True)
