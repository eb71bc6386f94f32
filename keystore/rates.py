"""How fast a token signs here, measured through the same path that seals take. Leaves nothing in the token."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from keystore.algorithms import ALGORITHMS, SignatureAlgorithm, get_algorithm
from keystore.keys import KeyRef, Protection
from keystore.session import PROBE, WorkSession
from keystore.store import TokenKeyStore

_LABEL = "sealservice-rates"


@dataclass(frozen=True, kw_only=True)
class Rate:
    """`operations` of one kind in `seconds`, from `threads` threads."""

    name: str
    threads: int
    operations: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.operations / self.seconds


def measure_rates(store: TokenKeyStore, *, seconds: float = 1.0) -> Iterator[Rate]:
    """One Rate after another, each taking about `seconds`: every algorithm, verified; then unwrap and sign."""
    for algorithm in ALGORITHMS.values():
        with _temporary_key(store, algorithm) as ref:
            sign = partial(store.signing_key(ref).sign, PROBE)
            for threads in sorted({1, store.sessions}):
                yield _measured(f"{algorithm.name}, verified", threads, seconds, sign)
            if ref.protection is Protection.WRAPPED:
                yield _measured(f"{algorithm.name}, unwrapped each time", 1, seconds, partial(_unwrap, store, ref))


@contextmanager
def _temporary_key(store: TokenKeyStore, algorithm: SignatureAlgorithm) -> Iterator[KeyRef]:
    ref = store.generate(algorithm=algorithm.oid, label=_LABEL, protection=Protection.WRAPPED)
    try:
        yield ref
    finally:
        store.retire(ref)


def _unwrap(store: TokenKeyStore, ref: KeyRef) -> bytes:
    algorithm = get_algorithm(ref.algorithm)

    def task(session: WorkSession) -> bytes:
        handle = session.unwrapped(ref, algorithm)
        try:
            return session.sign_with(handle, algorithm, PROBE, algorithm.digest(PROBE))
        finally:
            session.raw.destroy(handle)

    return store.perform(task)


def _measured(name: str, threads: int, seconds: float, action: Callable[[], object]) -> Rate:
    action()  # the first one finds the key
    counts = [0] * threads
    problems: list[BaseException] = []
    started = time.perf_counter()

    def work(number: int) -> None:
        try:
            while time.perf_counter() - started < seconds:
                action()
                counts[number] += 1
        except BaseException as problem:
            problems.append(problem)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if problems:
        raise problems[0]
    return Rate(name=name, threads=threads, operations=sum(counts), seconds=time.perf_counter() - started)
