"""What goes wrong after the intent: the impression is FAILED with its reason, nothing is released, nobody is misled."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from keystore.algorithms import SignatureAlgorithm
from keystore.errors import KeyNotFound, TokenTimeout
from keystore.keys import SigningKey
from sealservice.audit.queries import as_json, history
from sealservice.impressions import operations
from sealservice.impressions.check import Checked, CheckFailed
from sealservice.impressions.intention import Draft, Intent, Intentions
from sealservice.impressions.judgement import Judgement
from sealservice.impressions.model import ImpressionState
from sealservice.impressions.signing import Signed, Signer
from sealservice.kernel.errors import Conflict, InvalidInput, Unavailable
from sealservice.workers import protocol
from sealservice.workers.exchange import WorkerUntrue
from sealservice.workers.order import Invisible, Preparation, PreparationOrder
from sealservice.workers.process import WorkerProcess
from sealverify.digest import Digest
from tests.impressions.desk import Desk
from tests.impressions.stories import APPROVAL
from tests.support.houses import SAMPLES


@dataclass
class Key:
    """A key that does with a message what a story wants, and counts how often it was asked."""

    real: SigningKey
    act: Callable[[SigningKey, bytes], bytes]
    asked: int = 0

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self.real.algorithm

    @property
    def public_key(self) -> bytes:
        return self.real.public_key

    def sign(self, message: bytes) -> bytes:
        self.asked += 1
        return self.act(self.real, message)

    def sign_raw(self, message: bytes) -> bytes:
        raise NotImplementedError


def flipped(key: SigningKey, message: bytes) -> bytes:
    signature = bytearray(key.sign(message))
    signature[-1] ^= 1
    return bytes(signature)


def of_something_else(key: SigningKey, message: bytes) -> bytes:
    return key.sign(message + b"!")


@pytest.mark.parametrize("act", [flipped, of_something_else, lambda *_: b""])
def test_a_signature_that_does_not_hold_never_leaves_the_house(
    desk: Desk, act: Callable[[SigningKey, bytes], bytes]
) -> None:
    told = desk.fails(CheckFailed, desk.with_key(lambda key: Key(key, act)))

    assert told.code == "CHECK_SIGNATURE_WRONG"
    desk.assert_failed("CHECK_SIGNATURE_WRONG")


def test_a_key_that_is_gone_is_named(desk: Desk) -> None:
    def gone(key: SigningKey, message: bytes) -> bytes:
        raise KeyNotFound("KEYSTORE_KEY_RETIRED", label="seal", key_id="00")

    desk.fails(KeyNotFound, desk.with_key(lambda key: Key(key, gone)))
    desk.assert_failed("KEYSTORE_KEY_RETIRED")


def test_a_call_that_no_session_took_signed_nothing(desk: Desk) -> None:
    def busy(key: SigningKey, message: bytes) -> bytes:
        raise TokenTimeout("KEYSTORE_TIMEOUT", late=False, call_id="1", seconds=10)

    desk.fails(TokenTimeout, desk.with_key(lambda key: Key(key, busy)))
    desk.assert_failed("KEYSTORE_TIMEOUT")


def test_a_fault_of_our_own_is_on_record_too(desk: Desk) -> None:
    def fault(key: SigningKey, message: bytes) -> bytes:
        raise ZeroDivisionError

    desk.fails(ZeroDivisionError, desk.with_key(lambda key: Key(key, fault)))
    desk.assert_failed("OUR_FAULT")


def test_after_a_failure_the_same_request_is_pressed_and_names_the_one_that_failed(desk: Desk) -> None:
    desk.fails(CheckFailed, desk.with_key(lambda key: Key(key, flipped)))
    failed = desk.record

    impression = desk.pressing.press(desk.request)

    assert (impression.state, impression.replaces) == (ImpressionState.RECORDED, failed.impression_id)


def test_an_intent_lets_a_key_sign_once(desk: Desk) -> None:
    keys: list[Key] = []

    class Twice(Signer):
        def sign(self, intent: Intent) -> Signed:
            super().sign(intent)
            return super().sign(intent)

    def counted(key: SigningKey) -> SigningKey:
        keys.append(Key(key, lambda real, message: real.sign(message)))
        return keys[-1]

    house = desk.house
    twice = Twice(lambda ref: counted(house.keys.signing_key(ref)), house.timestamps)
    told = desk.fails(Conflict, replace(desk.pressing, signer=twice))

    assert told.code == "INTENT_USED"
    assert sum(key.asked for key in keys) == 1
    desk.assert_failed("INTENT_USED")


# -- the draft on its way


def at(offset: Callable[[Preparation], int], octets: bytes) -> Callable[[Path, Preparation], None]:
    def tamper(draft: Path, preparation: Preparation) -> None:
        with draft.open("r+b") as file:
            file.seek(offset(preparation))
            file.write(octets)

    return tamper


def appended(draft: Path, _: Preparation) -> None:
    with draft.open("ab") as file:
        file.write(b"\n% one more line")


TAMPERED = {
    "a byte of the document as it was given": (at(lambda _: 20, b"~"), "CHECK_PREFIX_CHANGED"),
    "a byte of what was added": (at(lambda prepared: prepared.prefix_length + 40, b"~"), "CHECK_DIGEST_CHANGED"),
    "bytes behind the end": (appended, "CHECK_BYTE_RANGE"),
    "the bracket before the signature": (at(lambda prepared: prepared.contents_at, b"("), "CHECK_SIGNATURE_MISPLACED"),
    "a digit of the signature": (at(lambda prepared: prepared.contents_at + 9, b"x"), "CHECK_SIGNATURE_MISPLACED"),
    "a digit of the padding": (
        at(lambda prepared: prepared.contents_at + prepared.contents_length, b"1"),
        "CHECK_SIGNATURE_MISPLACED",
    ),
}


@pytest.mark.parametrize(("tamper", "code"), TAMPERED.values(), ids=TAMPERED.keys())
def test_a_draft_that_was_touched_is_not_released(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tamper: Callable[[Path, Preparation], None], code: str
) -> None:
    def write_and_tamper(draft: Path, preparation: Preparation, cms: bytes) -> None:
        written(draft, preparation, cms)
        tamper(draft, preparation)

    written = operations.write_signature
    monkeypatch.setattr(operations, "write_signature", write_and_tamper)

    assert desk.fails(CheckFailed).code == code
    desk.assert_failed(code)


def test_a_draft_that_was_exchanged_after_the_intent_is_found_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key signs what the intent says; a file whose ByteRange is another one is not released under it."""

    def intend(intentions: Intentions, draft: Draft) -> Intent:
        intent = real(intentions, draft)
        first, before, second, after = draft.preparation.byte_range
        object.__setattr__(draft.preparation, "byte_range", (first, before, second, after - 1))
        return intent

    real = Intentions.intend
    monkeypatch.setattr(Intentions, "intend", intend)

    desk.fails(CheckFailed)
    desk.assert_failed("CHECK_BYTE_RANGE")


