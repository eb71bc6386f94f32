"""The walls between the storeys and rooms hold; who speaks to the token, the clock and the network is counted."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, Module, modules, product


def test_the_contracts_of_the_import_linter_are_kept() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 kept, 0 broken" in done.stdout


def _importing(name: str) -> list[str]:
    return [
        module.name
        for module in product()
        if any(imported == name or imported.startswith(f"{name}.") for imported in module.imported)
    ]


def test_only_one_file_speaks_pkcs11() -> None:
    assert _importing("pkcs11") == ["keystore/token.py"]


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("sqlalchemy", ("sealservice/",)),
        ("pikepdf", ("sealservice/workers/pdf/", "sealservice/seals/artwork/", "verify/sealverify/")),
        ("httpcore2", ("sealservice/timestamps/exchange.py",)),
        ("typer", ("sealservice/cli/",)),
        ("rich", ("sealservice/cli/",)),
        ("pydantic", ("sealservice/settings.py",)),
        ("typst", ("sealservice/seals/artwork/",)),
    ],
)
def test_a_library_is_known_only_where_it_is_needed(library: str, rooms: tuple[str, ...]) -> None:
    found = _importing(library)
    assert found
    assert [name for name in found if not name.startswith(rooms)] == []


def test_each_distribution_owns_its_import_names() -> None:
    owners = {name: set(found) for name, found in packages_distributions().items()}
    assert owners["sealservice"] == owners["keystore"] == {"sealservice"}
    assert owners["sealverify"] == {"sealverify"}


def _asks_the_time(module: Module) -> bool:
    asked = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
    if "time" in module.imported:
        asked |= {("time", "time"), ("time", "time_ns"), ("time", "gmtime"), ("time", "localtime")}
    return any(
        isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and (call.func.value.id, call.func.attr) in asked
        for call in module.calls
    )


def test_the_time_is_asked_only_in_the_clock() -> None:
    asking = {module.name for module in modules("sealservice", "verify/sealverify") if _asks_the_time(module)}
    assert asking == {"sealservice/kernel/clock.py", "verify/sealverify/clock.py"}


def _wanted(table: dict[str, object]) -> set[str]:
    """The distributions that a project asks for, by their plain names."""
    asked = list(table["dependencies"])  # type: ignore[call-overload]
    return {re.split(r"[\[<>=~! ]", item)[0].lower() for item in asked}


@pytest.mark.parametrize(
    ("project", "folders"), [("pyproject.toml", ("sealservice", "keystore")), ("verify/pyproject.toml", ("verify",))]
)
def test_what_a_distribution_asks_for_is_what_it_imports(project: str, folders: tuple[str, ...]) -> None:
    table = tomllib.loads((ROOT / project).read_text(encoding="utf-8"))["project"]
    owners = {name: {owner.lower() for owner in found} for name, found in packages_distributions().items()}
    tops = {imported.partition(".")[0] for module in modules(*folders) for imported in module.imported}
    own = {"sealservice", "keystore", table["name"]} - ({"sealverify"} if project == "pyproject.toml" else set())
    used = {owner for top in tops - own - sys.stdlib_module_names for owner in owners.get(top, {top})}
    assert used == _wanted(table)


def test_nothing_below_the_api_speaks_of_http() -> None:
    words = ("status_code", "HTTPException", "fastapi", "starlette")
    found = {
        (module.name, word) for module in modules("sealservice", "keystore") for word in words if word in module.text
    }
    assert {name for name, _ in found} == set()
