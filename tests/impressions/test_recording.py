"""The database goes away while an impression is being recorded. What became of it is read, and never guessed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from sealservice.assembly import House
from sealservice.impressions import recording
from sealservice.impressions.intention import Intentions
from sealservice.impressions.model import Impression, ImpressionState
from sealservice.impressions.recording import Recorder, Undecided
from sealservice.impressions.request import Level
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Conflict, SealServiceError, Unavailable
from sealverify.digest import Digest
from tests.impressions.desk import Desk
from tests.impressions.rest import acts, assert_at_rest

Loss = Callable[[Any, Any], None]


def lost(dialect: Any, connection: Any) -> None:
    """The server is gone before COMMIT reached it."""
    dialect.do_rollback(connection)
    raise gone(connection)


def answer_lost(dialect: Any, connection: Any) -> None:
    """COMMIT was done; its answer never came."""
    type(dialect).do_commit(dialect, connection)
    raise gone(connection)


def gone(connection: Any) -> Exception:
    embedded = isinstance(connection.dbapi_connection, sqlite3.Connection)
    return (sqlite3.OperationalError if embedded else psycopg.OperationalError)("the connection is lost")


@contextmanager
def commits_lost(
    database: Database, loss: Loss, *, after: str, times: int = 1, owner: Any = recording
) -> Iterator[list[str]]:
    """Within the block, the `times` commits that come after `owner.<after>` are lost; the losses are told."""
    dialect, losses = database.engine.dialect, []
    real = getattr(owner, after)

    def marked(*arguments: Any, **named: Any) -> Any:
        result = real(*arguments, **named)
        dialect.do_commit = commit
        return result

    def commit(connection: Any) -> None:
        if len(losses) == times:
            return type(dialect).do_commit(dialect, connection)
        losses.append(after)
        return loss(dialect, connection)

    setattr(owner, after, marked)
    try:
        yield losses
    finally:
        setattr(owner, after, real)
        dialect.__dict__.pop("do_commit", None)


def test_a_record_whose_answer_was_lost_is_found_recorded(desk: Desk) -> None:
    with commits_lost(desk.house.database, answer_lost, after="append") as losses:
        impression = desk.pressing.press(desk.request)

    assert losses
    assert impression.state is ImpressionState.RECORDED
    assert desk.house.store.get(Digest.parse(impression.sealed or "")).is_file()
    assert acts(desk.house, impression) == [("impression.record", None)]


def test_a_record_that_never_arrived_is_failed_and_its_file_taken_back(desk: Desk) -> None:
    with commits_lost(desk.house.database, lost, after="append") as losses:
        assert desk.fails(Unavailable).code == "RECORDING_FAILED"

    assert losses
    desk.assert_failed("RECORDING_FAILED")
    assert_at_rest(desk.house)


@pytest.mark.postgresql
@pytest.mark.parametrize("department", ["postgresql"], indirect=True)
def test_a_server_that_ends_our_connection_at_the_commit_recorded_nothing(desk: Desk) -> None:
    """Not made up: another connection terminates ours, and COMMIT meets a closed door."""
    address = desk.house.database.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def terminated(dialect: Any, connection: Any) -> None:
        with psycopg.connect(address, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 10000)", (connection.driver_connection.info.backend_pid,))
        type(dialect).do_commit(dialect, connection)

    with commits_lost(desk.house.database, terminated, after="append") as losses:
        assert desk.fails(Unavailable).code == "RECORDING_FAILED"

    assert losses
    desk.assert_failed("RECORDING_FAILED")


@contextmanager
def decided_in_the_dark(desk: Desk, monkeypatch: pytest.MonkeyPatch, loss: Loss) -> Iterator[None]:
    """A press of which the record is lost, and the database stays away for as long as somebody asks what became of it.

    Neither recorded nor failed, as far as anybody here can say; so nothing is handed out and nothing thrown away."""
    house, decide = desk.house, Recorder._decide

    def decide_in_the_dark(*arguments: Any) -> Any:
        with monkeypatch.context() as dark:
            dark.setattr(house.database, "_sessions", away)
            return decide(*arguments)

    with monkeypatch.context() as pressing:
        pressing.setattr(Recorder, "_decide", decide_in_the_dark)
        with commits_lost(house.database, loss, after="append"):
            assert desk.fails(Undecided).code == "RECORDING_UNDECIDED"
        assert list(house.store.all_incoming())
        yield


@pytest.mark.parametrize(
    ("loss", "ending"), [(answer_lost, ImpressionState.RECORDED), (lost, ImpressionState.ABANDONED)]
)
def test_a_database_that_stays_away_leaves_the_decision_to_the_next_start(
    own_desk: Desk, monkeypatch: pytest.MonkeyPatch, loss: Loss, ending: ImpressionState
) -> None:
    house = own_desk.house
    with decided_in_the_dark(own_desk, monkeypatch, loss):
        after_the_next_start(house)

    assert own_desk.record.state is ending
    assert not list(house.store.all_incoming())
    assert_at_rest(house)


# -- what a process left behind and lives on


@pytest.mark.parametrize(
    ("loss", "failure"), [(answer_lost, None), (lost, "RECORDING_FAILED")], ids=["recorded", "not recorded"]
)
def test_whoever_lives_on_decides_it_before_it_presses_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, loss: Loss, failure: str | None
) -> None:
    """No other process may settle it, so without this the key would be busy for as long as the service runs."""
    with decided_in_the_dark(desk, monkeypatch, loss):
        pass
    undecided = desk.record.impression_id

    impression = desk.pressing.press(desk.request)

    assert impression.state is ImpressionState.RECORDED
    if failure is None:
        assert impression.impression_id == undecided
    else:
        assert impression.replaces == undecided
        with desk.house.database.read() as session:
            assert session.get_one(Impression, undecided).failure == failure
    assert not list(desk.house.store.all_incoming())


def test_a_database_that_is_still_away_is_asked_again_and_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with decided_in_the_dark(desk, monkeypatch, lost):
        pass
    for _ in range(2):
        with monkeypatch.context() as dark:
            dark.setattr(desk.house.database, "_sessions", away)
            assert desk.fails(Unavailable, idempotency_key=None).code == "DATABASE_UNAVAILABLE"
    assert desk.record.state is ImpressionState.INTENDED

    assert desk.pressing.press(desk.asked(idempotency_key=None)).state is ImpressionState.RECORDED
    desk.assert_failed("RECORDING_FAILED")


def test_a_failure_that_could_not_be_written_down_is_told_at_once_and_written_down_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the database is away as well must not hide what went wrong before."""
    with monkeypatch.context() as failing:
        failing.setattr(Recorder, "_write_failure", in_the_dark(desk.house, Recorder._write_failure, monkeypatch))
        failing.setattr("sealservice.impressions.operations.write_signature", lambda *_: 1 / 0)
        desk.fails(ZeroDivisionError)
    assert desk.record.state is ImpressionState.INTENDED
    failed = desk.record.impression_id

    impression = desk.pressing.press(desk.request)

    assert (impression.state, impression.replaces) == (ImpressionState.RECORDED, failed)
    with desk.house.database.read() as session:
        assert session.get_one(Impression, failed).failure == "OUR_FAULT"


