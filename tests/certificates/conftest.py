"""One department a module and database, and one that lives through years."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.departments import Department, SetClock, made_department

_BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


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
