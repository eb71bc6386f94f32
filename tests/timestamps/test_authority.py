"""Our own authority as others see it: openssl asks, verifies the answer with our chain, and reads our refusals."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp as second
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keystore.errors import KeyNotFound, TokenLost
from keystore.keys import SigningKey
from sealservice.assembly import House
from sealservice.audit.operations import append
from sealservice.certificates.profiles import ProfileName
from sealservice.certificates.queries import chain_of, find_newest
from sealservice.demo import Demonstration
from sealservice.kernel.errors import Unavailable
from sealservice.kernel.lifecycle import Event
from sealservice.timestamps.authority import TimestampAuthority
from sealverify import oids
from sealverify.digest import Digest
from sealverify.errors import TimestampRefused
from sealverify.timestamp import encode_request, read_response, read_token
from tests.support.departments import SetClock
from tests.support.houses import made_house


def authority_chain(house: House) -> list[bytes]:
    with house.database.read() as session:
        newest = find_newest(session, ProfileName.TIMESTAMP)
        assert newest is not None
        return chain_of(session, newest)


@pytest.fixture(scope="module")
def chain(house: House) -> list[x509.Certificate]:
    """The authority's certificate and those above it."""
    return [x509.load_der_x509_certificate(der) for der in authority_chain(house)]


@pytest.fixture
def desk(house: House, chain: list[x509.Certificate], tmp_path: Path) -> Path:
    """A folder with a letter, the root that openssl trusts, and the certificates in between."""
    (tmp_path / "letter").write_text("准予行政许可决定书", encoding="utf-8")
    root = x509.load_der_x509_certificate(house.authority.anchor())
    (tmp_path / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (tmp_path / "chain.pem").write_bytes(b"".join(item.public_bytes(Encoding.PEM) for item in chain))
    return tmp_path


def openssl(desk: Path, *arguments: str) -> str:
    done = subprocess.run(["openssl", "ts", *arguments], cwd=desk, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def query(desk: Path, *options: str) -> bytes:
    told = openssl(desk, "-query", "-data", "letter", "-out", "query", *options)
    assert (desk / "query").exists(), told
    return (desk / "query").read_bytes()


def verified(desk: Path, answer: bytes, *options: str) -> bool:
    (desk / "answer").write_bytes(answer)
    told = openssl(desk, "-verify", "-queryfile", "query", "-in", "answer", "-CAfile", "root.pem", *options)
    return "Verification: OK" in told


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_openssl_asks_and_verifies_the_answer(desk: Path, authority: TimestampAuthority, algorithm: str) -> None:
    answer = authority.answer(query(desk, f"-{algorithm}", "-cert"))
    assert verified(desk, answer)


def test_a_request_without_nonce_is_answered_without_one(desk: Path, authority: TimestampAuthority) -> None:
    answer = authority.answer(query(desk, "-sha256", "-cert", "-no_nonce"))
    assert verified(desk, answer)
    assert read_token(read_response(answer)).nonce is None


def test_whoever_asks_for_our_policy_gets_it(desk: Path, authority: TimestampAuthority) -> None:
    answer = authority.answer(query(desk, "-sha256", "-cert", "-tspolicy", oids.TIMESTAMP_POLICY))
    assert verified(desk, answer)
    assert read_token(read_response(answer)).policy == oids.TIMESTAMP_POLICY


def test_certificates_are_in_the_answer_only_for_those_who_asked(desk: Path, authority: TimestampAuthority) -> None:
    """RFC 3161, section 2.4.1: without certReq the certificates MUST NOT be there. Whoever has them can verify."""
    answer = authority.answer(query(desk, "-sha256"))
    assert read_token(read_response(answer)).signed_data.certificate_count == 0
    assert not verified(desk, answer)
    assert verified(desk, answer, "-untrusted", "chain.pem")


def test_an_answer_is_not_good_for_another_letter(desk: Path, authority: TimestampAuthority) -> None:
    answer = authority.answer(query(desk, "-sha256", "-cert"))
    (desk / "letter").write_text("不予行政许可决定书", encoding="utf-8")
    query(desk, "-sha256", "-cert")
    assert not verified(desk, answer)


def test_openssl_reads_what_the_token_says(desk: Path, authority: TimestampAuthority, clock: SetClock) -> None:
    before = clock.now()
    answer = authority.answer(query(desk, "-sha256", "-cert"))
    (desk / "answer").write_bytes(answer)
    told = openssl(desk, "-reply", "-in", "answer", "-text")

    assert "Status: Granted." in told
    assert f"Policy OID: {oids.TIMESTAMP_POLICY}" in told
    assert "Accuracy: 0x01 seconds" in told
    assert before <= read_token(read_response(answer)).time <= clock.now()


def test_every_token_has_a_serial_number_of_its_own(authority: TimestampAuthority) -> None:
    digest = Digest.of(b"the same")
    assert len({read_token(authority.timestamp(digest).token).serial for _ in range(20)}) == 20


def test_the_room_left_for_a_token_is_enough(authority: TimestampAuthority) -> None:
    digest = Digest.of(b"longest", algorithm="sha512")
    assert len(authority.timestamp(digest).token) <= authority.token_size


def test_the_certificate_is_for_timestamps_and_nothing_else(chain: list[x509.Certificate]) -> None:
    """RFC 3161, section 2.3: one purpose, and critical."""
    purpose = chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert purpose.critical
    assert list(purpose.value) == [x509.ExtendedKeyUsageOID.TIME_STAMPING]


# -- refusals


def old_hash() -> bytes:
    return second.TimeStampReq(
        {"version": 1, "message_imprint": {"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": bytes(20)}}
    ).dump()


def imprint_of_another_size() -> bytes:
    return second.TimeStampReq(
        {"version": 1, "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(31)}}
    ).dump()


def another_version() -> bytes:
    return encode_request(Digest.of(b"x"), nonce=1).replace(b"\x02\x01\x01", b"\x02\x01\x02", 1)


def with_an_extension() -> bytes:
    return second.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)},
            "extensions": [{"extn_id": "1.2.3.4", "critical": True, "extn_value": b"\x05\x00"}],
        }
    ).dump()


