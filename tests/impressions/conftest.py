"""Houses to live and die in: one template for each database, a copy for each story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.impressions.homes import Home, copied_database, copy_of, make_template

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="session", params=BOTH)
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp(f"template-{request.param}") / "var"
    if request.param == "sqlite":
        yield make_template(folder, None)
        return
    with copied_database() as address:
        yield make_template(folder, address)


@pytest.fixture
def home(template: Home, tmp_path: Path) -> Iterator[Home]:
    with copy_of(template, tmp_path / "var") as made:
        yield made
