"""Places, pages and fields as people type them: read as meant, or refused in words, whatever it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealservice.cli.placement import Spot, next_field, page_numbers, page_place
from sealservice.kernel.errors import InvalidInput
from sealservice.workers.order import At, NextField

_NUMBERS = st.floats(-9999, 9999).map(repr) | st.integers(-99, 99).map(str)
_PARTS = (
    _NUMBERS
    | st.sampled_from(["nan", "inf", "1e400", "", " ", "-", "一", "１２", "²", "0x1", "1_0"])
    | st.text(max_size=5)
)
_TYPED = st.builds(
    lambda name, parts, separator: name + separator.join(parts),
    st.sampled_from(["", "二审@", "@", "a@b@"]),
    st.lists(_PARTS, max_size=6),
    st.sampled_from([",", "x", "-", ", ", "@"]),
)


def test_what_people_mean() -> None:
    assert page_place("2,150,-1.5") == At(page=2, x_mm=150, y_mm=-1.5)
    assert page_place(" -1 , 10 , 20 ") == At(page=-1, x_mm=10, y_mm=20)
    assert Spot.parse("10,20") == Spot(10, 20)
    assert page_numbers("7, 1-3,2") == (1, 2, 3, 7)
    assert next_field("二审@3,50,230") == NextField(
        name="二审", at=At(page=3, x_mm=50, y_mm=230), width_mm=42, height_mm=42
    )
    assert next_field("终审@-1,50,230,60x30.5").width_mm == 60
    assert next_field("终审@-1,50,230,60x30.5").height_mm == 30.5


@pytest.mark.parametrize("read", [page_place, Spot.parse, page_numbers, next_field])
@given(text=_TYPED)
def test_whatever_is_typed_is_read_or_refused(read: Callable[[str], object], text: str) -> None:
    with suppress(InvalidInput):
        found = read(text)
        assert found != ()
        assert all(abs(number) < 1e6 for number in _numbers_in(found))  # none is infinite, and none is no number


def _numbers_in(found: object) -> Iterator[float]:
    match found:
        case float() | int():
            yield found
        case tuple():
            for item in found:
                yield from _numbers_in(item)
        case At() | Spot() | NextField():
            yield from _numbers_in(tuple(vars(found).values()))


@pytest.mark.parametrize(
    ("read", "text", "code"),
    [
        (page_place, "{0}", "PLACE_UNREADABLE"),
        (Spot.parse, "1,2,3", "PLACE_UNREADABLE"),
        (page_numbers, "{first}-{last}", "PAGES_UNREADABLE"),
        (next_field, "{name}", "NEXT_FIELD_UNREADABLE"),
    ],
)
def test_what_was_typed_is_quoted_as_it_was(read: Callable[[str], object], text: str, code: str) -> None:
    with pytest.raises(InvalidInput, match=code) as refusal:
        read(text)
    assert f"“{text}”" in refusal.value.text.en
    assert f"“{text}”" in refusal.value.text.zh


@given(page=st.integers(-5000, 5000), x=st.floats(-1e5, 1e5), y=st.floats(-1e5, 1e5))
def test_a_place_written_out_is_read_back(page: int, x: float, y: float) -> None:
    assert page_place(f"{page},{x!r},{y!r}") == At(page=page, x_mm=x, y_mm=y)


@given(st.sets(st.integers(1, 5000), min_size=1))
def test_pages_written_out_are_read_back(pages: set[int]) -> None:
    assert page_numbers(",".join(map(str, pages))) == tuple(sorted(pages))
