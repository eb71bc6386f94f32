"""Fixtures that stories in several rooms share. See `tests.support.houses` and `tests.support.departments`.

`department` is one a module and database: seals are made in it story by story, each with a code of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealservice.assembly import House
from sealservice.kernel.database import Database
from sealservice.seals.model import Seal
from tests.support.departments import Department, SetClock, made_department
from tests.support.houses import furnish, made_house, postgresql_database

_BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(params=_BOTH)
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


@pytest.fixture(scope="module", params=_BOTH)
def department(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    with made_department(tmp_path_factory.mktemp("department"), request.param) as made:
        yield made


@pytest.fixture(scope="module")
def one_department(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    """For stories in which the database plays no part."""
    with made_department(tmp_path_factory.mktemp("department"), "sqlite") as made:
        yield made


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=_BOTH)
def department_in_time(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clock: SetClock
) -> Iterator[Department]:
    """A department of its own, for stories in which years go by."""
    with made_department(tmp_path_factory.mktemp("department"), request.param, clock) as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty register, once on each database."""
    if request.param == "sqlite":
        yield from _migrated(f"sqlite:///{tmp_path / 'register.sqlite3'}")
        return
    with postgresql_database() as address:
        yield from _migrated(address)


def _migrated(address: str) -> Iterator[Database]:
    database = Database(address)
    database.migrate()
    yield database
    database.close()
