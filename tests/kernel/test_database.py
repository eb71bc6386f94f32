"""The ground that records stand on: what is committed stays, writers queue, readers do not wait, and time is UTC."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from sealservice.kernel.database import Database, Table, Word
from sealservice.kernel.errors import Misconfigured, Unavailable
from sealservice.parties.model import Organization, Person
from tests.impressions.processes import Line, elsewhere


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    made = Database(address)
    made.migrate()
    yield made
    made.close()


def person(handle: str, created_at: datetime = datetime(2026, 11, 23, tzinfo=UTC)) -> Person:
    return Person(handle=handle, name="经办人", created_at=created_at)


def handles(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(session.scalars(sqlalchemy.select(Person.handle)))


# -- transactions


def test_what_is_committed_is_there_and_what_fails_never_was(database: Database) -> None:
    with database.begin() as session:
        session.add(person("one"))
    with pytest.raises(ZeroDivisionError), database.begin() as session:
        _write_and_fail(session)
    assert handles(database) == ["one"]


def _write_and_fail(session: Session) -> None:
    session.add(person("two"))
    session.flush()
    raise ZeroDivisionError


def test_readers_do_not_wait_for_a_writer_and_see_nothing_half_done(database: Database) -> None:
    with database.begin() as session:
        session.add(person("one"))
        session.flush()
        assert handles(database) == []
    assert handles(database) == ["one"]


def test_writers_queue_and_none_is_turned_away(database: Database) -> None:
    """Each reads, then writes what it read plus one; nobody's step is lost between the two."""

    def stepping() -> None:
        for _ in range(10):
            with database.begin() as session:
                if database.engine.dialect.name == "postgresql":
                    session.execute(text("LOCK TABLE people"))
                number = session.scalar(sqlalchemy.select(sqlalchemy.func.count()).select_from(Person))
                session.add(person(f"number-{number}"))

    threads = [threading.Thread(target=stepping) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(handles(database)) == 50


def test_the_embedded_database_keeps_its_commits_through_a_power_cut(tmp_path: Path) -> None:
    """WAL with synchronous=FULL: each commit is forced to disk (sqlite.org/pragma.html)."""
    database = Database(f"sqlite:///{tmp_path / 'register.sqlite3'}")
    database.migrate()
    with database.begin() as session:
        known = {
            name: session.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "recursive_triggers")
        }
    database.close()
    assert known == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
        "recursive_triggers": 1,
    }


@pytest.mark.postgresql
@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
def test_nobody_waits_for_ever_for_a_lock(database: Database) -> None:
    with database.begin() as session:
        assert session.execute(text("SHOW lock_timeout")).scalar_one() == "30s"


def test_what_names_something_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError), database.begin() as session:
        session.add(Person(handle="one", name="甲", credit_code="11990126MB12345675", created_at=datetime.now(UTC)))


def test_one_of_two_with_the_same_name_is_refused_as_such(database: Database) -> None:
    with database.begin() as session:
        session.add(person("one"))
    with pytest.raises(IntegrityError), database.begin() as session:
        session.add(person("one"))


# -- time and words


