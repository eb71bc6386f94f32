"""Only the rule that was expected to be broken is told as what it means; every other fault stays a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, String, Table, create_engine, text
from sqlalchemy.exc import IntegrityError

from sealservice.kernel.violations import breaks

Refuse = Callable[[dict[str, object]], IntegrityError]

_METADATA = MetaData()
_TABLE = Table(
    "letters",
    _METADATA,
    Column("number", Integer, primary_key=True),
    Column("sender", String, nullable=False),
    Column("key", String),
    Column("digest", String),
)
ONE_KEY = Index(
    "one_open_letter_for_a_key",
    _TABLE.c.key,
    unique=True,
    sqlite_where=text("digest <> 'done'"),
    postgresql_where=text("digest <> 'done'"),
)
ONE_OF_BOTH = Index("one_digest_for_a_sender", _TABLE.c.sender, _TABLE.c.digest, unique=True)
LETTER = {"number": 1, "sender": "局", "key": "k", "digest": "d"}
FAULTS = {
    "the key is taken": ({"number": 2, "sender": "院"}, ONE_KEY),
    "sender and digest are taken": ({"number": 2, "key": "other"}, ONE_OF_BOTH),
    "the number is taken": ({"sender": "院", "key": "other"}, None),
    "there is no sender": ({"number": 2, "sender": None, "key": "other"}, None),
}


@pytest.fixture
def refuse(address: str) -> Iterator[Refuse]:
    """What the database says to a second letter."""
    engine = create_engine(address)
    _METADATA.create_all(engine)

    def refused(changes: dict[str, object]) -> IntegrityError:
        with engine.begin() as connection:
            connection.execute(_TABLE.delete())
            connection.execute(_TABLE.insert(), [LETTER])
        with pytest.raises(IntegrityError) as told, engine.begin() as connection:
            connection.execute(_TABLE.insert(), [{**LETTER, **changes}])
        return told.value

    yield refused
    engine.dispose()


@pytest.mark.parametrize(("changes", "broken"), FAULTS.values(), ids=FAULTS.keys())
def test_each_rule_is_told_from_every_other(changes: dict[str, object], broken: Index | None, refuse: Refuse) -> None:
    error = refuse(changes)
    assert [index for index in (ONE_KEY, ONE_OF_BOTH) if breaks(error, index)] == ([] if broken is None else [broken])
