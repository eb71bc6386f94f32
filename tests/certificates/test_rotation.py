"""The wrapping key is exchanged while others are at work: nobody loses a key, and nobody has to be started anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.certificates import rotating
from tests.impressions.homes import Home, copied_database, copy_of, founded
from tests.impressions.processes import elsewhere, told

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
NOTHING_REMEMBERED = "[token]\nsessions = 1\nunwrapped_keys = 1\n"
"""So that each press unwraps the seal's key anew, as it would in a house of many seals."""


@pytest.fixture(scope="module", params=BOTH)
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("template") / "var"
    with ExitStack() as stack:
        database = stack.enter_context(copied_database()) if request.param == "postgresql" else None
        told(founded, str(folder), database, NOTHING_REMEMBERED)
        yield Home(folder, database)


@pytest.fixture
def home(template: Home, tmp_path: Path) -> Iterator[Home]:
    with copy_of(template, tmp_path / "var") as home:
        yield home


@pytest.mark.parametrize(("act", "answer"), [(rotating.rotation, [1, 1]), (rotating.renewal, "ACTIVE")])
def test_an_office_goes_on_pressing_whatever_another_process_did_to_its_key(
    home: Home, act: Callable[..., None], answer: object
) -> None:
    with elsewhere(rotating.office, str(home.folder)) as office:
        assert office.hear() == "RECORDED"
        assert told(act, str(home.folder)) == answer
        for _ in range(2):
            office.say("press")
            assert office.hear() == "RECORDED"
        office.say("close")
        assert office.ended() == 0


def test_a_key_whose_wrapping_key_was_destroyed_before_it_was_on_record_is_made_anew(home: Home) -> None:
    assert told(rotating.birth_overtaken_by_rotation, str(home.folder)) == [1, True]


def test_a_wrapping_key_is_not_destroyed_under_a_key_that_came_late(home: Home) -> None:
    assert told(rotating.rotation_overtaken_by_birth, str(home.folder)) == [1, True]


def test_two_rotations_at_once_lose_no_key(home: Home) -> None:
    assert told(rotating.rotation_overtaken_by_rotation, str(home.folder)) == "RECORDED"
