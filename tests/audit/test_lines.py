"""What was done stays written down: lines without a gap, which nobody changes unseen."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealservice.audit.operations import ACCEPT_CLOCK, append, canonical_entry
from sealservice.audit.queries import as_json, count, history
from sealservice.kernel.clock import require_not_behind
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Unavailable
from sealverify.merkle import leaf_hash
from tests.audit.register import NINE, event, fault, lines, mark, write
from tests.impressions.processes import Line, elsewhere

# -- lines


def test_an_empty_register_is_whole(register: Database) -> None:
    assert (fault(register), mark(register)) == (None, None)


def test_lines_are_numbered_from_zero_without_a_gap(register: Database) -> None:
    write(register, *map(event, range(5)))
    assert [line.index for line in lines(register)] == [0, 1, 2, 3, 4]
    assert fault(register) is None


def test_a_line_says_who_when_what_to_what_and_why(register: Database) -> None:
    beijing = timezone(timedelta(hours=8))
    at = datetime(2026, 11, 23, 17, 0, 0, 123456, tzinfo=beijing)
    write(register, event(at=at, cause="印章遗失", facts={"from": "ACTIVE", "to": "SUSPENDED"}))

    (line,) = lines(register)
    told = as_json(line)
    assert told.pop("leaf_hash") == line.leaf_hash.hex()
    assert told == {
        "index": 0,
        "at": at.isoformat(),
        "actor": "demo.chief",
        "act": "seal.suspend",
        "subject": "seal:00000000000000",
        "cause": "印章遗失",
        "facts": {"from": "ACTIVE", "to": "SUSPENDED"},
    }
    assert line.at == at
    assert fault(register) is None


def test_history_is_of_one_thing_and_in_order(register: Database) -> None:
    write(register, event(1), event(2), event(1, act="seal.restore"), event(3))
    with register.read() as session:
        assert [line.act for line in history(session, event(1).subject)] == ["seal.suspend", "seal.restore"]
        assert (count(session, "seal.suspend"), count(session, "seal.revoke")) == (3, 0)


def test_a_line_is_written_with_its_act_or_not_at_all(register: Database) -> None:
    write(register, event(0))
    with pytest.raises(ZeroDivisionError), register.begin() as session:
        append(session, event(1)).index / 0  # the act itself fails
    write(register, event(2))
    assert [line.subject for line in lines(register)] == [event(0).subject, event(2).subject]
    assert fault(register) is None


def test_several_lines_of_one_transaction_follow_each_other(register: Database) -> None:
    with register.begin() as session:
        assert [append(session, event(number)).index for number in range(3)] == [0, 1, 2]


# -- leaf hashes: RFC 9162, section 2.1.1, and the test vectors that every log of certificates is tested with


VECTORS = {
    "": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "00": "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "10": "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
    "2021": "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
    "3031": "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
}


@pytest.mark.parametrize(("entry", "expected"), VECTORS.items())
def test_leaf_hashes_are_those_of_the_published_vectors(entry: str, expected: str) -> None:
    assert leaf_hash(bytes.fromhex(entry)).hex() == expected


def test_the_hash_covers_the_very_bytes_that_are_kept(register: Database) -> None:
    write(register, event(0, cause="印章遗失"))
    (line,) = lines(register)
    assert line.leaf_hash == sha256(b"\0" + line.entry).digest()
    assert line.entry == canonical_entry(0, event(0, cause="印章遗失"))


@settings(deadline=None)
@given(
    cause=st.none() | st.text(st.characters()),
    facts=st.dictionaries(st.text(), st.none() | st.text() | st.integers() | st.lists(st.text())),
)
def test_an_entry_is_one_line_of_json_that_says_it_all(cause: str | None, facts: dict[str, object]) -> None:
    """Also what is no text at all: a shell hands on any bytes that it was given."""
    entry = canonical_entry(7, event(0, cause=cause, facts=facts))
    assert b"\n" not in entry
    told = json.loads(entry.decode("utf-8"))
    assert (told["index"], told["cause"], told["facts"]) == (7, cause, facts)


def test_the_same_event_has_the_same_bytes_in_whatever_order_its_facts_came() -> None:
    one, other = event(facts={"a": 1, "b": [2]}), event(facts={"b": [2], "a": 1})
    assert canonical_entry(0, one) == canonical_entry(0, other)
    assert canonical_entry(0, one) != canonical_entry(1, one)


# -- the clock's mark


def test_the_mark_is_the_latest_time_on_record(register: Database) -> None:
    write(register, event(0), event(60))
    assert mark(register) == NINE + timedelta(seconds=60)


def test_what_is_recorded_while_the_clock_is_behind_does_not_lower_the_mark(register: Database) -> None:
    """A seal is suspended while the clock is a day behind: that must be possible, and must not hide that it is."""
    write(register, event(0), event(0, at=NINE - timedelta(days=1)))
    assert mark(register) == NINE
    with pytest.raises(Unavailable):
        require_not_behind(NINE - timedelta(hours=23), mark(register))


def test_a_clock_that_creeps_back_second_by_second_is_noticed(register: Database) -> None:
    write(register, *(event(0, at=NINE - timedelta(seconds=0.9 * step)) for step in range(10)))
    assert mark(register) == NINE
    assert fault(register) is None


def test_whoever_accepts_the_clock_sets_the_mark_anew(register: Database) -> None:
    earlier = NINE - timedelta(days=1)
    write(register, event(0), event(0, act=ACCEPT_CLOCK, subject="clock", at=earlier, cause="已校时"))
    assert mark(register) == earlier
    write(register, event(0, at=earlier + timedelta(hours=1)))
    assert mark(register) == earlier + timedelta(hours=1)
    assert fault(register) is None


# -- many writers


def test_threads_that_write_at_once_leave_no_gap(register: Database) -> None:
    gate = threading.Barrier(6)

    def writing(number: int) -> None:
        gate.wait()
        write(register, *(event(number) for _ in range(10)))

    threads = [threading.Thread(target=writing, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [line.index for line in lines(register)] == list(range(60))
    assert fault(register) is None


def keep_writing(line: Line, address: str, number: int) -> None:
    database = Database(address)
    line.say("ready")
    line.hear()
    write(database, *(event(number, facts={"turn": turn}) for turn in range(15)))
    database.close()
    line.say("done")


def test_processes_that_write_at_once_leave_no_gap(register: Database) -> None:
    address = register.url.render_as_string(hide_password=False)
    with elsewhere(keep_writing, address, 1) as one, elsewhere(keep_writing, address, 2) as other:
        assert (one.hear(), other.hear()) == ("ready", "ready")
        one.say("go")
        other.say("go")
        assert (one.hear(), other.hear()) == ("done", "done")
    written = lines(register)
    assert [line.index for line in written] == list(range(30))
    for number in (1, 2):
        turns = [as_json(line)["facts"]["turn"] for line in written if line.subject == event(number).subject]
        assert turns == list(range(15))
    assert fault(register) is None
