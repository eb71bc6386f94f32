"""The revisions make exactly the tables that the code works with, and what the database itself must refuse, it does."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DatabaseError

from sealservice.assembly import House
from sealservice.migrations.tables import METADATA


def test_the_revisions_make_the_tables_of_the_models(house: House) -> None:
    with house.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_constraints_are_in_the_database_as_in_the_models(house: House) -> None:
    """What the comparison above does not look at: checks and unique constraints, by what they are called or cover."""
    inspector = inspect(house.database.engine)
    checks = {check["name"] for table in METADATA.tables for check in inspector.get_check_constraints(table)}
    assert {"who_requests_cannot_approve", "who_asks_cannot_approve"} <= checks
    indexes = {index["name"] for table in METADATA.tables for index in inspector.get_indexes(table)}
    assert {"one_living_impression_for_a_key", "one_open_renewal_of_a_seal"} <= indexes


def test_to_migrate_again_changes_nothing(house: House) -> None:
    before = inspect(house.database.engine).get_table_names()
    house.database.migrate()
    assert inspect(house.database.engine).get_table_names() == before


@pytest.mark.parametrize("statement", ["UPDATE audit_lines SET actor = 'x'", "DELETE FROM audit_lines"])
def test_the_audit_only_grows(house: House, statement: str) -> None:
    with pytest.raises(DatabaseError, match="never changed or deleted"), house.database.begin() as session:
        session.execute(text(statement))


_COPY = "INTO audit_lines SELECT line, at, high_water, 'x', act, subject, entry, leaf_hash FROM audit_lines"
_REPLACEMENTS = {
    "sqlite": [
        f"INSERT OR REPLACE {_COPY}",
        f"REPLACE {_COPY}",
        f"INSERT {_COPY} WHERE true ON CONFLICT (line) DO UPDATE SET actor = excluded.actor",
        "UPDATE OR REPLACE audit_lines SET actor = 'x'",
    ],
    "postgresql": [
        f"INSERT {_COPY} ON CONFLICT (line) DO UPDATE SET actor = excluded.actor",
        "MERGE INTO audit_lines l USING audit_lines m ON l.line = m.line WHEN MATCHED THEN UPDATE SET actor = 'x'",
        "TRUNCATE audit_lines",
    ],
}


def test_no_line_is_written_over_by_whoever_is_connected(house: House) -> None:
    """Another program's connection has none of our settings; the database refuses it all the same."""
    before = lines(house)
    assert before
    kind = house.database.engine.dialect.name
    plain = create_engine(house.database.url)
    for statement in _REPLACEMENTS[kind]:
        with pytest.raises(DatabaseError, match="never changed or deleted"), plain.begin() as connection:
            connection.execute(text(statement))
    plain.dispose()
    assert lines(house) == before


def lines(house: House) -> list[tuple[object, ...]]:
    with house.database.read() as session:
        return [tuple(row) for row in session.execute(text("SELECT * FROM audit_lines ORDER BY line"))]
