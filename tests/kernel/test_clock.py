"""Time does not run backwards in the register; a second is forgiven, because clocks are set right all the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealservice.kernel.clock import TOLERANCE, SystemClock, require_not_behind
from sealservice.kernel.errors import Unavailable

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_the_machine_s_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_an_empty_register_asks_nothing_of_the_clock() -> None:
    require_not_behind(NINE, None)


@settings(deadline=None)
@given(st.timedeltas(min_value=-TOLERANCE, max_value=timedelta(days=3650)))
def test_a_clock_that_is_ahead_or_a_second_behind_at_most_is_fine(ahead: timedelta) -> None:
    require_not_behind(NINE + ahead, NINE)


@settings(deadline=None)
@given(st.timedeltas(min_value=TOLERANCE + timedelta(microseconds=1), max_value=timedelta(days=3650)))
def test_a_clock_that_is_further_behind_is_not(behind: timedelta) -> None:
    with pytest.raises(Unavailable) as told:
        require_not_behind(NINE - behind, NINE)
    assert told.value.code == "CLOCK_BEHIND"


def test_whoever_is_refused_is_told_both_times_and_what_to_do() -> None:
    with pytest.raises(Unavailable) as told:
        require_not_behind(NINE - timedelta(hours=1), NINE)
    for sentence in (told.value.text.en, told.value.text.zh):
        assert "2026-11-23T08:00:00+00:00" in sentence
        assert "2026-11-23T09:00:00+00:00" in sentence
        assert "doctor --accept-clock" in sentence