def test_an_intent_of_which_the_answer_was_lost_is_settled_by_whoever_wrote_it(desk: Desk) -> None:
    with commits_lost(desk.house.database, answer_lost, after="_planned", owner=Intentions) as losses:
        assert desk.fails(Unavailable).code == "DATABASE_UNAVAILABLE"
    assert losses
    assert desk.record.state is ImpressionState.INTENDED

    impression = desk.pressing.press(desk.asked(idempotency_key=None))

    assert impression.state is ImpressionState.RECORDED
    desk.assert_failed("DATABASE_UNAVAILABLE")


def test_an_intent_that_was_never_written_leaves_nothing_to_settle(desk: Desk) -> None:
    with commits_lost(desk.house.database, lost, after="_planned", owner=Intentions):
        desk.fails(Unavailable)
    assert desk.pressing.press(desk.request).replaces is None


class Away:
    def begin(self) -> Any:
        raise OperationalError("SELECT", {}, sqlite3.OperationalError("the server is not there"))


away = Away()


def after_the_next_start(house: House) -> None:
    """This process ends, as far as others can tell, and the next one starts."""
    house.instance.close()
    house.settle()


def in_the_dark(house: House, act: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`act`, while the database is away."""

    def dark(*arguments: Any) -> Any:
        with monkeypatch.context() as away_now:
            away_now.setattr(house.database, "_sessions", away)
            return act(*arguments)

    return dark


def test_a_failure_that_cannot_be_written_down_is_settled_at_the_next_start(
    own_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = own_desk.house
    monkeypatch.setattr(Recorder, "_write_failure", in_the_dark(house, Recorder._write_failure, monkeypatch))
    monkeypatch.setattr("sealservice.impressions.operations.write_signature", lambda *_: 1 / 0)

    own_desk.fails(ZeroDivisionError)

    assert own_desk.record.state is ImpressionState.INTENDED
    after_the_next_start(house)
    assert own_desk.record.state is ImpressionState.ABANDONED
    assert_at_rest(house)


REFUSALS = {
    "sqlite": "CREATE TRIGGER no_more BEFORE INSERT ON audit_lines BEGIN SELECT RAISE(ABORT, 'no more lines'); END",
    "postgresql": "ALTER TABLE audit_lines ADD CONSTRAINT no_more CHECK (line < 0) NOT VALID",
}
MENDINGS = {"sqlite": "DROP TRIGGER no_more", "postgresql": "ALTER TABLE audit_lines DROP CONSTRAINT no_more"}


def order(house: House, statements: dict[str, str]) -> None:
    with house.database.begin() as session:
        session.execute(text(statements[house.database.engine.dialect.name]))


def test_without_audit_nothing_is_sealed(own_desk: Desk) -> None:
    """No line, no act: an audit that takes no more lines stops the pressing, and nothing gets out past it."""
    order(own_desk.house, REFUSALS)
    own_desk.fails(SealServiceError)
    assert own_desk.record.state is ImpressionState.INTENDED

    order(own_desk.house, MENDINGS)
    after_the_next_start(own_desk.house)

    assert own_desk.record.state is ImpressionState.ABANDONED
    assert_at_rest(own_desk.house)


def test_what_somebody_settled_meanwhile_is_not_released(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reconciler that takes this process for dead has the last word, as it must."""
    real = Recorder.record

    def settled_first(recorder: Recorder, intent: Any, draft: Path, checked: Any) -> Impression:
        recorder.fail(intent.impression_id, "STORE_UNAVAILABLE")
        return real(recorder, intent, draft, checked)

    monkeypatch.setattr(Recorder, "record", settled_first)

    assert desk.fails(Conflict).code == "CHANGED_MEANWHILE"
    desk.assert_failed("STORE_UNAVAILABLE")


def test_whoever_breaks_off_while_it_is_recorded_leaves_a_draft_to_settle_by(
    own_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as pressed:
        pressed.setattr(Recorder, "record", interrupted)
        with pytest.raises(KeyboardInterrupt):
            own_desk.pressing.press(own_desk.request)
    assert len(list(own_desk.house.store.all_incoming())) == 1

    after_the_next_start(own_desk.house)

    assert own_desk.record.state is ImpressionState.ABANDONED
    assert_at_rest(own_desk.house)


def test_no_key_is_asked_while_the_intent_cannot_be_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as dark:
        dark.setattr(desk.house.database, "_sessions", away)
        dark.setattr(desk.house.keys, "sign", lambda *_: 1 / 0)
        assert desk.fails(Unavailable, idempotency_key=None).code == "DATABASE_UNAVAILABLE"

    assert desk.pressing.press(desk.request).state is ImpressionState.RECORDED


def test_a_seal_without_timestamp_is_recorded_as_such(desk: Desk) -> None:
    impression = desk.pressing.press(desk.asked(level=Level.B_B))

    assert (impression.level, impression.timestamp_at, impression.timestamp_source) == ("B-B", None, None)


@pytest.mark.postgresql
@pytest.mark.parametrize("own_desk", ["postgresql"], indirect=True)
def test_a_commit_that_comes_true_after_its_answer_was_lost_is_waited_for(own_desk: Desk) -> None:
    """To us the connection is lost; the server is still at work on COMMIT, and holds the row. Whoever asked at once
    what became of it would read INTENDED, and call failed what is recorded a moment later."""
    database = own_desk.house.database
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    server, asked = psycopg.connect(address), []

    def still_at_work(dialect: Any, connection: Any) -> None:
        dialect.do_rollback(connection)
        server.execute(
            "INSERT INTO documents (digest, kind, size, media_type, stored_at)"
            " SELECT document, 'SEALED', 1, 'application/pdf', now() FROM impressions"
        )
        server.execute("UPDATE impressions SET state = 'RECORDED', sealed = document")
        raise gone(connection)

    def comes_true(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FOR UPDATE" in statement:
            asked.append(threading.Thread(target=server.commit))
            asked[-1].start()

    event.listen(database.engine, "before_cursor_execute", comes_true)
    with commits_lost(database, still_at_work, after="append"):
        impression = own_desk.pressing.press(own_desk.request)
    event.remove(database.engine, "before_cursor_execute", comes_true)

    assert len(asked) == 1
    asked[0].join()
    server.close()
    assert impression.state is own_desk.record.state is ImpressionState.RECORDED
