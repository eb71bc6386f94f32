"""Where records live: SQLite beside the documents, or PostgreSQL by one setting.

Operations own their transactions (`with database.begin() as session`). On SQLite a writing transaction takes the
write lock at once (BEGIN IMMEDIATE), so that two writers queue and none fails half-way; WAL and synchronous=FULL keep
a commit through a power cut. This room knows no table.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlalchemy import DateTime, Dialect, Engine, String, TypeDecorator, event, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from sealservice.kernel.errors import Misconfigured, Unavailable

_MIGRATORS_QUEUE_HERE = 0x5EA1AB1E
_PATIENCE_MILLIS = 30_000  # how long a writer waits for another, on either database
_FAULTS_OF_OURS = (IntegrityError, ProgrammingError, DataError, NotSupportedError)  # the database did answer
MIGRATIONS = Path(__file__).parent.parent / "migrations"


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC on the way in and out, also on SQLite, which has no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone was about to be recorded")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Word(TypeDecorator[StrEnum]):
    """A word of a StrEnum, stored as itself in at most 16 letters."""

    impl = String(16)
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


class Table(DeclarativeBase):
    """The parent of all tables."""

    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012 - SQLAlchemy's own protocol


class Database:
    """One database, its engine and its sessions."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.url = self.engine.url
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        reading = self.engine.execution_options(read_only_transaction=True)
        self._readers = sessionmaker(reading, expire_on_commit=False)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One writing transaction: committed at the end of the block, rolled back when it raises."""
        with _answering(), self._sessions.begin() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One reading transaction, which no writer waits for."""
        with _answering(), self._readers.begin() as session:
            yield session

    def migrate(self) -> None:
        """Brings the tables to the newest revision. Harmless when they are there already."""
        with _answering(), self.engine.connect() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATORS_QUEUE_HERE})
            command.upgrade(_alembic(connection), "head")
            connection.commit()

    def has_tables(self) -> bool:
        """Whether any revision was ever applied here."""
        with _answering():
            return sqlalchemy.inspect(self.engine).has_table("alembic_version")

    def close(self) -> None:
        self.engine.dispose()


def insert(session: Session, first: Table, *more: Table) -> None:
    """Writes rows of one table at once, in one statement, past the session's own bookkeeping.

    For what is written with every impression: the bookkeeping would cost more there than the seal."""
    names, statement = _insertion(type(first))
    session.connection().execute(
        statement, [{column: getattr(row, name) for name, column in names} for row in (first, *more)]
    )


@cache
def _insertion(kind: type[Table]) -> tuple[list[tuple[str, str]], sqlalchemy.Insert]:
    names = [(attribute.key, attribute.columns[0].key) for attribute in sqlalchemy.inspect(kind).column_attrs]
    return names, sqlalchemy.insert(kind.metadata.tables[kind.__tablename__])


def _alembic(connection: sqlalchemy.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except _FAULTS_OF_OURS:
        raise
    except (DBAPIError, PoolTimeout) as error:
        told = str(getattr(error, "orig", error)).strip() or type(error).__name__
        raise Unavailable("DATABASE_UNAVAILABLE", reason=told.splitlines()[0]) from error


def _engine(url: str) -> Engine:
    try:
        engine = sqlalchemy.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    except (sqlalchemy.exc.ArgumentError, ModuleNotFoundError, ValueError) as error:
        raise Misconfigured("DATABASE_SETTING_WRONG", reason=error) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    pragmas = {
        "busy_timeout": _PATIENCE_MILLIS,  # first: the others may already have to wait
        "journal_mode": "WAL",
        "synchronous": "FULL",
        "foreign_keys": "ON",
        "recursive_triggers": "ON",  # without them REPLACE deletes a line of the audit past its trigger
    }
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name}={value}")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    """A connection that was cut off may hold its locks for hours; nobody waits for it that long."""
    connection.execute(f"SET lock_timeout = {_PATIENCE_MILLIS}")
    connection.commit()


def _begin_sqlite(connection: sqlalchemy.Connection) -> None:
    reading = connection.get_execution_options().get("read_only_transaction", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
