"""Data folders with tokens, database and a seal of their own, as `sealservice init` makes them: copied, not made anew.

One is founded for each database; a story gets a copy, so that it may kill whoever lives there.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from keystore.ceremony import write_softhsm_configuration
from sealservice.founding import found
from tests.impressions.processes import Line, told

_DATABASE = "database = "


@dataclass(frozen=True)
class Home:
    """`folder` is the data folder, `database` an address, or None for the SQLite inside of it."""

    folder: Path
    database: str | None

    @property
    def documents(self) -> Path:
        return self.folder / "documents"


def founded(line: Line, folder: str, database: str | None, extra: str) -> None:
    """In a process of its own: founds a house and furnishes it with a seal."""
    from sealservice.assembly import open_house
    from tests.support.houses import furnish

    home = Path(folder)
    home.mkdir()
    (home / "sealservice.toml").write_text(_settings(database, extra), encoding="utf-8")
    for _ in found(home, production=False):
        pass
    with open_house(home) as house:
        line.say(furnish(house).code)


def _settings(database: str | None, extra: str = "") -> str:
    address = f'{_DATABASE}"{database}"\n' if database else ""
    return f'{address}acting_as = "keeper"\n[signing]\nexamined_share = 0\n[workers]\ncount = 1\n{extra}'


def make_template(folder: Path, database: str | None) -> Home:
    told(founded, str(folder), database, "")
    return Home(folder, database)


@contextmanager
def copy_of(template: Home, folder: Path) -> Iterator[Home]:
    """The same house a second time: the same keys, people and seal, and nobody's but this story's."""
    shutil.copytree(template.folder, folder)
    (folder / "softhsm2.conf").unlink()
    write_softhsm_configuration(folder)
    if template.database is None:
        yield Home(folder, None)
        return
    with copied_database(template.database) as address:
        file = folder / "sealservice.toml"
        file.write_text(file.read_text(encoding="utf-8").replace(template.database, address), encoding="utf-8")
        yield Home(folder, address)


@contextmanager
def copied_database(template: str | None = None) -> Iterator[str]:
    """A database of the server that scripts/test starts, empty or a copy of `template`; dropped at the end."""
    server = os.environ.get("SEALSERVICE_TEST_POSTGRESQL")
    if server is None:
        pytest.skip("scripts/test starts the PostgreSQL server this needs")
    url, name = sqlalchemy.make_url(server), f"story_{uuid.uuid4().hex}"
    source = f'TEMPLATE "{sqlalchemy.make_url(template).database}"' if template else ""
    _order(url, f'CREATE DATABASE "{name}" {source}')
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        _order(url, f'DROP DATABASE "{name}" WITH (FORCE)')


def _order(url: sqlalchemy.URL, statement: str) -> None:
    connect = {"host": url.query["host"], "user": url.username or "sealservice", "dbname": url.database}
    with psycopg.connect(**connect, autocommit=True) as connection:  # type: ignore[arg-type]
        connection.execute(statement)  # type: ignore[call-overload]
