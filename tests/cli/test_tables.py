"""What a person reads in a narrow window, or a script behind a pipe: every identifier, whole."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from sealservice.cli.tables import show_table
from tests.cli.conftest import CODE, CREDIT_CODE
from tests.cli.terminal import Terminal
from tests.support.houses import SAMPLES

LETTER = SAMPLES / "approval-letter-1-page.pdf"
IDENTIFIER = "15f9ce74-11c3-469a-8360-9bcd099b287d"


def _shown(width: int, *, terminal: bool) -> str:
    screen = io.StringIO()
    console = Console(file=screen, width=width, force_terminal=terminal, color_system=None)
    name = "云岭市青禾区行政审批局（演示）行政审批专用章"
    show_table(console, ["Impression", "Name", "Seal"], [[IDENTIFIER, name, "99012600000001"]] * 2, folding=[1])
    return screen.getvalue()


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 200])
@pytest.mark.parametrize("terminal", [True, False])
def test_no_identifier_is_cut_however_narrow_the_window_is(width: int, terminal: bool) -> None:
    shown = _shown(width, terminal=terminal)
    assert shown.count(IDENTIFIER) == 2
    assert shown.count("99012600000001") == 2
    assert "…" not in shown
    without_breaks = "".join(shown.split())
    assert without_breaks.count("章") >= 2


def test_into_a_pipe_a_row_is_one_line() -> None:
    lines = _shown(40, terminal=False).splitlines()
    assert len(lines) == 3
    assert all(line.endswith("99012600000001") or line.rstrip().endswith("Seal") for line in map(str.rstrip, lines))


def test_names_give_way_before_the_row_grows_longer_than_the_window() -> None:
    assert max(map(len, _shown(80, terminal=True).splitlines())) <= 80


def test_every_list_shows_its_identifiers_whole(office: Terminal, tmp_path: Path) -> None:
    (pressed,) = office.do("press", LETTER, "--seal", CODE, "-o", tmp_path / "o.pdf")["results"]
    key = office.do("keys", "list")[0]["key"]
    lists = {
        ("impressions", "list"): pressed["impression"],
        ("keys", "list"): key,
        ("seals", "list"): CODE,
        ("seals", "show", CODE): CREDIT_CODE,
        ("orgs", "list"): CREDIT_CODE,
        ("people", "list"): CREDIT_CODE,
    }
    for arguments, identifier in lists.items():
        assert identifier in office.say(*arguments, columns="30").out, arguments
