"""What we write as DER is what others read, and what others write we read; nothing that is no DER gets past."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from sealverify import ber, der, oids
from sealverify.errors import MalformedDer

ARCS = st.tuples(st.just(2), st.integers(0, 2**20)) | st.tuples(st.integers(0, 1), st.integers(0, 39))


@given(st.integers(min_value=-(2**300), max_value=2**300))
def test_integers_are_the_ones_asn1crypto_writes(value: int) -> None:
    assert der.integer(value) == core.Integer(value).dump()
    assert ber.read_whole(der.integer(value)).integer() == value


@given(st.binary(max_size=70_000))
def test_octet_strings_of_any_length(value: bytes) -> None:
    assert der.octet_string(value) == core.OctetString(value).dump()
    assert ber.read_whole(der.octet_string(value)).octets() == value


@given(ARCS, st.lists(st.integers(0, 2**120), min_size=1, max_size=5))
def test_object_identifiers_round_trip_with_arcs_of_any_size(first: tuple[int, int], rest: list[int]) -> None:
    dotted = ".".join(map(str, (*first, *rest)))
    assert ber.read_whole(der.oid(dotted)).oid() == dotted


def test_our_own_object_identifiers_are_read_by_others() -> None:
    ours = [getattr(oids, name) for name in dir(oids) if name.endswith("_POLICY")]
    assert len(set(ours)) == 5
    for dotted in ours:
        assert core.ObjectIdentifier.load(der.oid(dotted)).dotted == dotted


@given(st.lists(st.binary(max_size=20).map(der.octet_string), max_size=6))
def test_a_set_is_sorted_whatever_order_it_was_given_in(parts: list[bytes]) -> None:
    assert (
        der.set_of(parts)
        == der.set_of(reversed(parts))
        == core.SetOf([core.OctetString.load(part) for part in parts], spec=core.OctetString).dump()
    )


@given(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001 - made aware below
def test_times_are_utc_to_the_millisecond(naive: datetime) -> None:
    at = naive.replace(tzinfo=UTC, microsecond=naive.microsecond // 1000 * 1000)
    encoded = der.generalized_time(at)
    assert ber.read_whole(encoded).time() == at
    assert core.GeneralizedTime.load(encoded).native == at
    assert not encoded.endswith((b"0Z", b".Z")) or b"." not in encoded


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    with suppress(MalformedDer):
        ber.read_whole(data).children()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "DER_SHORT"),
        (b"\x30\x05\x02", "DER_SHORT"),
        (b"\x30\x89" + b"\xff" * 9, "DER_SHORT"),
        (b"\x04\x80\x00\x00", "DER_LENGTH"),
        (b"\x30\x80\x02\x01\x01", "DER_SHORT"),
        (b"\x02\x01\x01\x00", "DER_TRAILING"),
        (b"\x1f\x81\x01\x00", "DER_TAG"),
        (b"\x30\x80" * 5000, "DER_TOO_DEEP"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, code: str) -> None:
    with pytest.raises(MalformedDer) as refusal:
        ber.read_whole(data)
    assert refusal.value.code == code


def test_an_encoding_that_is_not_distinguished_is_readable_and_told_apart() -> None:
    indefinite = b"\x30\x80\x24\x80\x04\x01a\x04\x01b\x00\x00\x00\x00"
    assert ber.read_whole(indefinite).children()[0].octets() == b"ab"
    assert not ber.is_der(indefinite)
    assert not ber.is_der(b"\x04\x81\x01a"), "a length in more octets than it needs"
    assert ber.is_der(der.sequence(der.octet_string(b"ab")))
