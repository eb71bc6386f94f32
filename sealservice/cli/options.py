"""The options that every command shares, said once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sealservice.assembly import House, open_house
from sealservice.cli.output import Output
from sealservice.settings import operator

Home = Annotated[
    Path,
    typer.Option("--home", envvar="SEALSERVICE_HOME", help="The data folder. 数据目录", file_okay=False),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, one line. 以 JSON 输出")]
Acting = Annotated[str | None, typer.Option("--as", envvar="SEALSERVICE_AS", metavar="HANDLE", help="Who acts. 操作人")]
Cause = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; it goes on record. 事由")]
SealCode = Annotated[str, typer.Argument(metavar="CODE", help="The seal's 14-digit code. 印章编码")]

DEFAULT_HOME = Path("var")


@dataclass(frozen=True)
class Session:
    """One command at work: the house, who acts, and where the answer goes."""

    house: House
    actor: str
    output: Output


@contextmanager
def session(home: Path, *, as_json: bool, acting: str | None = None) -> Iterator[Session]:
    """Opens the house for one command. Whoever acts is named by --as, else by the settings, else by the account."""
    output = Output.make(as_json=as_json)
    with open_house(home) as house:
        yield Session(house, acting or house.settings.acting_as or operator(), output)
