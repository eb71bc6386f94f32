"""Requests, answers and tokens as RFC 3161 has them: openssl asks us and believes us, and the other way round."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import tsp as second
from hypothesis import given
from hypothesis import strategies as st

from sealverify import oids
from sealverify.cms import SignerTemplate
from sealverify.digest import Digest
from sealverify.errors import MalformedTimestamp, TimestampRefused
from sealverify.timestamp import (
    FAILURES,
    encode_failure,
    encode_request,
    encode_response,
    read_request,
    read_response,
    read_token,
)
from tests.support.pki import DemoPki, Identity
from tests.support.resealing import token_of

AT = datetime(2026, 11, 23, 8, 30, 15, 250_000, tzinfo=UTC)


def stamp(tsa: Identity, digest: Digest, *, nonce: int | None = None) -> bytes:
    return token_of(tsa, digest, nonce=nonce, time=AT)


@given(st.binary(), st.none() | st.integers(0, 2**64), st.none() | st.just("1.2.3.4"), st.booleans())
def test_a_request_round_trips_and_others_read_it(
    data: bytes, nonce: int | None, policy: str | None, cert: bool
) -> None:
    digest = Digest.of(data)
    encoded = encode_request(digest, nonce=nonce, policy=policy, cert_req=cert)
    request = read_request(encoded)
    assert (request.digest, request.nonce, request.policy, request.cert_req) == (digest, nonce, policy, cert)
    other = second.TimeStampReq.load(encoded, strict=True)
    assert other["message_imprint"]["hashed_message"].native == digest.value
    assert (other["nonce"].native, other["cert_req"].native) == (nonce, cert)


def test_openssl_asks_and_believes_the_answer(pki: DemoPki, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"sealed")
    (tmp_path / "root.pem").write_bytes(pki.anchors)
    ask = ["openssl", "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "query"]
    subprocess.run(ask, cwd=tmp_path, check=True, capture_output=True)
    request = read_request((tmp_path / "query").read_bytes())
    token = stamp(pki.tsa, request.digest, nonce=request.nonce)
    (tmp_path / "answer").write_bytes(encode_response(token))
    believe = ["openssl", "ts", "-verify", "-queryfile", "query", "-in", "answer", "-CAfile", "root.pem"]
    assert b"Verification: OK" in subprocess.run(believe, cwd=tmp_path, check=True, capture_output=True).stdout


def test_a_token_says_what_was_stamped(pki: DemoPki) -> None:
    token = read_token(read_response(encode_response(stamp(pki.tsa, Digest.of(b"x"), nonce=12345))) + bytes(9))
    assert (token.time, token.digest, token.serial, token.nonce) == (AT, Digest.of(b"x"), 77, 12345)
    assert (token.policy, token.accuracy_seconds) == (oids.TIMESTAMP_POLICY, 1.5)
    token.signed_data.check(digest=Digest.of(token.tst_info), public_key=pki.tsa.public_key)


def test_pyhanko_s_asn1_reads_every_field(pki: DemoPki) -> None:
    token = read_token(stamp(pki.tsa, Digest.of(b"x"), nonce=1))
    info = second.TSTInfo.load(token.tst_info, strict=True)
    assert info["gen_time"].native == AT
    assert info["accuracy"].native == {"seconds": 1, "millis": 500, "micros": None}
    assert info["tsa"].native["common_name"] == "Demo TSA"


@pytest.mark.parametrize("failure", sorted(FAILURES))
def test_a_refusal_is_understood(failure: str) -> None:
    answer = encode_failure(failure=failure, text="时钟未同步")
    with pytest.raises(TimestampRefused) as refusal:
        read_response(answer)
    assert refusal.value.details == {"status": 2, "failure": failure, "text": "时钟未同步"}


def test_openssl_understands_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "answer").write_bytes(encode_failure(failure="timeNotAvailable", text="clock not in step"))
    read = ["openssl", "ts", "-reply", "-in", "answer", "-text"]
    told = subprocess.run(read, cwd=tmp_path, check=True, capture_output=True).stdout
    assert b"Status: Rejected." in told
    assert b"the TSA's time source is not available" in told
    assert b"clock not in step" in told


def test_a_request_that_cannot_be_served_names_the_failure_to_answer() -> None:
    md5 = second.TimeStampReq(
        {"version": 1, "message_imprint": {"hash_algorithm": {"algorithm": "md5"}, "hashed_message": bytes(16)}}
    )
    for data, failure in ((b"nonsense", "badDataFormat"), (md5.dump(), "badAlg"), (b"", "badDataFormat")):
        with pytest.raises(MalformedTimestamp) as refusal:
            read_request(data)
        assert refusal.value.details["failure"] == failure


@given(st.binary(max_size=500))
def test_any_bytes_are_refused_by_name(data: bytes) -> None:
    for read in (read_request, read_response, read_token):
        with pytest.raises(MalformedTimestamp):
            read(data)


def test_a_signature_over_something_else_is_no_timestamp(pki: DemoPki) -> None:
    template = SignerTemplate.for_certificate(pki.tsa.der, chain=(), algorithm=pki.tsa.algorithm)
    attributes = template.signed_attributes(content_type=oids.DATA, digest=bytes(32))
    with pytest.raises(MalformedTimestamp):
        read_token(template.assemble(signed_attributes=attributes, signature=b""))
