"""Whole houses for tests: a data folder of their own, an own database, real tokens of the one SoftHSM of the process.

`department` is what most stories want: a demo authority, people, and one seal that was requested, approved and made.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from keystore import TokenSettings as KeyStoreSettings
from sealservice.assembly import House
from sealservice.demo import Demonstration
from sealservice.kernel.clock import Clock, SystemClock
from sealservice.seals.model import Seal
from sealservice.settings import Settings
from tests.support.tokens import make_token, softhsm_folder

SAMPLES = Path(__file__).parent.parent / "samples"
KEEPER = "keeper"


@cache
def tokens() -> tuple[KeyStoreSettings, KeyStoreSettings]:
    """The service's token and the root's, shared by all houses of this process."""
    folder = softhsm_folder() / "pins"
    return make_token(folder, "house"), make_token(folder, "house-root", wrapping_key=False)


def house_settings(home: Path, database: str | None = None, **changes: object) -> Settings:
    """Settings of a house in `home` that uses the shared tokens. A change names a whole section or a single value."""
    service, root = tokens()
    token = {
        "module": service.module,
        "label": service.token_label,
        "pin_file": service.pin_source.path,  # type: ignore[attr-defined]
        "root_label": root.token_label,
        "root_pin_file": root.pin_source.path,  # type: ignore[attr-defined]
    }
    values = {"acting_as": KEEPER, "signing": {"examined_share": 0}, "workers": {"count": 1}, **changes}
    return Settings(home=home, database=database, token={**token, **values.pop("token", {})}, **values)  # type: ignore[arg-type, dict-item]


@contextmanager
def made_house(
    home: Path, database: str | None = None, clock: Clock | None = None, **changes: object
) -> Iterator[House]:
    """A house with its tables and its keeper, and nothing else."""
    home.mkdir(parents=True, exist_ok=True)
    state = tokens()[0].state_folder
    if not (home / "keystore").exists():
        (home / "keystore").symlink_to(state)  # the module was tried in a child already
    house = House(house_settings(home, database, **changes), clock or SystemClock())
    try:
        house.database.migrate()
        if not house.parties.people():
            house.parties.add_person(handle=KEEPER, name="保管人", actor=KEEPER)
        yield house
    finally:
        house.close()


def furnish(house: House) -> Seal:
    """The demo authority, its people, and one ACTIVE seal kept by KEEPER."""
    demonstration = Demonstration(house)
    demonstration.establish_authority()
    demonstration.register_parties()
    return demonstration.make_seal()


@contextmanager
def postgresql_database() -> Iterator[str]:
    """A fresh database on the server that scripts/test starts; dropped at the end."""
    server = os.environ.get("SEALSERVICE_TEST_POSTGRESQL")
    if server is None:
        pytest.skip("scripts/test starts the PostgreSQL server this needs")
    url = sqlalchemy.make_url(server)
    name = f"story_{uuid.uuid4().hex}"
    connect = {"host": url.query["host"], "user": url.username or "sealservice", "dbname": url.database}
    with psycopg.connect(**connect, autocommit=True) as connection:  # type: ignore[arg-type]
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(**connect, autocommit=True) as connection:  # type: ignore[arg-type]
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
