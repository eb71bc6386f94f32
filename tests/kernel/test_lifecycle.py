"""Whatever anybody asks for, in whatever order: a thing is only ever in a state to which the law led it.

The law is written out here a second time, from the design and not from the tables, so that one mistake cannot be on
both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealservice.certificates.model import LIFECYCLE as CERTIFICATE
from sealservice.certificates.model import CertificateState
from sealservice.impressions.model import LIFECYCLE as IMPRESSION
from sealservice.impressions.model import ImpressionState
from sealservice.kernel.errors import InvalidInput, WrongState
from sealservice.kernel.lifecycle import Lifecycle, Standing
from sealservice.seals.model import LIFECYCLE as SEAL
from sealservice.seals.model import SealState

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Law:
    """A lifecycle, and what it must say: the moves as (from, verb, to), those that need a reason, and what is allowed
    in which state."""

    lifecycle: Lifecycle[Any]
    states: type[StrEnum]
    begins: str
    moves: frozenset[tuple[str, str, str]]
    with_cause: frozenset[str]
    allows: dict[str, set[str]]

    def __str__(self) -> str:
        return self.lifecycle.kind


LAWS = [
    Law(
        SEAL,
        SealState,
        "REQUESTED",
        frozenset(
            {
                ("REQUESTED", "approve", "APPROVED"),
                ("REQUESTED", "reject", "REJECTED"),
                ("APPROVED", "make", "ACTIVE"),
                ("ACTIVE", "suspend", "SUSPENDED"),
                ("SUSPENDED", "restore", "ACTIVE"),
                ("ACTIVE", "revoke", "REVOKED"),
                ("SUSPENDED", "revoke", "REVOKED"),
                ("ACTIVE", "retire", "RETIRED"),
                ("SUSPENDED", "retire", "RETIRED"),
                ("ACTIVE", "renew", "ACTIVE"),
            }
        ),
        frozenset({"reject", "suspend", "restore", "revoke", "retire"}),
        {"press": {"ACTIVE"}},
    ),
    Law(
        IMPRESSION,
        ImpressionState,
        "INTENDED",
        frozenset(
            {
                ("INTENDED", "sign", "SIGNED"),
                ("SIGNED", "record", "RECORDED"),
                ("INTENDED", "abandon", "ABANDONED"),
                ("INTENDED", "fail", "FAILED"),
                ("SIGNED", "fail", "FAILED"),
            }
        ),
        frozenset({"abandon", "fail"}),
        {"press": {"INTENDED"}, "release": {"RECORDED"}},
    ),
    Law(
        CERTIFICATE,
        CertificateState,
        "INTENDED",
        frozenset(
            {
                ("INTENDED", "issue", "ISSUED"),
                ("INTENDED", "abandon", "ABANDONED"),
                ("ISSUED", "revoke", "REVOKED"),
            }
        ),
        frozenset({"abandon", "revoke"}),
        {"sign": {"ISSUED"}},
    ),
]


@dataclass
class Thing:
    state: Any
    subject: str = "thing:1"


def verbs(law: Law) -> list[str]:
    return sorted({verb for _, verb, _ in law.moves})


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_the_tables_know_these_moves_and_no_others(law: Law) -> None:
    known = {
        (str(source), verb, str(move.target)) for verb, move in law.lifecycle.moves.items() for source in move.sources
    }
    assert known == law.moves
    assert {verb for verb, move in law.lifecycle.moves.items() if move.needs_cause} == law.with_cause


@pytest.mark.parametrize("law", LAWS, ids=str)
@settings(deadline=None)
@given(data=st.data())
def test_no_sequence_of_requests_leads_where_the_law_does_not(law: Law, data: st.DataObject) -> None:
    thing = Thing(law.states(law.begins))
    asked = data.draw(st.lists(st.tuples(st.sampled_from(verbs(law)), st.sampled_from([None, "", "  ", "遗失"]))))
    for verb, cause in asked:
        before = thing.state
        targets = {to for source, name, to in law.moves if (source, name) == (before, verb)}
        lacks_cause = verb in law.with_cause and not (cause or "").strip()
        if not targets or lacks_cause:
            with pytest.raises((WrongState, InvalidInput)) as told:
                law.lifecycle.move(thing, verb, actor="demo.chief", at=NINE, cause=cause)
            assert told.value.code == ("CAUSE_MISSING" if targets else "MOVE_NOT_ALLOWED")
            assert thing.state is before
            continue
        event = law.lifecycle.move(thing, verb, actor="demo.chief", at=NINE, cause=cause, number=7)
        assert {str(thing.state)} == targets
        assert (event.act, event.subject, event.actor, event.at) == (f"{law}.{verb}", "thing:1", "demo.chief", NINE)
        assert event.cause == cause
        assert event.facts == {"from": str(before), "to": str(thing.state), "number": 7}


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_every_state_can_be_reached_and_none_is_an_orphan(law: Law) -> None:
    reached, grown = {law.begins}, True
    while grown:
        more = {to for source, _, to in law.moves if source in reached}
        grown = not more <= reached
        reached |= more
    assert reached == {str(state) for state in law.states}


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_a_state_allows_what_the_law_says_and_says_no_by_its_name(law: Law) -> None:
    for state in law.states:
        for verb, states in law.allows.items():
            for thing in (Thing(state), Standing(state, "thing:1")):
                if state in states:
                    law.lifecycle.require(thing, verb)
                    continue
                with pytest.raises(WrongState) as told:
                    law.lifecycle.require(thing, verb)
                assert told.value.code == f"{law}_{state}".upper()
                assert told.value.text.en != told.value.code
                assert told.value.text.zh != told.value.code
                assert "{" not in told.value.text.en + told.value.text.zh


def test_what_is_expired_is_asked_of_the_clock_and_stored_nowhere() -> None:
    assert "EXPIRED" not in {str(state) for law in LAWS for state in law.states}