@given(
    st.datetimes(
        min_value=datetime(1900, 1, 2),  # noqa: DTZ001 - the zone comes beside it
        max_value=datetime(2900, 1, 1),  # noqa: DTZ001
        timezones=st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
def test_a_time_of_any_zone_comes_back_as_the_same_instant_in_utc(database: Database, at: datetime) -> None:
    with database.begin() as session:
        session.execute(sqlalchemy.delete(Person))
        session.add(person("one", at))
    with database.read() as session:
        kept = session.scalars(sqlalchemy.select(Person.created_at)).one()
    assert kept == at
    assert kept.utcoffset() == timedelta()


def test_a_time_without_a_zone_is_never_recorded(database: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"), database.begin() as session:
        session.add(person("one", datetime(2026, 11, 23)))  # noqa: DTZ001
    assert handles(database) == []


def test_only_known_words_are_recorded_and_read() -> None:
    class Colour(StrEnum):
        RED = "RED"

    word, dialect = Word(Colour), sqlalchemy.create_engine("sqlite://").dialect
    assert word.process_bind_param(Colour.RED, dialect) == "RED"
    assert word.process_result_value("RED", dialect) is Colour.RED
    assert (word.process_bind_param(None, dialect), word.process_result_value(None, dialect)) == (None, None)
    for process in (word.process_bind_param, word.process_result_value):
        with pytest.raises(ValueError, match="GREEN"):
            process("GREEN", dialect)  # type: ignore[operator]


# -- tables


def test_tables_are_made_once_and_are_those_of_the_models(database: Database) -> None:
    database.migrate()
    there = set(sqlalchemy.inspect(database.engine).get_table_names())
    assert there == {*Table.metadata.tables, "alembic_version"}
    with database.read() as session:
        assert session.scalars(sqlalchemy.select(Organization)).all() == []


def migrate(line: Line, address: str) -> None:
    database = Database(address)
    line.say("ready")
    line.hear()
    database.migrate()
    database.close()
    line.say("done")


def test_several_that_start_at_once_make_the_tables_once(address: str) -> None:
    with ExitStack() as stack:
        others = [stack.enter_context(elsewhere(migrate, address)) for _ in range(3)]
        assert [other.hear() for other in others] == ["ready"] * 3
        for other in others:
            other.say("go")
        assert [other.hear() for other in others] == ["done"] * 3
        assert [other.ended() for other in others] == [0] * 3


def test_threads_that_open_a_new_file_at_once_all_get_in(tmp_path: Path) -> None:
    """SQLite refuses all but one of those who turn on write-ahead logging together, however patient they are."""

    def open_it(file: Path, together: threading.Barrier) -> int:
        database = Database(f"sqlite:///{file}")
        together.wait()
        with database.read() as session:
            answer: int = session.execute(sqlalchemy.text("SELECT 1")).scalar_one()
        database.close()
        return answer

    for number in range(60):
        file = tmp_path / f"register-{number}.sqlite3"
        file.touch()
        together = threading.Barrier(6)
        with ThreadPoolExecutor(6) as threads:
            assert list(threads.map(open_it, [file] * 6, [together] * 6)) == [1] * 6


# -- a database that is not there


@pytest.mark.parametrize(
    "wrong", ["nonsense", "oracle+nodriver://x/y", "sqlite+nothing:///x", "://", "postgresql+psycopg://host:port/name"]
)
def test_an_address_that_is_none_is_told_at_the_start(wrong: str) -> None:
    with pytest.raises(Misconfigured) as told:
        Database(wrong)
    assert told.value.code == "DATABASE_SETTING_WRONG"


def away(tmp_path: Path) -> list[str]:
    return [
        "postgresql+psycopg://sealservice@127.0.0.1:9/sealservice",
        f"postgresql+psycopg://sealservice@/sealservice?host={tmp_path}",
    ]


@pytest.mark.parametrize("which", range(2))
def test_a_database_that_is_not_there_is_told_as_such(tmp_path: Path, which: int) -> None:
    database = Database(away(tmp_path)[which])
    with pytest.raises(Unavailable) as told:
        database.migrate()
    with pytest.raises(Unavailable), database.begin() as session:
        session.execute(text("SELECT 1"))
    database.close()
    assert told.value.code == "DATABASE_UNAVAILABLE"
    assert told.value.details["reason"]
    assert "\n" not in str(told.value.details["reason"])


def _ruin(file: Path, how: str) -> None:
    """What may befall the file of a register."""
    sound = file.read_bytes()
    file.unlink()
    for side in ("-wal", "-shm"):
        file.with_name(file.name + side).unlink(missing_ok=True)
    if how == "a folder":
        file.mkdir()
    elif how == "a letter":
        file.write_text("准予行政许可决定书，不是数据库。" * 100, encoding="utf-8")
    elif how == "cut off":
        file.write_bytes(sound[: len(sound) // 3 // 4096 * 4096])


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("gone", "DATABASE_MISSING"),
        ("a folder", "DATABASE_CLOSED"),
        ("a letter", "DATABASE_DAMAGED"),
        ("cut off", "DATABASE_DAMAGED"),
    ],
)
def test_a_register_that_came_to_harm_is_told_and_no_empty_one_takes_its_place(
    tmp_path: Path, how: str, code: str
) -> None:
    address = f"sqlite:///{tmp_path / 'register #1?.sqlite3'}"
    made = Database(address)
    made.migrate()
    made.close()
    assert made.file is not None
    _ruin(made.file, how)
    before = sorted(tmp_path.iterdir())

    database = Database(address)
    for act in (database.read, database.begin):
        with pytest.raises(Misconfigured) as told, act() as session:
            session.execute(text("SELECT (SELECT count(*) FROM sqlite_master), (SELECT count(*) FROM audit_lines)"))
        assert told.value.code == code
        assert str(told.value.details["database"]) == str(made.file)
    database.close()
    assert sorted(tmp_path.iterdir()) == before


def test_asking_for_tables_makes_none(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'register.sqlite3'}")
    assert not database.has_tables()
    assert list(tmp_path.iterdir()) == []
    database.migrate()
    assert database.has_tables()
    database.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "cut", ["pg_terminate_backend(pg_backend_pid())", "set_config('idle_in_transaction_session_timeout', '1', true)"]
)
def test_a_connection_that_is_cut_off_is_told_and_the_next_one_works(database: Database, cut: str) -> None:
    with pytest.raises(Unavailable) as told, database.begin() as session:
        _be_cut_off(session, cut)
    assert told.value.code == "DATABASE_UNAVAILABLE"
    assert handles(database) == []


def _be_cut_off(session: Session, cut: str) -> None:
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    session.execute(text(f"SELECT {cut}"))
    told, _, _ = select.select([connection.fileno()], [], [], 60)
    assert told
    session.execute(text("SELECT 1"))


def test_more_callers_than_connections_are_told_to_come_again(database: Database) -> None:
    database.engine.pool._timeout = 0  # type: ignore[attr-defined]
    with ExitStack() as stack:
        for _ in range(15):
            stack.enter_context(database.read()).execute(text("SELECT 1"))
        with pytest.raises(Unavailable) as told, database.read() as session:
            session.execute(text("SELECT 1"))
    assert told.value.code == "DATABASE_UNAVAILABLE"
    assert handles(database) == []
