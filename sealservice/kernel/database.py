"""Where records live: SQLite beside the documents, or PostgreSQL by one setting.

Operations own their transactions (`with database.begin() as session`). On SQLite a writing transaction takes the
write lock at once (BEGIN IMMEDIATE), so that two writers queue and none fails half-way; WAL and synchronous=FULL keep
a commit through a power cut. This room knows no table.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

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
_DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_CLOSED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}
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
    """One database, its engine and its sessions.

    Only `migrate` makes an SQLite file that is not there; everything else raises Misconfigured("DATABASE_MISSING")."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.url = self.engine.url
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        reading = self.engine.execution_options(read_only_transaction=True)
        self._readers = sessionmaker(reading, expire_on_commit=False)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One writing transaction: committed at the end of the block, rolled back when it raises."""
        with self._answering(), self._sessions.begin() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One reading transaction, which no writer waits for."""
        with self._answering(), self._readers.begin() as session:
            yield session

    def migrate(self) -> None:
        """Brings the tables to the newest revision. Harmless when they are there already."""
        if self.file is not None and not self.file.exists():
            with suppress(OSError):  # what stands in the way is told by the database itself, below
                self.file.touch(mode=0o600)
        with self._answering(), self.engine.connect() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATORS_QUEUE_HERE})
            command.upgrade(_alembic(connection), "head")
            connection.commit()

    def has_tables(self) -> bool:
        """Whether any revision was ever applied here."""
        if self.file is not None and not self.file.exists():
            return False
        with self._answering():
            return sqlalchemy.inspect(self.engine).has_table("alembic_version")

    @property
    def file(self) -> Path | None:
        """Where an SQLite database lies; None for any other."""
        return Path(self.url.database) if self.url.database and self.url.get_backend_name() == "sqlite" else None

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Whatever keeps the database from answering is told as what it is: missing, damaged, closed to us, or away."""
        try:
            yield
        except _FAULTS_OF_OURS:
            raise
        except (DBAPIError, PoolTimeout) as error:
            origin = getattr(error, "orig", error)
            reason = (str(origin).strip() or type(error).__name__).splitlines()[0]
            if isinstance(origin, sqlite3.Error):
                self._require_sound(getattr(origin, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF, reason, error)
            raise Unavailable("DATABASE_UNAVAILABLE", reason=reason) from error

    def _require_sound(self, code: int, reason: str, error: Exception) -> None:
        """Raises Misconfigured for a failing of SQLite that waiting does not mend."""
        if code in _CLOSED and self.file is not None and not self.file.exists():
            raise Misconfigured("DATABASE_MISSING", database=self.file) from error
        if code in _CLOSED:
            raise Misconfigured("DATABASE_CLOSED", database=self.file, reason=reason) from error
        if code in _DAMAGED:
            raise Misconfigured("DATABASE_DAMAGED", database=self.file, reason=reason) from error


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


def _engine(url: str) -> Engine:
    try:
        engine = sqlalchemy.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    except (sqlalchemy.exc.ArgumentError, ModuleNotFoundError, ValueError) as error:
        raise Misconfigured("DATABASE_SETTING_WRONG", reason=error) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _open_existing)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _open_existing(_dialect: Dialect, _record: object, arguments: list[Any], options: dict[str, Any]) -> None:
    """An empty database in the place of one that went missing would hide the loss, and let seals be pressed anew."""
    if arguments and arguments[0] != ":memory:":
        arguments[0] = f"file:{quote(str(arguments[0]))}?mode=rw"
        options["uri"] = True


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    connection.execute(f"PRAGMA busy_timeout={_PATIENCE_MILLIS}")  # first: the others may already have to wait
    _log_ahead(connection)
    pragmas = {
        "synchronous": "FULL",
        "foreign_keys": "ON",
        "recursive_triggers": "ON",  # without them REPLACE deletes a line of the audit past its trigger
    }
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name}={value}")


def _log_ahead(connection: Any) -> None:
    """Write-ahead logging, on for good once one connection has turned it on.

    Of several that turn it on at once, SQLite refuses all but one without any patience: each would wait for another."""
    until = monotonic() + _PATIENCE_MILLIS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(0.01)


def _prepare_postgresql(connection: Any, _record: object) -> None:
    """A connection that was cut off may hold its locks for hours; nobody waits for it that long."""
    connection.execute(f"SET lock_timeout = {_PATIENCE_MILLIS}")
    connection.commit()


def _begin_sqlite(connection: sqlalchemy.Connection) -> None:
    reading = connection.get_execution_options().get("read_only_transaction", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