def test_where_the_full_verifier_disagrees_nothing_is_released(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sampled verdict counts: here the exact check is made to see nothing, and the verifier sees it all."""

    def write_and_tamper(draft: Path, preparation: Preparation, cms: bytes) -> None:
        written(draft, preparation, cms)
        appended(draft, preparation)

    written = operations.write_signature
    monkeypatch.setattr(operations, "write_signature", write_and_tamper)
    monkeypatch.setattr(operations, "check", lambda draft, *_, **__: Checked(Digest.of_file(draft), None, None))

    told = desk.fails(CheckFailed, replace(desk.pressing, judgement=Judgement(1.0, desk.house.workers)))

    assert told.code == "CHECK_VERIFIER_DISAGREES"
    desk.assert_failed("CHECK_VERIFIER_DISAGREES")


# -- the store


def no_space(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", ["fsync", "link"])
def test_a_full_disk_releases_nothing_and_leaves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    with monkeypatch.context() as full:
        full.setattr(os, call, no_space)
        assert desk.fails(Unavailable).code == "STORE_UNAVAILABLE"
    desk.assert_failed("STORE_UNAVAILABLE")

    assert desk.pressing.press(desk.request).state is ImpressionState.RECORDED


def test_a_disk_that_fills_up_while_the_signature_is_written_releases_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "write_signature", no_space)
    assert desk.fails(Unavailable).code == "STORE_UNAVAILABLE"
    desk.assert_failed("STORE_UNAVAILABLE")


# -- before the intent: nothing is on record, because nothing was done


def assert_nothing_on_record(desk: Desk) -> None:
    with pytest.raises(AssertionError):
        desk.record  # noqa: B018


def test_a_worker_that_is_killed_in_the_middle_of_its_job_costs_one_try(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.house.workers.sandbox()  # one is at work
    received = protocol.receive

    def killed_first(channel: Any) -> Any:
        for worker in list(workers):
            os.kill(worker, signal.SIGKILL)
        return received(channel)

    workers = [worker.process_id for worker in desk.house.workers._idle]
    with monkeypatch.context() as shot:
        shot.setattr(protocol, "receive", killed_first)
        assert desk.fails(Unavailable).code == "WORKER_LOST"
    assert_nothing_on_record(desk)

    assert desk.pressing.press(desk.request).state is ImpressionState.RECORDED


class Meddler:
    """Somebody who saves the document anew just after the worker has read it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def prepare(self, document: Path, output: Path, order: PreparationOrder) -> Preparation:
        prepared = self._desk.house.workers.prepare(document, output, order)
        document.write_bytes(b"%PDF-1.7 something else")
        return prepared


@pytest.mark.parametrize("name", [APPROVAL.name, "variant-incremental-update-pyhanko.pdf"])
def test_a_document_that_changes_meanwhile_is_recorded_as_it_was_read(desk: Desk, tmp_path: Path, name: str) -> None:
    document = tmp_path / "approval.pdf"
    document.write_bytes((SAMPLES / name).read_bytes())

    impression = replace(desk.pressing, workers=Meddler(desk)).press(desk.asked(document=document))

    assert impression.document == str(Digest.of_file(SAMPLES / name))


@pytest.mark.parametrize("name", [APPROVAL.name, "variant-incremental-update-pyhanko.pdf"])
def test_the_sealed_file_begins_with_what_was_given_or_the_audit_tells_with_what(desk: Desk, name: str) -> None:
    impression = desk.pressing.press(desk.asked(document=SAMPLES / name))

    sealed = desk.house.store.get(Digest.parse(impression.sealed or "")).read_bytes()
    with desk.house.database.read() as session:
        (line,) = history(session, impression.subject)
    facts = as_json(line)["facts"]
    begins = sealed[: impression.preparation["prefix_length"]]
    assert facts["document"] == str(Digest.of_file(SAMPLES / name))
    assert facts["normalised"] == (None if name == APPROVAL.name else str(Digest.of(begins)))
    assert (begins == (SAMPLES / name).read_bytes()) is (name == APPROVAL.name)


def test_what_a_worker_says_wrongly_leaves_nothing_and_no_key_is_asked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document took the worker over, and it hands back another one than it was given."""

    def another(worker: WorkerProcess, message: Any, files: Any, limits: Any) -> dict[str, Any]:
        with (SAMPLES / "refusal-decision-xetex.pdf").open("rb") as file:
            return real(worker, message, [file.fileno(), *files[1:]], limits)

    real = WorkerProcess.ask
    with monkeypatch.context() as taken_over:
        taken_over.setattr(WorkerProcess, "ask", another)
        taken_over.setattr(desk.house.keys, "sign", lambda *_: 1 / 0)
        told = desk.fails(WorkerUntrue, placement=Invisible())
    assert (told.code, told.details["what"]) == ("WORKER_UNTRUE", "document")
    assert_nothing_on_record(desk)
    assert not desk.house.workers._idle  # it is not given another document

    assert desk.pressing.press(desk.request).state is ImpressionState.RECORDED


def test_a_document_that_is_not_there_is_named(desk: Desk, tmp_path: Path) -> None:
    for key in (desk.key, None):
        told = desk.fails(InvalidInput, document=tmp_path / "nowhere.pdf", idempotency_key=key)
        assert told.code == "DOCUMENT_FILE_UNREADABLE"
    assert_nothing_on_record(desk)
