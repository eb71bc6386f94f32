"""Pressing when the time comes from others, and when it does not come: never a weaker seal than was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from keystore.errors import TokenTimeout
from sealservice.impressions.check import CheckFailed
from sealservice.impressions.model import ImpressionState
from sealservice.impressions.request import Level
from sealservice.kernel.errors import Unavailable
from sealservice.timestamps.client import OutsideTimestamps
from sealservice.timestamps.sources import Stamped
from sealverify.digest import Digest
from tests.impressions.desk import Desk
from tests.timestamps.servers import honest, send, serving


@pytest.fixture
def stage() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_the_seal_says_whose_time_it_carries(desk: Desk, stage: ExitStack) -> None:
    """The first authority is out of order; the second one's name is on record, not that of the one first asked."""
    first = stage.enter_context(serving(lambda handler, _: send(handler, b"", status=503)))
    second = stage.enter_context(serving(honest(desk.house.own_timestamps)))
    source = OutsideTimestamps([first.address, second.address])
    stage.callback(source.close)

    impression = desk.with_time_from(source).press(desk.request)

    assert (impression.state, impression.timestamp_source) == (ImpressionState.RECORDED, second.address)
    assert impression.timestamp_at is not None


def test_without_a_time_nothing_is_released_and_nothing_weaker_either(desk: Desk, stage: ExitStack) -> None:
    down = stage.enter_context(serving(lambda handler, _: send(handler, b"", status=500)))
    source = OutsideTimestamps([down.address])
    stage.callback(source.close)

    told = desk.fails(Unavailable, desk.with_time_from(source))

    assert told.code == "TIMESTAMP_UNAVAILABLE"
    desk.assert_failed("TIMESTAMP_UNAVAILABLE")
    assert desk.record.level == "B-T"


def test_whoever_asks_for_no_time_needs_no_authority(desk: Desk) -> None:
    pressing = desk.with_time_from(OutsideTimestamps(["http://127.0.0.1:9/nobody"]))
    assert pressing.press(desk.asked(level=Level.B_B)).state is ImpressionState.RECORDED


@dataclass
class Source:
    """A source of time that gives whatever a story wants."""

    token: bytes
    name: str = "story"
    key_id: str | None = None
    token_size: int = 8192

    def timestamp(self, _: Digest) -> Stamped:
        return Stamped(self.token, self.name)


def test_a_timestamp_over_something_else_is_not_released(desk: Desk) -> None:
    """Even where the source itself did not look."""
    other = desk.house.own_timestamps.timestamp(Digest.of(b"another signature")).token
    assert desk.fails(CheckFailed, desk.with_time_from(Source(other))).code == "CHECK_TIMESTAMP_WRONG"
    desk.assert_failed("CHECK_TIMESTAMP_WRONG")


def test_a_timestamp_that_is_none_is_not_released(desk: Desk) -> None:
    nonsense = bytes.fromhex("3003020101")
    assert desk.fails(CheckFailed, desk.with_time_from(Source(nonsense))).code == "CHECK_SIGNATURE_WRONG"
    desk.assert_failed("CHECK_SIGNATURE_WRONG")


def test_a_timestamp_beyond_its_room_is_not_squeezed_in(desk: Desk) -> None:
    huge = bytes.fromhex("30824e20") + bytes(20_000)
    assert desk.fails(CheckFailed, desk.with_time_from(Source(huge))).code == "SIGNATURE_TOO_LARGE"
    desk.assert_failed("SIGNATURE_TOO_LARGE")


def test_a_token_that_is_late_with_the_time_is_no_late_signature(desk: Desk) -> None:
    """The seal's key has signed; only the time did not come. There is nothing to wait for: the impression failed."""

    class Late(Source):
        def timestamp(self, _: Digest) -> Stamped:
            raise TokenTimeout("KEYSTORE_TIMEOUT", late=True, call_id="1", seconds=10)

    told = desk.fails(Unavailable, desk.with_time_from(Late(b"")))

    assert told.code == "TIMESTAMP_UNAVAILABLE"
    desk.assert_failed("TIMESTAMP_UNAVAILABLE")
