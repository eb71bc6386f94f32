"""Threads in a module: many at once where it can lock, one at a time where it cannot."""

from __future__ import annotations

import threading
from typing import Any

from keystore import ECDSA_P256, Protection, open_key_store
from keystore.locking import Locking
from keystore.store import TokenKeyStore
from tests.keystore.faulty import FaultyToken, faulty

THREADS, EACH = 16, 1250


def _sign_from_threads(store: TokenKeyStore, keys: list[Any], *, threads: int, each: int) -> list[str]:
    """Signs from all threads at once, through all keys in turn. Returns what went wrong."""
    problems: list[str] = []

    def work(number: int) -> None:
        try:
            for turn in range(each):
                keys[(number + turn) % len(keys)].sign(b"%d of thread %d" % (turn, number))
        except Exception as problem:
            problems.append(repr(problem))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return problems


def _keys(store: TokenKeyStore, count: int, protection: Protection) -> list[Any]:
    refs = [store.generate(algorithm=ECDSA_P256, label=f"Seal {n}", protection=protection) for n in range(count)]
    return [store.signing_key(ref) for ref in refs]


def test_twenty_thousand_signatures_from_sixteen_threads(store: TokenKeyStore) -> None:
    """Every one is verified by the store before it is returned; SoftHSM without locks crashes within seconds."""
    keys = _keys(store, 2, Protection.TOKEN_OBJECT) + _keys(store, 2, Protection.WRAPPED)
    assert _sign_from_threads(store, keys, threads=THREADS, each=EACH) == []
    assert store.self_test().locking == Locking.OS


def test_more_keys_than_the_cache_holds_are_unwrapped_again_and_again(token: FaultyToken) -> None:
    story = token.run(sign_with_a_small_cache)
    assert story["problems"] == []
    assert story["cached"] <= 2, "the bound holds for each session"


def sign_with_a_small_cache(folder: str, module: str) -> dict[str, object]:
    store = open_key_store(faulty(folder, module).settings(sessions=4, unwrapped_keys=8))
    keys = _keys(store, 20, Protection.WRAPPED)
    problems = _sign_from_threads(store, keys, threads=8, each=100)
    cached = max(store.perform(lambda session: len(session._handles)) for _ in range(20))
    store.close()
    return {"problems": problems, "cached": cached}


def test_a_module_that_cannot_lock_gets_one_session_behind_one_lock(token: FaultyToken) -> None:
    token.switch("cant-lock")
    story = token.run(sign_without_locks)
    assert story["locking"] == Locking.ONE_AT_A_TIME
    assert story["problems"] == []
    assert story["sessions"] == 1
    assert token.count("sessions") == 1, "the session that logged in is the one that signs"
    assert token.count("signatures") > 8 * 25
    assert token.count("overlap") == 0, "never were two threads inside"


def sign_without_locks(folder: str, module: str) -> dict[str, object]:
    store = open_key_store(faulty(folder, module).settings(sessions=8))
    keys = _keys(store, 2, Protection.TOKEN_OBJECT) + _keys(store, 2, Protection.WRAPPED)
    problems = _sign_from_threads(store, keys, threads=8, each=25)
    story = {"locking": store.self_test().locking, "problems": problems, "sessions": store.sessions}
    store.close()
    return story


def test_two_stores_on_one_module_that_cannot_lock_do_not_meet_inside(token: FaultyToken) -> None:
    token.switch("cant-lock")
    assert token.run(sign_from_two_stores) == []
    assert token.count("overlap") == 0
    assert token.count("logins") == 1, "one process logs in to a token once"


def sign_from_two_stores(folder: str, module: str) -> list[str]:
    settings = faulty(folder, module).settings()
    first, second = open_key_store(settings), open_key_store(settings)
    problems: list[str] = []
    stores = [
        threading.Thread(
            target=lambda store=store: problems.extend(
                _sign_from_threads(store, _keys(store, 1, Protection.WRAPPED), threads=3, each=20)
            )
        )
        for store in (first, second)
    ]
    for thread in stores:
        thread.start()
    for thread in stores:
        thread.join()
    first.close()
    problems += _sign_from_threads(second, _keys(second, 1, Protection.WRAPPED), threads=1, each=1)
    second.close()
    return problems
