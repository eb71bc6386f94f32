"""`sealservice verify`: the independent verifier, with this house's anchor unless another is named.

Everything is handed on to `sealverify` as it came; the verdict, the words and the exit code are its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from sealverify.__main__ import run
from sealverify.examine import examine_path
from sealverify.policy import Policy
from sealverify.trust import read_trust

from sealservice.cli.options import DEFAULT_HOME, Home, Json


def verify(context: typer.Context, home: Home = DEFAULT_HOME, json: Json = False) -> int:
    """Verifies a file or a folder: see `sealverify --help`. Without --trust it is this house's anchor."""
    arguments = list(context.args)
    own = home / "trust" / "anchors.pem"
    if not any(word == "--trust" or word.startswith("--trust=") for word in arguments) and own.is_file():
        arguments += ["--trust", str(own)]
    return run([*arguments, "--json"] if json else arguments)


def report_on(path: Path, *, trust: Path) -> dict[str, Any]:
    """The verifier's report about one file, as a program reads it."""
    return examine_path(path, Policy(trust=read_trust(trust))).as_json()
