"""Houses to live and die in: one template for each database, a copy for each story."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealservice.seals.model import Seal
from tests.impressions.desk import Desk
from tests.impressions.homes import Home, copied_database, copy_of, make_template
from tests.impressions.rest import assert_at_rest
from tests.support.departments import Department, made_department

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


@pytest.fixture(scope="session", params=BOTH)
def department(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    """One house for all stories that end at rest."""
    with made_department(tmp_path_factory.mktemp("department"), request.param) as made:
        yield made


@pytest.fixture(scope="module")
def seal(department: Department) -> Seal:
    return department.made()


@pytest.fixture
def desk(department: Department, seal: Seal) -> Iterator[Desk]:
    """A desk in the house of all. When the story is told, the house must be at rest."""
    yield Desk(department.house, seal, str(uuid.uuid4()))
    assert_at_rest(department.house)


@pytest.fixture(params=BOTH)
def own_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk in a house of its own, for stories that do not end at rest."""
    with made_department(tmp_path, request.param) as made:
        yield Desk(made.house, made.made(), str(uuid.uuid4()))
