"""Orders and answers travel as JSON and arrive as they left; pages measure the same in both directions."""

from __future__ import annotations

import doctest
import json
import os
import socket
import struct
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealservice import workers
from sealservice.workers import (
    At,
    Automatic,
    Certification,
    Edge,
    EveryPage,
    Field,
    Hits,
    Invisible,
    Keyword,
    Limits,
    NextField,
    Placement,
    PreparationOrder,
    Riding,
    protocol,
)
from sealservice.workers.pdf import syntax
from sealservice.workers.pdf.geometry import Box, Sheet

MILLIMETRES = st.floats(-500, 500)
PLACEMENTS: st.SearchStrategy[Placement] = st.one_of(
    st.builds(At, page=st.integers(-5, 5), x_mm=MILLIMETRES, y_mm=MILLIMETRES),
    st.builds(Keyword, text=st.text(), hits=st.sampled_from(Hits), dx_mm=MILLIMETRES, dy_mm=MILLIMETRES),
    st.builds(Field, name=st.text()),
    st.builds(EveryPage, x_mm=st.none() | MILLIMETRES, y_mm=st.none() | MILLIMETRES),
    st.builds(Riding, edge=st.sampled_from(Edge), pages=st.none() | st.lists(st.integers(1, 9)).map(tuple)),
    st.just(Invisible()),
    st.just(Automatic()),
)
TEXT = st.none() | st.text()


@given(placement=PLACEMENTS, reason=TEXT, matter=TEXT, certification=st.none() | st.sampled_from(Certification))
def test_an_order_arrives_as_it_left(
    placement: Placement, reason: str | None, matter: str | None, certification: Certification | None
) -> None:
    order = PreparationOrder(
        placement=placement,
        picture=None,
        width_mm=42,
        height_mm=42,
        signer_name="局",
        signing_at=datetime(2026, 11, 23, 8, 30, tzinfo=UTC),
        seal_code="99012600012345",
        impression_id="0b9f0b1c-68f5-4a9c-9f3e-0a4b6d1f2c3d",
        contents_bytes=4096,
        reason=reason,
        matter=matter,
        certification=certification,
        next_fields=(NextField(name="二", at=At(page=1, x_mm=1, y_mm=2), width_mm=3, height_mm=4),),
        allow=frozenset({"xfa", "media"}),
    )
    assert PreparationOrder.from_json(json.loads(json.dumps(order.as_json()))) == order


SHEETS = st.builds(
    lambda left, bottom, width, height, rotate, unit: Sheet(
        (left, bottom, left + width, bottom + height), rotate, unit
    ),
    *(st.floats(-1000, 1000), st.floats(-1000, 1000), st.floats(10, 3000), st.floats(10, 3000)),
    st.sampled_from([0, 90, 180, 270]),
    st.floats(0.1, 10),
)


@given(sheet=SHEETS, x=MILLIMETRES, y=MILLIMETRES)
def test_what_is_seen_and_user_space_are_two_ways_to_say_one_place(sheet: Sheet, x: float, y: float) -> None:
    assert sheet.to_shown(*sheet.to_user(x, y)) == pytest.approx((x, y), abs=1e-6)
    box = Box.around(x, y, 42, 30)
    again = sheet.box(sheet.rect(box))
    assert (again.left, again.top, again.width, again.height) == pytest.approx(
        (box.left, box.top, box.width, box.height), abs=1e-6
    )
    a, b, c, d, e, f = sheet.matrix(box, (0, 0, 1, 1))
    corner = sheet.to_user(box.left + box.width, box.top)  # upper right, as seen
    assert (a + c + e, b + d + f) == pytest.approx(corner, abs=1e-6)


@given(st.floats(-1e6, 1e6))
def test_numbers_have_no_exponent(value: float) -> None:
    text = syntax.number(value)
    assert set(text) <= set(b"-.0123456789")
    assert float(text) == pytest.approx(value, abs=1e-6)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_strings_hold_any_character(text: str) -> None:
    written = syntax.text_string(text)
    assert str(pikepdf.Object.parse(written)) == text
    assert written.startswith(b"(" if text.isascii() and text.isprintable() else b"<feff")


def test_a_time_without_a_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="zone"):
        syntax.date(datetime(2026, 11, 23))  # noqa: DTZ001 - that is the point


def test_messages_and_files_cross_together(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"handed over")
    ours, theirs = socket.socketpair()
    with ours, theirs, (tmp_path / "file").open("rb") as file:
        protocol.send(ours, {"large": "章" * 10_000}, [file.fileno()])
        message, files = protocol.receive(theirs)
        assert message == {"large": "章" * 10_000}
        assert os.pread(files[0], 100, 0) == b"handed over"
        os.close(files[0])


@pytest.mark.parametrize(
    "data", [b"", b"\0\0", struct.pack(">I", 1 << 30), struct.pack(">I", 4) + b"null", b"\0\0\0\2{]"]
)
def test_what_is_no_message_ends_the_conversation(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(data)
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(protocol.Hangup):
            protocol.receive(theirs)


def test_limits_travel() -> None:
    assert Limits.from_json(json.loads(json.dumps(Limits(pages=7).as_json()))) == Limits(pages=7)


def test_the_example_of_the_package_runs() -> None:
    assert doctest.testmod(workers).failed == 0
    assert doctest.testmod(workers).attempted > 0
