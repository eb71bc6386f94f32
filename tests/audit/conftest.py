"""An empty register on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealservice.kernel.database import Database
from tests.support.houses import postgresql_database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        yield from migrated(f"sqlite:///{tmp_path / 'register.sqlite3'}")
        return
    with postgresql_database() as address:
        yield from migrated(address)


def migrated(address: str) -> Iterator[Database]:
    database = Database(address)
    database.migrate()
    yield database
    database.close()
