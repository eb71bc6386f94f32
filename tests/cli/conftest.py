"""Data folders that the command line works on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from tests.support.houses import KEEPER, SAMPLES, tokens

CODE = "99012600000001"
CREDIT_CODE = "91350100M000100Y43"

_SETTINGS = """\
acting_as = "{keeper}"
[token]
module = "{module}"
label = "{label}"
pin_file = "{pin}"
root_label = "{root_label}"
root_pin_file = "{root_pin}"
[signing]
examined_share = 0
[workers]
count = 1
"""


def founded(home: Path) -> Terminal:
    """A data folder on the tokens that all tests of this process share: as on a machine with a module of its own."""
    service, root = tokens()
    home.mkdir()
    (home / "keystore").symlink_to(service.state_folder)
    (home / "sealservice.toml").write_text(
        _SETTINGS.format(
            keeper=KEEPER,
            module=service.module,
            label=service.token_label,
            pin=service.pin_source.path,  # type: ignore[attr-defined]
            root_label=root.token_label,
            root_pin=root.pin_source.path,  # type: ignore[attr-defined]
        )
    )
    terminal = Terminal(home)
    terminal.do("init")
    return terminal


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A data folder with nothing in it but its keeper."""
    return founded(tmp_path_factory.mktemp("desk") / "var")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A data folder with an authority, its people, and the seal CODE, all made on the command line."""
    office = founded(tmp_path_factory.mktemp("office") / "var")
    office.do("certificates", "ceremony", "--name", "云岭电子印章", "--organization", "云岭市大数据局")
    office.do("orgs", "add", CREDIT_CODE, "--name", "云岭市青禾区财政局", "--name-en", "Finance Bureau")
    for handle in ("clerk", "chief", "maker"):
        office.do("people", "add", handle, "--name", handle, "--org", CREDIT_CODE)
    picture = SAMPLES / "seal-official-round.svg"
    wanted = ("--owner", CREDIT_CODE, "--kind", "official", "--keeper", KEEPER, "--code", CODE, "--picture", picture)
    office.do("seals", "request", *wanted, "--as", "clerk")
    office.do("seals", "approve", CODE, "--as", "chief")
    office.do("seals", "make", CODE, "--as", "maker")
    return office
