"""Lines are only ever added: the database refuses all else, and who gets around it is found out."""

from __future__ import annotations

from hashlib import sha256

import pytest
import sqlalchemy
from sqlalchemy import text

from sealservice.kernel.database import Database
from tests.audit.register import event, fault, lines, write

CHANGES = [
    "UPDATE audit_lines SET actor = 'nobody' WHERE line = 1",
    "UPDATE audit_lines SET actor = actor",
    "DELETE FROM audit_lines WHERE line = 1",
    "DELETE FROM audit_lines",
]


@pytest.mark.parametrize("statement", CHANGES)
def test_the_database_refuses_to_change_or_delete_a_line(register: Database, statement: str) -> None:
    write(register, *map(event, range(3)))
    before = [line.entry for line in lines(register)]
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="never changed or deleted"), register.begin() as session:
        session.execute(text(statement))
    assert [line.entry for line in lines(register)] == before


@pytest.mark.postgresql
@pytest.mark.parametrize("register", ["postgresql"], indirect=True)
def test_the_database_refuses_to_empty_the_register(register: Database) -> None:
    write(register, event(0))
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="never changed or deleted"), register.begin() as session:
        session.execute(text("TRUNCATE audit_lines"))


OVERWRITING = {
    "sqlite": [
        "INSERT INTO audit_lines {columns} {values}",
        "INSERT OR REPLACE INTO audit_lines {columns} {values}",
        "REPLACE INTO audit_lines {columns} {values}",
        "INSERT INTO audit_lines {columns} {values} WHERE true ON CONFLICT (line) DO UPDATE SET actor = 'nobody'",
        "UPDATE OR REPLACE audit_lines SET actor = 'nobody'",
    ],
    "postgresql": [
        "INSERT INTO audit_lines {columns} {values}",
        "INSERT INTO audit_lines {columns} {values} ON CONFLICT (line) DO UPDATE SET actor = 'nobody'",
        "MERGE INTO audit_lines AS kept USING audit_lines AS new ON kept.line = new.line "
        "WHEN MATCHED THEN UPDATE SET actor = 'nobody'",
    ],
}


def test_a_line_is_not_written_over(register: Database) -> None:
    """Neither by its number coming twice, nor by the ways in which databases replace a row."""
    write(register, event(0))
    columns = "(line, at, high_water, actor, act, subject, entry, leaf_hash)"
    values = "SELECT line, at, high_water, 'nobody', act, subject, entry, leaf_hash FROM audit_lines"
    for manner in OVERWRITING[register.engine.dialect.name]:
        statement = manner.format(columns=columns, values=values)
        with pytest.raises(sqlalchemy.exc.DBAPIError), register.begin() as session:
            session.execute(text(statement))
    assert [line.actor for line in lines(register)] == ["demo.chief"]


# -- tampering by somebody who owns the database


def unlocked(register: Database, *statements: str) -> None:
    """Runs `statements` as the owner of the database may: with the triggers out of the way."""
    drops = {
        "sqlite": ["DROP TRIGGER audit_lines_no_update", "DROP TRIGGER audit_lines_no_delete"],
        "postgresql": ["DROP TRIGGER audit_lines_only_grow ON audit_lines"],
    }
    with register.begin() as session:
        for statement in [*drops[register.engine.dialect.name], *statements]:
            session.execute(text(statement))


TAMPERINGS = {
    "an actor exchanged": ["UPDATE audit_lines SET actor = 'nobody' WHERE line = 2"],
    "an act exchanged": ["UPDATE audit_lines SET act = 'seal.restore' WHERE line = 2"],
    "a subject exchanged": ["UPDATE audit_lines SET subject = 'seal:1' WHERE line = 2"],
    "a time exchanged": ["UPDATE audit_lines SET at = (SELECT at FROM audit_lines WHERE line = 0) WHERE line = 2"],
    "the clock's mark lowered": [
        "UPDATE audit_lines SET high_water = (SELECT high_water FROM audit_lines WHERE line = 0) WHERE line = 2"
    ],
    "an entry exchanged for another": [
        "UPDATE audit_lines SET entry = (SELECT entry FROM audit_lines WHERE line = 3) WHERE line = 2"
    ],
    "a hash exchanged for another": [
        "UPDATE audit_lines SET leaf_hash = (SELECT leaf_hash FROM audit_lines WHERE line = 3) WHERE line = 2"
    ],
    "entry and hash exchanged together": [
        "UPDATE audit_lines SET entry = (SELECT entry FROM audit_lines WHERE line = 3), "
        "leaf_hash = (SELECT leaf_hash FROM audit_lines WHERE line = 3) WHERE line = 2"
    ],
    "a line taken out": ["DELETE FROM audit_lines WHERE line = 2"],
    "a line taken out, the others moved up": [
        "DELETE FROM audit_lines WHERE line = 2",
        "UPDATE audit_lines SET line = 2 WHERE line = 3",
        "UPDATE audit_lines SET line = 3 WHERE line = 4",
    ],
    "two lines that changed places": [
        "UPDATE audit_lines SET line = 9 WHERE line = 2",
        "UPDATE audit_lines SET line = 2 WHERE line = 3",
        "UPDATE audit_lines SET line = 3 WHERE line = 9",
    ],
}


@pytest.mark.parametrize("statements", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_tampering_is_found_at_the_line_where_it_begins(register: Database, statements: list[str]) -> None:
    write(register, *map(event, range(5)))
    unlocked(register, *statements)
    assert fault(register) == 2


@pytest.mark.parametrize("octets", [b"", b"{}", b"[]", b"null", b'{"index":2}', b"\xff\xfe", b"not JSON"])
def test_an_entry_that_says_nothing_is_found_though_its_hash_fits(register: Database, octets: bytes) -> None:
    write(register, *map(event, range(3)))
    unlocked(register)
    change = text("UPDATE audit_lines SET entry = :entry, leaf_hash = :hash WHERE line = 2")
    with register.begin() as session:
        session.execute(change, {"entry": octets, "hash": sha256(b"\0" + octets).digest()})
    assert fault(register) == 2


@pytest.mark.parametrize("bit", [0, 7, 300])
def test_one_flipped_bit_is_found(register: Database, bit: int) -> None:
    write(register, *map(event, range(3)))
    entry = bytearray(lines(register)[1].entry)
    entry[bit // 8] ^= 1 << bit % 8
    unlocked(register)
    with register.begin() as session:
        session.execute(text("UPDATE audit_lines SET entry = :entry WHERE line = 1"), {"entry": bytes(entry)})
    assert fault(register) == 1