REFUSED = {
    "garbage": (lambda: b"GET / HTTP/1.1\r\n", "badDataFormat", "the data submitted has the wrong format"),
    "nothing": (lambda: b"", "badDataFormat", "the data submitted has the wrong format"),
    "SHA-1": (old_hash, "badAlg", "unrecognized or unsupported algorithm identifier"),
    "an imprint that is too short": (
        imprint_of_another_size,
        "badDataFormat",
        "the data submitted has the wrong format",
    ),
    "another version": (another_version, "badRequest", "transaction not permitted or supported"),
    "an extension": (with_an_extension, "unacceptedExtension", "the requested extension is not supported by the TSA"),
    "a policy of others": (
        lambda: encode_request(Digest.of(b"x"), nonce=1, policy="1.2.3.4"),
        "unacceptedPolicy",
        "the requested TSA policy is not supported by the TSA",
    ),
}


@pytest.mark.parametrize(("request_of", "failure", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_is_read_by_openssl_and_by_us(
    desk: Path, authority: TimestampAuthority, request_of: object, failure: str, told: str
) -> None:
    answer = authority.answer(request_of())  # type: ignore[operator]
    assert_refused(desk, answer, failure, told)


def assert_refused(desk: Path, answer: bytes, failure: str, told: str) -> None:
    (desk / "answer").write_bytes(answer)
    text = openssl(desk, "-reply", "-in", "answer", "-text")
    assert "Status: Rejected." in text
    assert told in text
    with pytest.raises(TimestampRefused) as refusal:
        read_response(answer)
    assert refusal.value.details["failure"] == failure


def test_while_the_clock_is_behind_there_is_no_time(
    desk: Path, house: House, authority: TimestampAuthority, clock: SetClock
) -> None:
    """The register already goes up to an hour from now; whoever asks over a wire is told so in the protocol's terms."""
    behind = TimestampAuthority(
        authority._key,
        authority_chain(house),
        clock,
        lambda: clock.now() + timedelta(hours=1),
        key_id=authority.key_id,
    )
    with pytest.raises(Unavailable) as told:
        behind.timestamp(Digest.of(b"x"))
    assert told.value.code == "CLOCK_BEHIND"
    assert_refused(
        desk,
        behind.answer(encode_request(Digest.of(b"x"), nonce=1)),
        "timeNotAvailable",
        "time source is not available",
    )


@pytest.mark.parametrize(
    "fault", [TokenLost("KEYSTORE_TOKEN_LOST", token="t", answer="x"), KeyNotFound("KEYSTORE_KEY_RETIRED")]
)
def test_a_key_that_does_not_sign_is_told_in_the_protocol_s_terms(
    desk: Path, house: House, authority: TimestampAuthority, clock: SetClock, fault: Exception
) -> None:
    class Silent:
        algorithm, public_key = authority._key.algorithm, authority._key.public_key

        def sign(self, message: bytes) -> bytes:
            raise fault

        sign_raw = sign

    key: SigningKey = Silent()
    silent = TimestampAuthority(key, authority_chain(house), clock, lambda: None, key_id=authority.key_id)
    assert_refused(
        desk,
        silent.answer(encode_request(Digest.of(b"x"), nonce=1)),
        "systemFailure",
        "the request cannot be handled due to system failure",
    )


def test_the_house_looks_at_its_register_before_it_stamps(tmp_path: Path) -> None:
    """Wired as it is in the house: a line from the future in the audit, and its authority falls silent."""
    clock, tomorrow = SetClock(), datetime.now(UTC) + timedelta(days=1)
    with made_house(tmp_path / "var", clock=clock) as house:
        Demonstration(house).establish_authority()
        with house.database.begin() as session:
            append(session, Event("clock.test", "clock", "keeper", tomorrow))

        with pytest.raises(Unavailable) as told:
            house.own_timestamps.timestamp(Digest.of(b"x"))
        assert told.value.code == "CLOCK_BEHIND"

        clock.ahead = timedelta(days=2)
        assert read_token(house.own_timestamps.timestamp(Digest.of(b"x")).token).time > tomorrow
