"""A file can be read in a sitting, says what it is for, and is called after what is in it."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from tests.architecture.source import Module, modules, product

_BELONGS_NOWHERE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers", "lib"}
_EVERYTHING = [*product(), *modules("tests", "bench")]


def _is_generated(module: Module) -> bool:
    """A revision of the tables is as long as they are; nobody takes it back or reads it twice."""
    return "migrations/versions" in module.name


def test_no_file_has_more_than_400_lines() -> None:
    assert {module.name: module.lines for module in _EVERYTHING if module.lines > 400} == {}


def test_the_usual_file_has_about_a_hundred(record_property: pytest.FixtureRequest) -> None:
    median = statistics.median(module.lines for module in product() if module.path.name != "__init__.py")
    record_property("median_lines", median)  # type: ignore[operator]
    assert median <= 130


def test_no_function_has_more_than_60_lines() -> None:
    found = {
        f"{module.name}:{function.name}": length
        for module in _EVERYTHING
        if not _is_generated(module)
        for function in module.functions
        if (length := (function.end_lineno or 0) - function.lineno + 1) > 60
    }
    assert found == {}


def test_the_usual_function_is_short() -> None:
    lengths = [
        (function.end_lineno or 0) - function.lineno + 1 for module in product() for function in module.functions
    ]
    assert statistics.median(lengths) <= 10


def test_a_thing_that_fits_no_room_shows_that_a_room_is_missing() -> None:
    stems = {module.name: {*Path(module.name).with_suffix("").parts} for module in _EVERYTHING}
    assert {name for name, parts in stems.items() if parts & _BELONGS_NOWHERE} == set()


def test_every_module_opens_by_saying_what_it_is_for() -> None:
    silent = [module.name for module in _EVERYTHING if module.text.strip() and not module.docstring]
    assert silent == []
