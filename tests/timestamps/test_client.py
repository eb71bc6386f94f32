"""We ask others for the time, over real HTTP, and take nothing for a timestamp that is none."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

import pytest

from sealservice.kernel.errors import Unavailable
from sealservice.timestamps.authority import TimestampAuthority
from sealservice.timestamps.client import OutsideTimestamps
from sealverify import oids
from sealverify.cms import SignerTemplate
from sealverify.digest import Digest
from sealverify.timestamp import encode_failure, encode_response, read_request, read_response, read_token, tst_info
from tests.support.pki import Authority, Identity, Wish
from tests.timestamps.servers import Reply, Served, honest, send, serving

LETTER = Digest.of(b"a signature that wants a time")


@pytest.fixture
def stage() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def ask(stage: ExitStack, *replies: Reply, seconds: float = 20) -> tuple[OutsideTimestamps, list[Served]]:
    """A client of as many servers as there are replies, in that order."""
    served = [stage.enter_context(serving(reply)) for reply in replies]
    client = OutsideTimestamps([one.address for one in served], seconds=seconds)
    stage.callback(client.close)
    return client, served


def test_a_token_from_outside_is_over_our_digest(stage: ExitStack, authority: TimestampAuthority) -> None:
    client, (server,) = ask(stage, honest(authority))

    stamped = client.timestamp(LETTER)

    token = read_token(stamped.token)
    assert (token.digest, stamped.source) == (LETTER, server.address)
    request = read_request(server.requests[0])
    assert (request.nonce, request.cert_req) == (token.nonce, True)
    assert token.signed_data.signer_certificate() is not None


def test_each_request_has_a_nonce_of_its_own(stage: ExitStack, authority: TimestampAuthority) -> None:
    client, (server,) = ask(stage, honest(authority))
    tokens = {client.timestamp(LETTER).token for _ in range(3)}
    assert len(tokens) == 3
    assert len({read_request(request).nonce for request in server.requests}) == 3


# -- what is no timestamp


def over_something_else(authority: TimestampAuthority) -> Reply:
    token = authority.timestamp(Digest.of(b"something else")).token
    return lambda handler, _: send(handler, encode_response(token))


def replayed(authority: TimestampAuthority) -> Reply:
    """A genuine token over the right digest, made for somebody else's nonce."""
    token = authority.timestamp(LETTER).token
    return lambda handler, _: send(handler, encode_response(token))


