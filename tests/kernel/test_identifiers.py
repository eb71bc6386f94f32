"""Codes and names as people type them: what can be right is taken, and what is wrong is said."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealservice.demo import CREDIT_CODE
from sealservice.kernel.errors import InvalidInput
from sealservice.kernel.identifiers import (
    checked_credit_code,
    checked_handle,
    checked_seal_code,
    new_identifier,
    new_seal_code,
)

# GB 32100-2015: 31 characters (no I, O, Z, S, V), weights 3^i modulo 31
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(seventeen: str) -> str:
    """The code with the check character as the standard counts it, written down here for a second time."""
    total = sum(ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(seventeen))
    return seventeen + ALPHABET[-total % 31]


# registering department (1 to 9, A, N, Y …), kind, six digits of the region, nine characters of the body
seventeens = st.builds(
    "{}{}{}".format,
    st.sampled_from(["11", "12", "51", "91", "92"]),
    st.sampled_from(["110000", "350100", "990126"]),
    st.text(ALPHABET, min_size=9, max_size=9),
)

KNOWN = ["91350100M000100Y43", CREDIT_CODE]


@pytest.mark.parametrize("code", KNOWN)
def test_known_codes_are_taken(code: str) -> None:
    assert checked_credit_code(code) == code == credit_code(code[:17])


@settings(deadline=None)
@given(seventeens)
def test_every_code_with_its_check_character_is_taken(seventeen: str) -> None:
    assert checked_credit_code(credit_code(seventeen)) == credit_code(seventeen)


@settings(deadline=None)
@given(seventeens, st.data())
def test_one_wrong_character_is_always_noticed(seventeen: str, data: st.DataObject) -> None:
    code = credit_code(seventeen)
    place = data.draw(st.integers(0, 17))
    wrong = data.draw(st.sampled_from(sorted(set(ALPHABET) - {code[place]})))
    with pytest.raises(InvalidInput) as told:
        checked_credit_code(code[:place] + wrong + code[place + 1 :])
    assert told.value.code == "CREDIT_CODE_WRONG"


@settings(deadline=None)
@given(seventeens, st.data())
def test_neighbours_that_changed_places_are_noticed(seventeen: str, data: st.DataObject) -> None:
    code = credit_code(seventeen)
    place = data.draw(st.integers(8, 15))
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped == code:
        return
    with pytest.raises(InvalidInput):
        checked_credit_code(swapped)


def test_where_only_the_last_character_is_off_the_right_one_is_named() -> None:
    with pytest.raises(InvalidInput) as told:
        checked_credit_code(CREDIT_CODE[:17] + "0")
    assert told.value.details == {"given": CREDIT_CODE[:17] + "0", "expected": CREDIT_CODE[17]}


@pytest.mark.parametrize(
    "typed",
    [CREDIT_CODE.lower(), f" {CREDIT_CODE}\n", f"{CREDIT_CODE[:8]} {CREDIT_CODE[8:]}", "9135-0100-M000-100Y-43"],
)
def test_blanks_hyphens_and_small_letters_are_forgiven(typed: str) -> None:
    assert checked_credit_code(typed) in KNOWN


@settings(deadline=None)
@given(st.text(max_size=24) | st.text(ALPHABET + "IOZSV０１２٣ ", min_size=17, max_size=19))
def test_whatever_is_typed_is_taken_or_refused_by_name(typed: str) -> None:
    code = taken_or_refused(typed)
    if code is not None:
        assert re.fullmatch(f"[{ALPHABET}]{{18}}", code)
        assert credit_code(code[:17]) == code


def taken_or_refused(typed: str) -> str | None:
    """Anything but the one refusal fails the story."""
    try:
        return checked_credit_code(typed)
    except InvalidInput as told:
        if told.code != "CREDIT_CODE_WRONG" or typed not in told.text.zh:
            raise
        return None


# -- seal codes


@settings(deadline=None)
@given(st.text("0123456789", min_size=14, max_size=14))
def test_a_seal_code_is_fourteen_digits(code: str) -> None:
    assert checked_seal_code(code) == code


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "9901260001234",
        "990126000123456",
        "9901260001234x",
        " 99012600012345",
        "99012600012345\n",
        "９９０１２６０００１２３４５",
        "٩٩٠١٢٦٠٠٠١٢٣٤٥",
    ],
)
def test_other_digits_and_other_lengths_are_no_seal_code(wrong: str) -> None:
    """Also not the full-width digits that a Chinese keyboard types."""
    with pytest.raises(InvalidInput) as told:
        checked_seal_code(wrong)
    assert told.value.code == "SEAL_CODE_WRONG"


def test_a_new_seal_code_is_of_its_region_and_tells_no_number() -> None:
    codes = {new_seal_code("990126") for _ in range(50)}
    assert len(codes) == 50
    assert all(code.startswith("990126") and checked_seal_code(code) for code in codes)


# -- handles and identifiers


@pytest.mark.parametrize("handle", ["keeper", "demo.clerk", "li.ming@qinghe", "0127", "a-b_c", "x" * 64])
def test_a_handle_is_like_an_account_s_name(handle: str) -> None:
    assert checked_handle(handle) == handle


@pytest.mark.parametrize(
    "wrong", ["", "Keeper", "李明", ".hidden", "-rf", "two words", "line\n", "a/b", "x" * 65, "keeper\0", "ｋeeper"]
)
def test_anything_else_is_no_handle(wrong: str) -> None:
    with pytest.raises(InvalidInput) as told:
        checked_handle(wrong)
    assert told.value.code == "HANDLE_WRONG"


def test_identifiers_are_random_and_all_alike_in_shape() -> None:
    made = {new_identifier() for _ in range(100)}
    assert len(made) == 100
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one) for one in made
    )
