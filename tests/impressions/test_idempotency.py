"""A client that never had an answer asks again under the same key, and there is still one impression."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from keystore.keys import SigningKey
from sealservice.impressions.check import CheckFailed
from sealservice.impressions.intention import Draft, Intentions
from sealservice.impressions.model import Impression, ImpressionState, PlannedSignature
from sealservice.impressions.operations import Pressing
from sealservice.impressions.request import Level, PressRequest
from sealservice.kernel.errors import Conflict, InvalidInput
from sealservice.workers.order import At, Keyword
from tests.impressions.desk import Desk
from tests.impressions.test_failures import Key, flipped
from tests.support.houses import SAMPLES


def impressions_under(desk: Desk) -> int:
    with desk.house.database.read() as session:
        return session.scalar(
            select(func.count()).select_from(Impression).where(Impression.idempotency_key == desk.key)
        ) or 0  # fmt: skip


def test_asking_again_gives_the_same_impression(desk: Desk) -> None:
    first = desk.pressing.press(desk.request)
    second = desk.pressing.press(desk.request)
    assert (first.impression_id, first.sealed) == (second.impression_id, second.sealed)
    assert impressions_under(desk) == 1


def test_asking_again_asks_no_key(desk: Desk) -> None:
    desk.pressing.press(desk.request)

    def none(_: SigningKey) -> SigningKey:
        raise AssertionError("a key was asked")

    assert desk.with_key(none).press(desk.request).state is ImpressionState.RECORDED


OTHERS: dict[str, dict[str, Any]] = {
    "another document": {"document": SAMPLES / "approval-reply-3-page.pdf"},
    "another place": {"placement": At(page=1, x_mm=50, y_mm=50)},
    "another hit": {"placement": Keyword(text="盖章", dx_mm=1)},
    "another level": {"level": Level.B_B},
    "another reason": {"reason": "撤销许可"},
    "another matter": {"matter": "青审字〔2026〕16号"},
    "another keeper": {"keeper": "demo.clerk"},
    "a switch more": {"allow": frozenset({"attachments"})},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_another_request_under_the_same_key_is_refused(desk: Desk, other: dict[str, Any]) -> None:
    desk.pressing.press(desk.request)
    assert desk.fails(InvalidInput, **other).code == "IDEMPOTENCY_KEY_REUSED"
    assert impressions_under(desk) == 1


def test_another_request_is_refused_also_when_the_first_came_to_nothing(desk: Desk) -> None:
    """The key belongs to the request; what names itself a retry of it has to be one."""
    desk.fails(CheckFailed, desk.with_key(lambda key: Key(key, flipped)))
    assert desk.fails(InvalidInput, reason="撤销许可").code == "IDEMPOTENCY_KEY_REUSED"

    assert desk.pressing.press(desk.request).state is ImpressionState.RECORDED


def test_the_same_document_at_another_path_is_the_same_request(desk: Desk, tmp_path: Any) -> None:
    first = desk.pressing.press(desk.request)
    copy = tmp_path / "the same.pdf"
    copy.write_bytes(desk.request.document.read_bytes())
    assert desk.pressing.press(desk.asked(document=copy)).impression_id == first.impression_id


@pytest.mark.parametrize("key", ["", "k" * 201, "two\nlines", "nul\0"])
def test_a_key_that_cannot_be_kept_is_refused_at_once(desk: Desk, key: str) -> None:
    with pytest.raises(InvalidInput) as told:
        desk.asked(idempotency_key=key)
    assert told.value.code == "IDEMPOTENCY_KEY_WRONG"


def test_the_longest_key_is_kept(desk: Desk) -> None:
    request = desk.asked(idempotency_key=desk.key.ljust(200, "青"))
    assert desk.pressing.press(request).impression_id == desk.pressing.press(request).impression_id


@dataclass
class Answers:
    impressions: list[Impression]
    errors: list[Exception]


def all_at_once(ask: Callable[[], Impression], times: int) -> Answers:
    answers, gate = Answers([], []), threading.Barrier(times)

    def asking() -> None:
        gate.wait()
        try:
            answers.impressions.append(ask())
        except Exception as error:
            answers.errors.append(error)

    threads = [threading.Thread(target=asking) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_eight_who_ask_at_once_under_one_key_get_one_impression(desk: Desk) -> None:
    """Who comes while the first is at work is told so; whoever gets an answer gets the same; later all do."""
    answers = all_at_once(lambda: desk.pressing.press(desk.request), times=8)

    assert all(isinstance(error, Conflict) and error.code == "IDEMPOTENCY_KEY_BUSY" for error in answers.errors)
    assert len({impression.impression_id for impression in answers.impressions}) == 1
    again = all_at_once(lambda: desk.pressing.press(desk.request), times=8)
    assert again.errors == []
    assert {impression.impression_id for impression in again.impressions} == {desk.record.impression_id}
    assert impressions_under(desk) == 1


def test_a_key_that_is_at_work_is_told_so(desk: Desk) -> None:
    """The second asks while the first is in the token; it waits for nothing and disturbs nothing."""
    met: list[Exception] = []

    def asked_meanwhile(key: SigningKey, message: bytes) -> bytes:
        met.append(desk.fails(Conflict))
        met.append(desk.fails(InvalidInput, reason="撤销许可"))
        return key.sign(message)

    impression = desk.with_key(lambda key: Key(key, asked_meanwhile)).press(desk.request)

    assert [error.code for error in met] == ["IDEMPOTENCY_KEY_BUSY", "IDEMPOTENCY_KEY_REUSED"]  # type: ignore[attr-defined]
    assert impression.state is ImpressionState.RECORDED


def test_two_that_pass_the_first_look_together_are_told_apart_by_the_database(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked, neither saw the other, both prepared; only one intent can be written."""
    find, late = Pressing._find_earlier, []

    def find_then_be_overtaken(pressing: Pressing, request: PressRequest) -> Impression | None:
        found = find(pressing, request)
        if not late:
            late.append(found)
            desk.pressing.press(desk.request)
        return found

    monkeypatch.setattr(Pressing, "_find_earlier", find_then_be_overtaken)

    assert desk.fails(Conflict).code == "IDEMPOTENCY_KEY_BUSY"
    assert late == [None]
    assert impressions_under(desk) == 1


def test_a_fault_of_another_kind_is_not_told_as_a_busy_key(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planned signature names a key that is not on record: our own fault, and waiting would not mend it."""
    planned = Intentions._planned

    def unknown(intentions: Intentions, draft: Draft) -> list[PlannedSignature]:
        rows = planned(intentions, draft)
        rows[0].key_id = "0" * 32
        return rows

    with monkeypatch.context() as faulty:
        faulty.setattr(Intentions, "_planned", unknown)
        with pytest.raises(IntegrityError):
            desk.pressing.press(desk.request)
    assert impressions_under(desk) == 0

    assert desk.pressing.press(desk.request).state is ImpressionState.RECORDED


def test_a_refusal_that_cannot_be_waived_is_no_request(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="encryption, javascript") as told:
        desk.asked(allow=frozenset({"javascript", "everything"}))
    assert (told.value.code, told.value.details["given"]) == ("SWITCH_UNKNOWN", "everything")