def with_a_bit_flipped(authority: TimestampAuthority) -> Reply:
    def reply(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        answer = authority.answer(body)
        signature = read_token(read_response(answer)).signed_data.signer.signature
        broken = bytes((*signature[:-1], signature[-1] ^ 1))
        send(handler, answer.replace(signature, broken))

    return reply


def without_its_certificate(authority: TimestampAuthority) -> Reply:
    def reply(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        certificate_not_wanted = body[:1] + bytes((body[1] - 3,)) + body[2:-3]
        assert not read_request(certificate_not_wanted).cert_req
        send(handler, authority.answer(certificate_not_wanted))

    return reply


def beyond_its_room(_: TimestampAuthority) -> Reply:
    """In order, but for certificates that nobody needs: more than a document leaves room for."""
    root = Authority.root()
    tsa: Identity = root.issue(Wish(name="Demo TSA", tsa=True))
    crowd = [root.issue(Wish(name=f"Nobody {number}")).der for number in range(40)]
    template = SignerTemplate.for_certificate(tsa.der, chain=crowd, algorithm=tsa.algorithm)

    def reply(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        asked = read_request(body)
        info = tst_info(
            policy="1.2.3", digest=asked.digest, serial=1, time=datetime(2026, 11, 23, tzinfo=UTC), nonce=asked.nonce
        )
        attributes = template.signed_attributes(content_type=oids.TST_INFO, digest=Digest.of(info).value)
        token = template.assemble(
            signed_attributes=attributes, signature=tsa.sign(attributes), encapsulated=(oids.TST_INFO, info)
        )
        send(handler, encode_response(token))

    return reply


def refusing(_: TimestampAuthority) -> Reply:
    return lambda handler, _: send(handler, encode_failure(failure="timeNotAvailable", text="时钟未同步"))


def junk(_: TimestampAuthority) -> Reply:
    return lambda handler, _: send(handler, b"<html>It works!</html>")


def empty(_: TimestampAuthority) -> Reply:
    return lambda handler, _: send(handler, b"")


def broken_down(authority: TimestampAuthority) -> Reply:
    return lambda handler, body: send(handler, authority.answer(body), status=500)


def not_found(_: TimestampAuthority) -> Reply:
    return lambda handler, _: send(handler, b"", status=404)


def hanging_up(_: TimestampAuthority) -> Reply:
    return lambda handler, _: handler.connection.shutdown(socket.SHUT_RDWR)


def cut_off(authority: TimestampAuthority) -> Reply:
    def reply(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        answer = authority.answer(body)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer[:100])
        handler.close_connection = True

    return reply


def endless(_: TimestampAuthority) -> Reply:
    def reply(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"0" * 65_536)

    return reply


def packed(authority: TimestampAuthority) -> Reply:
    """Small on the wire, huge when it is unpacked."""
    bomb = gzip.compress(bytes(50_000_000))

    def reply(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(bomb)))
        handler.end_headers()
        handler.wfile.write(bomb)

    return reply


UNFIT = [
    over_something_else,
    replayed,
    with_a_bit_flipped,
    without_its_certificate,
    beyond_its_room,
    refusing,
    junk,
    empty,
    broken_down,
    not_found,
    hanging_up,
    cut_off,
    endless,
    packed,
]


@pytest.mark.parametrize("unfit", UNFIT)
def test_where_the_first_authority_fails_the_second_is_asked(
    stage: ExitStack, authority: TimestampAuthority, unfit: object
) -> None:
    client, (first, second) = ask(stage, unfit(authority), honest(authority))  # type: ignore[operator]

    stamped = client.timestamp(LETTER)

    assert stamped.source == second.address
    assert read_token(stamped.token).digest == LETTER
    assert len(first.requests) == len(second.requests) == 1


@pytest.mark.parametrize("unfit", UNFIT)
def test_where_the_only_authority_fails_there_is_no_time(
    stage: ExitStack, authority: TimestampAuthority, unfit: object
) -> None:
    client, (server,) = ask(stage, unfit(authority))  # type: ignore[operator]
    with pytest.raises(Unavailable) as told:
        client.timestamp(LETTER)
    assert told.value.code == "TIMESTAMP_UNAVAILABLE"
    assert server.address in str(told.value.details["tried"])


def test_an_authority_that_is_not_there_is_passed_over(stage: ExitStack, authority: TimestampAuthority) -> None:
    with serving(honest(authority)) as closed:
        pass
    server = stage.enter_context(serving(honest(authority)))
    client = OutsideTimestamps([closed.address, "http://[half an address", server.address])
    stage.callback(client.close)
    assert client.timestamp(LETTER).source == server.address


def test_the_authority_that_answered_is_asked_first_the_next_time(
    stage: ExitStack, authority: TimestampAuthority
) -> None:
    client, (first, second) = ask(stage, broken_down(authority), honest(authority))
    client.timestamp(LETTER)
    client.timestamp(LETTER)
    assert (len(first.requests), len(second.requests)) == (1, 2)
    assert client.name == second.address


def test_nobody_is_sent_elsewhere(stage: ExitStack, authority: TimestampAuthority) -> None:
    """A redirect could lead into our own network. It is not followed, wherever it points."""
    elsewhere = stage.enter_context(serving(honest(authority)))

    def redirecting(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(307)
        handler.send_header("Location", elsewhere.address)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    client, _ = ask(stage, redirecting)
    with pytest.raises(Unavailable) as told:
        client.timestamp(LETTER)
    assert "HTTP 307" in str(told.value.details["tried"])
    assert elsewhere.requests == []


def test_a_proxy_of_the_environment_is_not_asked(
    stage: ExitStack, authority: TimestampAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = stage.enter_context(serving(honest(authority)))
    for variable in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, proxy.address)
    client, (server,) = ask(stage, honest(authority))
    assert client.timestamp(LETTER).source == server.address
    assert proxy.requests == []


def dripping(authority: TimestampAuthority, gone: threading.Event, *, head: bool) -> Reply:
    """The right answer, a byte at a time: every wait for it is short, all of them together last for minutes."""

    def reply(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        answer = authority.answer(body)
        start = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
        handler.wfile.write(b"" if head else start)
        for octet in (start if head else b"") + answer:
            handler.wfile.write(bytes((octet,)))
            if gone.wait(0.05):
                return

    return reply


@pytest.mark.parametrize("head", [False, True], ids=["in the answer", "in its head"])
def test_a_server_that_drips_is_left(stage: ExitStack, authority: TimestampAuthority, head: bool) -> None:
    gone = threading.Event()
    stage.callback(gone.set)
    client, (_, second) = ask(stage, dripping(authority, gone, head=head), honest(authority), seconds=2)
    assert client.timestamp(LETTER).source == second.address


def test_a_server_that_says_nothing_is_left(stage: ExitStack, authority: TimestampAuthority) -> None:
    gone = threading.Event()
    stage.callback(gone.set)

    def silent(*_: object) -> None:
        gone.wait()

    client, (_, second) = ask(stage, silent, honest(authority), seconds=2)
    assert client.timestamp(LETTER).source == second.address


def test_many_ask_at_once_while_the_order_changes(stage: ExitStack, authority: TimestampAuthority) -> None:
    """Each gets a token over its own digest, and the name of whoever made it."""
    turns = iter(range(1, 10_000))
    lock = threading.Lock()

    def moody(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        with lock:
            turn = next(turns)
        send(handler, authority.answer(body), status=200 if turn % 3 else 503)

    client, servers = ask(stage, moody, moody, honest(authority))
    known = {server.address: server for server in servers}
    faults: list[str] = []

    def asking(number: int) -> None:
        for round_ in range(8):
            digest = Digest.of(f"{number}.{round_}".encode())
            stamped = client.timestamp(digest)
            token = read_token(stamped.token)
            asked = [read_request(request).nonce for request in list(known[stamped.source].requests)]
            if token.digest != digest or token.nonce not in asked:
                faults.append(stamped.source)

    threads = [threading.Thread(target=asking, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sum(len(server.requests) for server in servers) > 64
