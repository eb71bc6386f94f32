"""Settling at the start: what the dead left behind, file by file and intent by intent; the living are not touched."""

from __future__ import annotations

import uuid

import pytest

from sealservice.assembly import House
from sealservice.impressions.model import ImpressionState
from sealservice.impressions.reconciliation import Reconciler, Settled
from sealservice.kernel.instance import Instance
from sealverify.digest import Digest
from tests.impressions.desk import Desk
from tests.impressions.rest import acts, assert_at_rest
from tests.support.houses import SAMPLES

NOTHING = Settled(abandoned=0, failed=0, files=0)


@pytest.fixture
def house(own_desk: Desk) -> House:
    return own_desk.house


def test_a_house_at_rest_has_nothing_to_settle(own_desk: Desk, house: House) -> None:
    own_desk.pressing.press(own_desk.request)
    house.instance.close()
    assert house.settle() == NOTHING
    assert_at_rest(house)


def test_a_draft_that_its_maker_is_just_removing_disturbs_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look into the folder and the look into the file, it is gone: somebody finished, or settles too."""
    gone = house.store.incoming(f"{uuid.uuid4()}.{uuid.uuid4()}")
    monkeypatch.setattr(type(house.store), "all_incoming", lambda _: iter([gone]))
    assert house.settle() == NOTHING


def test_a_picture_that_was_stored_for_a_seal_nobody_asked_for_in_the_end_is_cleared_away(house: House) -> None:
    """Whoever asked for the seal died between the store and the register."""
    picture = (SAMPLES / "seal-official-round.svg").read_bytes()
    draft = house.store.incoming(f"{uuid.uuid4()}.{uuid.uuid4()}")
    draft.write_bytes(picture)
    stored = house.store.keep(draft, Digest.of(picture))

    assert house.settle() == Settled(abandoned=0, failed=0, files=1)

    assert not stored.exists()
    assert not draft.exists()
    assert_at_rest(house)


def test_a_draft_of_what_is_on_record_goes_and_the_record_stays(own_desk: Desk, house: House) -> None:
    """The process died after it recorded and before it cleared up."""
    impression = own_desk.pressing.press(own_desk.request)
    sealed = house.store.get(Digest.parse(impression.sealed or ""))
    draft = house.store.incoming(f"{uuid.uuid4()}.{impression.impression_id}")
    draft.hardlink_to(sealed)

    assert house.settle() == Settled(abandoned=0, failed=0, files=1)

    assert sealed.is_file()
    assert own_desk.record.state is ImpressionState.RECORDED
    assert_at_rest(house)


def test_the_draft_of_a_living_process_stays(house: House) -> None:
    other = Instance(house.running)
    draft = house.store.incoming(f"{other.name}.{uuid.uuid4()}")
    draft.write_bytes(b"%PDF-1.7 half of a document")
    assert house.settle() == NOTHING
    assert draft.is_file()

    other.close()
    assert house.settle().files == 1
    assert not draft.exists()


def intended_and_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An intent is written, and then whoever wrote it is gone."""

    def left(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as leaving:
        leaving.setattr(type(desk.pressing), "_press", left)
        with pytest.raises(KeyboardInterrupt):
            desk.pressing.press(desk.request)


def test_an_intent_of_this_very_process_is_left_to_it(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    intended_and_left(own_desk, monkeypatch)
    assert own_desk.house.settle() == NOTHING
    assert own_desk.record.state is ImpressionState.INTENDED


def test_an_intent_of_the_dead_is_abandoned_and_says_why(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    intended_and_left(own_desk, monkeypatch)
    own_desk.house.instance.close()

    assert own_desk.house.settle() == Settled(abandoned=1, failed=0, files=1)

    abandoned = own_desk.record
    assert (abandoned.state, abandoned.failure) == (ImpressionState.ABANDONED, None)
    assert abandoned.settled_at is not None
    why = "the process ended before the impression was recorded"
    assert acts(own_desk.house, abandoned) == [("impression.abandon", why)]
    assert_at_rest(own_desk.house)


def test_settling_twice_settles_once(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    intended_and_left(own_desk, monkeypatch)
    own_desk.house.instance.close()
    own_desk.house.settle()
    assert own_desk.house.settle() == NOTHING
    assert len(acts(own_desk.house, own_desk.record)) == 1


def test_what_somebody_else_settles_in_between_is_not_settled_again(
    own_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two look, both see the intent; the one that comes second finds it settled and leaves it so."""
    house = own_desk.house
    intended_and_left(own_desk, monkeypatch)
    house.instance.close()
    seen: list[list[str]] = []
    look = Reconciler._left_behind

    def overtaken(reconciler: Reconciler) -> list[str]:
        left = look(reconciler)
        if not seen:
            seen.append(left)
            house.settle()
        return left

    monkeypatch.setattr(Reconciler, "_left_behind", overtaken)

    assert house.settle() == NOTHING
    assert len(seen[0]) == 1
    assert len(acts(house, own_desk.record)) == 1
