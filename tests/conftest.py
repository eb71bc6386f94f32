"""Fixtures that stories in several rooms share. See `tests.support.houses`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealservice.assembly import House
from sealservice.seals.model import Seal
from tests.support.houses import furnish, made_house, postgresql_database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Both databases, one after the other: None is the embedded SQLite."""
    if request.param == "sqlite":
        yield None
        return
    with postgresql_database() as address:
        yield address


@pytest.fixture
def house(tmp_path: Path, database: str | None) -> Iterator[House]:
    """An empty house, once on each database."""
    with made_house(tmp_path / "var", database) as made:
        yield made


@pytest.fixture
def seal(house: House) -> Seal:
    """An ACTIVE seal in `house`, with the authority and the people it takes."""
    return furnish(house)
