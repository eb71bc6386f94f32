"""Several processes on one data folder: nobody is lost, nothing is pressed twice, and the living are left alone."""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import select

from sealservice.assembly import open_house
from sealservice.audit.queries import count
from sealservice.impressions.model import Impression, ImpressionState
from sealservice.impressions.queries import balance
from sealservice.kernel.errors import Misconfigured
from sealservice.kernel.home import FILE
from tests.impressions.homes import Home
from tests.impressions.processes import Other, elsewhere, told
from tests.impressions.rest import acts, assert_at_rest, tried
from tests.impressions.stories import (
    press_again,
    press_and_die,
    press_many,
    press_under_key,
    press_with_a_pause,
    settle,
)

KEY = "窗口-0127"


def at_once(others: list[Other]) -> None:
    """Lets go, together, all who are ready."""
    assert [other.hear() for other in others] == ["ready"] * len(others)
    for other in others:
        other.say("go")


def test_many_press_at_once_and_each_impression_is_recorded_once(home: Home) -> None:
    with ExitStack() as stack:
        others = [stack.enter_context(elsewhere(press_many, str(home.folder), 5)) for _ in range(4)]
        at_once(others)
        pressed = [impression for other in others for impression in other.hear()]
        assert [other.ended() for other in others] == [0] * 4

    assert len(set(pressed)) == 20
    with open_house(home.folder) as house:
        assert_at_rest(house)
        with house.database.read() as session:
            recorded = session.scalars(select(Impression.impression_id)).all()
            assert count(session, "impression.record") == 20
        assert set(recorded) == set(pressed)


def test_many_ask_under_one_key_and_get_one_impression(home: Home) -> None:
    with ExitStack() as stack:
        others = [stack.enter_context(elsewhere(press_under_key, str(home.folder), KEY)) for _ in range(4)]
        at_once(others)
        answers = Counter(other.hear() for other in others)

    busy = answers.pop("IDEMPOTENCY_KEY_BUSY", 0)
    assert list(answers.values()) == [4 - busy]
    with open_house(home.folder) as house:
        assert_at_rest(house)
        assert list(answers) == [tried(house, KEY).impression_id]


@pytest.mark.parametrize("step", ["intend", "keep"])
def test_what_a_living_process_is_at_work_on_is_left_alone(home: Home, step: str) -> None:
    with elsewhere(press_with_a_pause, str(home.folder), KEY, step) as other:
        assert other.hear() == "paused"
        with open_house(home.folder) as house:
            assert tried(house, KEY).state is ImpressionState.INTENDED
            assert len(list(house.store.all_incoming())) == 1
            with house.database.read() as session:
                found = balance(session)
            assert (found.is_even, found.is_at_rest, found.unsettled) == (True, False, 1)
        other.say("go on")
        assert other.hear() == ImpressionState.RECORDED
        assert other.ended() == 0

    with open_house(home.folder) as house:
        assert_at_rest(house)


def test_a_second_data_folder_is_not_let_near_the_register(home: Home, tmp_path: Path) -> None:
    """It would see none of the locks of the living, and abandon what they are at work on."""
    second = tmp_path / "second"
    shutil.copytree(home.folder, second)
    (second / FILE).unlink()
    address = home.database or f"sqlite:///{home.folder / 'sealservice.sqlite3'}"
    settings = (second / "sealservice.toml").read_text(encoding="utf-8")
    rest = [line for line in settings.splitlines() if not line.startswith("database")]
    (second / "sealservice.toml").write_text("\n".join([f'database = "{address}"', *rest]), encoding="utf-8")

    with elsewhere(press_with_a_pause, str(home.folder), KEY, "intend") as other:
        assert other.hear() == "paused"
        for settle_too in (True, False):
            with pytest.raises(Misconfigured, match="DATABASE_OF_ANOTHER_HOME"), open_house(second, settle=settle_too):
                pass
        other.say("go on")
        assert other.hear() == ImpressionState.RECORDED

    with open_house(home.folder) as house:
        assert_at_rest(house)


@pytest.mark.parametrize("step", ["intend", "keep"])
def test_once_it_is_dead_it_is_settled(home: Home, step: str) -> None:
    with elsewhere(press_with_a_pause, str(home.folder), KEY, step) as other:
        assert other.hear() == "paused"
        other.kill()
        assert other.ended() == -signal.SIGKILL
        with open_house(home.folder) as house:
            assert tried(house, KEY).state is ImpressionState.ABANDONED
            assert_at_rest(house)


def test_several_that_start_at_once_settle_everything_once(home: Home) -> None:
    keys = [f"{KEY}-{number}" for number in range(3)]
    with ExitStack() as stack:
        dying = [stack.enter_context(elsewhere(press_with_a_pause, str(home.folder), key, "keep")) for key in keys]
        assert [other.hear() for other in dying] == ["paused"] * 3
        for other in dying:
            other.kill()
    with ExitStack() as stack:
        others = [stack.enter_context(elsewhere(settle, str(home.folder))) for _ in range(3)]
        at_once(others)
        settled = [other.hear() for other in others]
        assert [other.ended() for other in others] == [0] * 3

    assert [sum(column) for column in zip(*settled, strict=True)] == [3, 0]
    with open_house(home.folder) as house:
        assert_at_rest(house)
        for key in keys:
            (act,) = acts(house, tried(house, key))
            assert act == ("impression.abandon", "the process ended before the impression was recorded")


def test_whoever_asks_again_after_several_crashes_gets_one_that_names_the_last(home: Home, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    first = left_behind(home, witness)
    second = left_behind(home, witness)

    again = told(press_again, str(home.folder), str(witness), KEY)

    assert (again["state"], again["replaces"]) == (ImpressionState.RECORDED, second)
    with open_house(home.folder) as house:
        assert_at_rest(house)
        with house.database.read() as session:
            replaced = {one.impression_id: one.replaces for one in session.scalars(select(Impression))}
    assert replaced == {first: None, second: first, again["id"]: second}


def left_behind(home: Home, witness: Path) -> str:
    """Somebody presses and dies just before it is recorded. What was left behind under the key."""
    point = "with the file stored and no record"
    with elsewhere(press_and_die, str(home.folder), str(witness), KEY, point) as other:
        other.hear()
        assert other.ended() == -signal.SIGKILL
    with open_house(home.folder) as house:
        return tried(house, KEY).impression_id
