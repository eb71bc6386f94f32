"""What can go wrong with a token while the house is at work, and what the key store makes of it.

Each story runs in a process of its own, against SoftHSM behind the double that misbehaves on request.
"""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from keystore import ECDSA_P256, KeyRef, LateSignature, Protection, open_key_store
from keystore.algorithms import get_algorithm
from keystore.errors import (
    KeyNotFound,
    KeyStoreError,
    ReplaceProcess,
    SignatureWrong,
    TokenLost,
    TokenTimeout,
    TokenUnavailable,
)
from keystore.recovery import FAILURES, PROBE_SECONDS
from keystore.signature import verifies
from keystore.store import TokenKeyStore
from tests.keystore.faulty import FaultyToken, faulty

MESSAGE = b"The construction permit is granted."


def _code(action: Any) -> str:
    """The code of the refusal, or "" when there is none."""
    try:
        action()
    except KeyStoreError as refusal:
        return refusal.code
    return ""


class Clock:
    """Monotonic seconds that pass when we say so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _key(store: TokenKeyStore, protection: Protection = Protection.TOKEN_OBJECT) -> KeyRef:
    return store.generate(algorithm=ECDSA_P256, label="Seal of the test", protection=protection)


# -- a lost session


def test_a_lost_session_is_replaced_and_nobody_notices(token: FaultyToken) -> None:
    before, after = token.run(sign_through_a_lost_session)
    assert after == before + 1, "one new session, and the signature came"


def sign_through_a_lost_session(folder: str, module: str) -> list[int]:
    token = faulty(folder, module)
    store = open_key_store(token.settings(sessions=1))
    key = store.signing_key(_key(store, Protection.WRAPPED))
    key.sign(MESSAGE)
    before = token.count("sessions")
    token.switch("session-invalid")
    key.sign(MESSAGE)
    after = token.count("sessions")
    store.close()
    return [before, after]


# -- a token that goes away and comes back


@pytest.mark.parametrize("protection", list(Protection))
def test_a_token_removed_and_returned_is_found_again_by_itself(token: FaultyToken, protection: Protection) -> None:
    story = token.run(lose_the_token_and_get_it_back, protection)
    assert story["lost"] == ["KEYSTORE_TOKEN_LOST"] * FAILURES
    assert story["breaker"] == "KEYSTORE_RECOVERING", "after repeated failures calls fail at once"
    assert story["still_lost"] == "KEYSTORE_TOKEN_LOST", "a probe finds it lost still"
    assert story["too_early"] == "KEYSTORE_RECOVERING", "the token is back, but not asked yet"
    assert story["returned"] == ""
    assert story["ready"]


def lose_the_token_and_get_it_back(folder: str, module: str, protection: str) -> dict[str, object]:
    token, clock = faulty(folder, module), Clock()
    store = open_key_store(token.settings(sessions=3), clock=clock)
    key = store.signing_key(_key(store, Protection(protection)))
    key.sign(MESSAGE)
    # the folder of SoftHSM is taken away; an unwrapped key lives in memory, so its cache is emptied as a restart would
    hidden = token.folder / "hidden"
    token.tokens.rename(hidden)
    token.tokens.mkdir()
    store._shared.epoch += 1

    def sign() -> None:
        key.sign(MESSAGE)

    story: dict[str, object] = {"lost": [_code(sign) for _ in range(FAILURES)], "breaker": _code(sign)}
    clock.now += PROBE_SECONDS
    story["still_lost"] = _code(sign)
    shutil.rmtree(token.tokens)
    hidden.rename(token.tokens)
    story["too_early"] = _code(sign)
    clock.now += PROBE_SECONDS
    story["returned"] = _code(sign)
    story["ready"] = store.health().ready
    store.close()
    return story


def test_a_device_that_is_unplugged_opens_the_breaker_and_health_alone_closes_it(token: FaultyToken) -> None:
    story = token.run(unplug_the_device)
    assert story["codes"] == ["KEYSTORE_TOKEN_LOST"] * FAILURES + ["KEYSTORE_RECOVERING"] * 5
    assert story["not_ready"] is False
    assert "does not answer" in str(story["reason"]) or "being renewed" in str(story["reason"])
    assert story["ready_after"] is True, "no call was needed, only the health check"
    assert story["logins"] == story["logins_expected"], "logging in again uses the PIN once a restart"


def unplug_the_device(folder: str, module: str) -> dict[str, object]:
    token, clock = faulty(folder, module), Clock()
    store = open_key_store(token.settings(sessions=2), clock=clock)
    key = store.signing_key(_key(store))
    key.sign(MESSAGE)
    token.switch("device-removed")
    codes = [_code(lambda: key.sign(MESSAGE)) for _ in range(FAILURES + 5)]
    sick = store.health()
    restarts = store._module.generation
    token.mend("device-removed")
    clock.now += PROBE_SECONDS
    healthy = store.health()
    key.sign(MESSAGE)
    story: dict[str, object] = {
        "codes": codes,
        "not_ready": sick.ready,
        "reason": sick.reason,
        "ready_after": healthy.ready,
        "logins": token.count("logins"),
        "logins_expected": restarts,
    }
    store.close()
    return story


def test_being_logged_out_from_outside_costs_one_call(token: FaultyToken) -> None:
    assert token.run(be_logged_out) == ["KEYSTORE_TOKEN_LOST", "", ""]
    assert token.count("logins") == 2, "one at the start, one after the restart"


def be_logged_out(folder: str, module: str) -> list[str]:
    store = open_key_store(faulty(folder, module).settings(sessions=2))
    key = store.signing_key(_key(store))
    key.sign(MESSAGE)
    assert store._login._keeper is not None
    store._login._keeper.close()  # as a device does that logs out whoever is idle
    codes = [_code(lambda: key.sign(MESSAGE)) for _ in range(3)]
    store.close()
    return codes


# -- a key deleted behind our back


def test_a_deleted_key_is_named_and_harms_no_other(token: FaultyToken) -> None:
    story = token.run(delete_a_key_behind_our_back)
    assert story["deleted"] == ["KEYSTORE_KEY_NOT_FOUND"] * 5
    assert story["other"] == "", "the token is well, and the other key signs"
    assert story["key_id"] in str(story["message"])


def delete_a_key_behind_our_back(folder: str, module: str) -> dict[str, object]:
    token = faulty(folder, module)
    store = open_key_store(token.settings(sessions=2))
    ref, other = _key(store), _key(store)
    key = store.signing_key(ref)
    key.sign(MESSAGE)
    # another program with the PIN does it
    store.perform(lambda session: session.raw.destroy_stored(ref.key_id, ref.label))
    deleted = [_code(lambda: key.sign(MESSAGE)) for _ in range(5)]
    with pytest.raises(KeyNotFound) as refusal:
        key.sign(MESSAGE)
    story: dict[str, object] = {
        "deleted": deleted,
        "other": _code(lambda: store.signing_key(other).sign(MESSAGE)),
        "key_id": ref.key_id,
        "message": str(refusal.value),
    }
    store.close()
    return story


def test_a_damaged_wrapped_key_is_the_keys_fault_not_the_tokens(token: FaultyToken) -> None:
    assert token.run(sign_with_a_damaged_wrapped_key) == ["KEYSTORE_KEY_UNUSABLE"] * (FAILURES + 2) + [""]


def sign_with_a_damaged_wrapped_key(folder: str, module: str) -> list[str]:
    token = faulty(folder, module)
    store = open_key_store(token.settings(sessions=2))
    good = _key(store, Protection.WRAPPED)
    assert good.wrapped is not None
    damaged = KeyRef.from_json({**good.as_json(), "key_id": "00" * 16})
    object.__setattr__(damaged, "wrapped", good.wrapped[:-1] + bytes([good.wrapped[-1] ^ 1]))
    codes = [_code(lambda: store.signing_key(damaged).sign(MESSAGE)) for _ in range(FAILURES + 2)]
    codes.append(_code(lambda: store.signing_key(good).sign(MESSAGE)))
    store.close()
    return codes


# -- a signature that is wrong


def test_a_signature_with_one_bit_wrong_is_not_released(token: FaultyToken) -> None:
    assert token.run(sign_with_one_bit_flipped) == ["KEYSTORE_SIGNATURE_WRONG", "KEYSTORE_SIGNATURE_WRONG", ""]


def sign_with_one_bit_flipped(folder: str, module: str) -> list[str]:
    token = faulty(folder, module)
    store = open_key_store(token.settings())
    key = store.signing_key(_key(store))
    token.switch("flip-bit")
    with pytest.raises(SignatureWrong):
        key.sign(MESSAGE)
    codes = [_code(lambda: key.sign(MESSAGE)), _code(lambda: key.sign_raw(MESSAGE))]
    token.mend("flip-bit")
    codes.append(_code(lambda: key.sign(MESSAGE)))
    store.close()
    return codes


def test_a_handle_that_points_at_another_key_is_noticed_and_forgotten(token: FaultyToken) -> None:
    assert token.run(swap_two_handles) == ["KEYSTORE_SIGNATURE_WRONG", ""]


def swap_two_handles(folder: str, module: str) -> list[str]:
    token = faulty(folder, module)
    store = open_key_store(token.settings(sessions=1))
    ref, other = _key(store), _key(store)
    for each in (ref, other):
        store.signing_key(each).sign(MESSAGE)

    def swap(session: Any) -> None:
        handles = session._handles._handles
        handles[ref.key_id], handles[other.key_id] = handles[other.key_id], handles[ref.key_id]

    store.perform(swap)
    codes = [_code(lambda: store.signing_key(ref).sign(MESSAGE)) for _ in range(2)]
    store.close()
    return codes


# -- a module that hangs


def test_a_hanging_module_holds_nobody_longer_than_the_deadline_and_its_late_signature_is_reported(
    token: FaultyToken,
) -> None:
    story = token.run(hang_and_come_back)
    assert story["late"], "the caller is told that a signature may still come into being"
    assert (story["stuck"], story["replace"]) == (1, False)
    assert story["reported"] == story["call_id"]
    assert story["verifies"]
    assert story["stuck_after"] == 0
    assert story["signs_again"] == ""


def hang_and_come_back(folder: str, module: str) -> dict[str, object]:
    import threading

    token = faulty(folder, module)
    reported: list[LateSignature] = []
    arrived = threading.Event()

    def on_late(late: LateSignature) -> None:
        reported.append(late)
        arrived.set()

    clock = Clock()
    store = open_key_store(token.settings(sessions=4, deadline_seconds=1), on_late=on_late, clock=clock)
    ref = _key(store)
    key = store.signing_key(ref)
    token.switch("hang-sign")
    with pytest.raises(TokenTimeout) as timeout:
        key.sign(MESSAGE)
    stuck, replace = store._pool.stuck, store._pool.beyond_help
    token.mend("hang-sign")
    assert arrived.wait(30)
    algorithm = get_algorithm(ECDSA_P256)
    digest = algorithm.digest(MESSAGE)
    story: dict[str, object] = {
        "late": timeout.value.late,
        "stuck": stuck,
        "replace": replace,
        "call_id": timeout.value.call_id,
        "reported": reported[0].call_id,
        "verifies": reported[0].digest == digest and verifies(ref.public_key, algorithm, reported[0].signature, digest),
        "stuck_after": store._pool.stuck,
        "signs_again": _code(lambda: key.sign(MESSAGE)),
    }
    store.close()
    return story


def test_when_too_many_calls_hang_the_store_asks_for_a_new_process_and_stops_nothing_under_their_feet(
    token: FaultyToken,
) -> None:
    story = token.run(hang_for_good)
    assert story["replace"] is True
    assert story["stuck"] == story["sessions"] == 2
    assert story["refused"] == "KEYSTORE_REPLACE_PROCESS"
    assert story["restarted"] is False


def hang_for_good(folder: str, module: str) -> dict[str, object]:
    token, clock = faulty(folder, module), Clock()
    store = open_key_store(token.settings(sessions=2, deadline_seconds=1), clock=clock)
    generation = store._module.generation
    key = store.signing_key(_key(store))
    token.switch("hang-sign")
    with pytest.raises(TokenTimeout):
        key.sign(MESSAGE)
    with pytest.raises(TokenUnavailable):
        key.sign(MESSAGE)  # in doubt after the first: the probe hangs as well
    with store._recovery._mending:
        pass  # the probe has given up
    clock.now += PROBE_SECONDS
    with pytest.raises(ReplaceProcess) as refusal:
        key.sign(MESSAGE)
    health = store.health()
    story: dict[str, object] = {
        "replace": health.replace_process,
        "stuck": health.stuck,
        "sessions": health.sessions,
        "refused": refusal.value.code,
        "restarted": store._module.generation != generation,
    }
    store.close()
    token.mend("hang-sign")
    return story


def test_lost_means_no_signature() -> None:
    """The promise that the service builds on: these two are told apart by type."""
    assert not issubclass(TokenLost, TokenTimeout)
    assert issubclass(TokenLost, TokenUnavailable)
