"""A signature that comes too late: only a true one is put on record, and no number of them fills the memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from keystore.errors import TokenTimeout
from keystore.keys import KeyRef, LateSignature, SigningKey
from keystore.signature import encode_der
from sealservice.impressions.latecomers import Awaited, Latecomers
from sealservice.impressions.model import ImpressionState
from sealservice.impressions.recording import Recorder
from sealverify.cms import read_signed_data
from sealverify.digest import Digest
from tests.impressions.desk import Desk
from tests.impressions.rest import acts
from tests.impressions.test_failures import Key
from tests.impressions.test_recording import in_the_dark


@dataclass
class Story:
    """What became of each call: the signature that was kept, or that it was given up."""

    told: dict[str, object] = field(default_factory=dict)

    def of(self, call_id: str) -> Awaited:
        return Awaited(
            keep=lambda signature: self.told.update({call_id: signature}),
            give_up=lambda: self.told.update({call_id: "given up"}),
        )


def late(call_id: str, signature: bytes = b"late") -> LateSignature:
    return LateSignature(call_id=call_id, key_id="00", digest=b"", signature=signature)


@pytest.mark.parametrize("answer_first", [False, True])
def test_call_and_answer_find_each_other_once(answer_first: bool) -> None:
    latecomers, story = Latecomers(), Story()
    acts = [lambda: latecomers.expect("1", story.of("1")), lambda: latecomers.arrived(late("1"))]
    for act in reversed(acts) if answer_first else acts:
        act()
    assert story.told == {"1": b"late"}
    latecomers.arrived(late("1", b"another"))
    assert story.told == {"1": b"late"}


def test_calls_that_never_come_back_are_given_up_oldest_first() -> None:
    latecomers, story = Latecomers(most=3), Story()
    for number in range(5):
        latecomers.expect(str(number), story.of(str(number)))
    assert story.told == {"0": "given up", "1": "given up"}
    latecomers.arrived(late("4"))
    assert story.told["4"] == b"late"


def test_answers_that_nobody_asks_for_are_forgotten_oldest_first(caplog: pytest.LogCaptureFixture) -> None:
    latecomers, story = Latecomers(most=3), Story()
    for number in range(5):
        latecomers.arrived(late(str(number)))
    for number in range(5):
        latecomers.expect(str(number), story.of(str(number)))
    assert {call for call, told in story.told.items() if told == b"late"} == {"2", "3", "4"}
    assert "call 0" in caplog.text
    assert "call 1" in caplog.text


# -- a desk where the token answers when its caller has gone


def pressed_too_late(desk: Desk, act: Callable[[bytes], bytes]) -> bytes:
    """Presses, and has what the token made arrive late, as `act` turns it. Returns the signature that was made."""
    made: list[bytes] = []

    def hang(key: SigningKey, message: bytes) -> bytes:
        made.append(key.sign_raw(message))
        raise TokenTimeout("KEYSTORE_TIMEOUT", late=True, call_id=desk.key, seconds=3)

    desk.fails(TokenTimeout, desk.with_key(lambda key: Key(key, hang)))
    desk.house.latecomers.arrived(late(desk.key, act(made[0])))
    return made[0]


def test_a_true_one_is_kept_back(own_desk: Desk) -> None:
    signature = pressed_too_late(own_desk, lambda made: made)

    kept = own_desk.record
    assert (kept.state, kept.sealed) == (ImpressionState.SIGNED, None)
    key = public_key(own_desk)
    signed = read_signed_data(kept.cms or b"")
    signed.check(digest=Digest.parse(kept.signed_digest), public_key=key.public_key)
    assert signed.signer.signature == encode_der(signature, own_desk.house.keys.signing_key(key).algorithm)


def public_key(desk: Desk) -> KeyRef:
    return desk.pressing.instruments.get(desk.seal.code).means.key


@pytest.mark.parametrize(
    "act",
    [lambda made: made[:-1] + bytes([made[-1] ^ 1]), lambda made: made[::-1], lambda _: b"", lambda _: b"x" * 4096],
    ids=["a bit flipped", "backwards", "empty", "rubbish"],
)
def test_a_false_one_is_no_signature_and_the_impression_has_failed(desk: Desk, act: Callable[[bytes], bytes]) -> None:
    pressed_too_late(desk, act)
    assert desk.record.cms is None
    desk.assert_failed("CHECK_SIGNATURE_WRONG")


def test_one_that_comes_while_the_database_is_away_is_put_on_record_later(
    own_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dark:
        house = own_desk.house
        dark.setattr(Recorder, "_write_signature", in_the_dark(house, Recorder._write_signature, monkeypatch))
        with pytest.raises(Exception, match="DATABASE_UNAVAILABLE"):
            pressed_too_late(own_desk, lambda made: made)
    assert own_desk.record.state is ImpressionState.INTENDED

    for _ in range(2):
        own_desk.pressing.press(own_desk.asked(idempotency_key=None))

    assert own_desk.record.state is ImpressionState.SIGNED
    assert [act for act, _ in acts(house, own_desk.record)] == ["impression.sign"]


def test_one_that_is_given_up_has_failed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many are waited for. Should the signature come after all, it changes nothing any more."""
    monkeypatch.setattr(desk.house.latecomers, "_most", 0)
    pressed_too_late(desk, lambda made: made)
    assert desk.record.cms is None
    desk.assert_failed("KEYSTORE_TIMEOUT")
