"""`sealservice verify`: the independent verifier, with this house's anchor unless another is named.

Everything is handed on to `sealverify` as it came; the verdict, the words and the exit code are its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from sealservice.cli.options import DEFAULT_HOME, Home, Json
from sealservice.cli.output import USAGE, Output
from sealverify.__main__ import WrongUsage, run
from sealverify.guard import examine_guarded
from sealverify.messages import Text
from sealverify.policy import Policy
from sealverify.trust import Trust


def verify(context: typer.Context, home: Home = DEFAULT_HOME, json: Json = False) -> int:
    """Verifies a file or a folder: see `sealverify --help`. Without --trust it is this house's anchor."""
    arguments = list(context.args)
    own = home / "trust" / "anchors.pem"
    if not _says(arguments, "--trust") and own.is_file():
        arguments += ["--trust", str(own)]
    try:
        return run([*arguments, "--json"] if json else arguments)
    except WrongUsage as end:  # the verifier has told people in its own words
        return Output.make(as_json=True).wrong_usage(Text(end.reason, end.reason)) if json else USAGE
    except SystemExit as end:  # it was asked for its help
        return int(end.code or 0)


def report_on(path: Path, *, trust: Path) -> dict[str, Any]:
    """The verifier's report about a file of our own, as a program reads it; judged in a child, as every file is."""
    return examine_guarded(path, Policy(trust=Trust.from_file(trust)))


def _says(arguments: list[str], option: str) -> bool:
    return any(word == option or word.startswith(f"{option}=") for word in arguments)
