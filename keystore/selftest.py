"""The self-test of a module: every way in which the store uses it, tried once, verified in software.

It runs at each start, in a session of the store; a module that is new here runs it first in a process of its own
(`python -m keystore.vetting`), because what a wrong module does to a process is not always an error.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from keystore.algorithms import ALGORITHMS, ECDSA_P256, SignatureAlgorithm, get_algorithm
from keystore.errors import KeyStoreError
from keystore.keys import TestStep
from keystore.session import PROBE, WorkSession
from keystore.signature import verifies
from keystore.token import Handle, NewPair

_LABEL = "sealservice-self-test"


class _Wrong(Exception):
    """A signature was made, and it does not verify."""

    def __str__(self) -> str:
        return f"the signature of {self.args[0]} does not verify"


def run_self_test(session: WorkSession) -> tuple[TestStep, ...]:
    """Each step in turn; after one that failed the rest is not tried. Leaves nothing in the token."""
    steps: list[TestStep] = []
    for name, action in _steps(session):
        started = time.perf_counter()
        reason = _reason(action)
        milliseconds = (time.perf_counter() - started) * 1000
        steps.append(TestStep(name=name, passed=reason is None, milliseconds=milliseconds, reason=reason))
        if reason is not None:
            break
    return tuple(steps)


def _reason(action: Callable[[], None]) -> str | None:
    try:
        action()
    except (KeyStoreError, _Wrong) as problem:
        return str(problem)
    return None


def _steps(session: WorkSession) -> list[tuple[str, Callable[[], None]]]:
    steps: list[tuple[str, Callable[[], None]]] = [("sign and verify with the test key", session.probe)]
    for algorithm in ALGORITHMS.values():
        if algorithm.oid in session.settings.profiles:
            steps.append((f"sign and verify with {algorithm.name} as configured", _signing(session, algorithm)))
    if session.settings.wrapping_allowed:
        steps.append(("wrap, unwrap, sign, verify", lambda: _wrapping(session, get_algorithm(ECDSA_P256))))
    return steps


def _signing(session: WorkSession, algorithm: SignatureAlgorithm) -> Callable[[], None]:
    def step() -> None:
        pair = _pair(session, algorithm, extractable=False)
        try:
            _check(session, algorithm, pair.private, pair.public_key)
        finally:
            _destroy(session, pair.private, pair.public)

    return step


def _wrapping(session: WorkSession, algorithm: SignatureAlgorithm) -> None:
    pair = _pair(session, algorithm, extractable=True)
    wrapping_key = session.raw.generate_wrapping_key(key_id=secrets.token_hex(16), label=_LABEL, stored=False)
    try:
        wrapped = session.raw.wrap(wrapping_key, pair.private)
        unwrapped = session.raw.unwrap(wrapping_key, algorithm, wrapped, extractable=False)
        try:
            _check(session, algorithm, unwrapped, pair.public_key)
        finally:
            _destroy(session, unwrapped)
    finally:
        _destroy(session, pair.private, pair.public, wrapping_key)


def _pair(session: WorkSession, algorithm: SignatureAlgorithm, *, extractable: bool) -> NewPair:
    key_id = secrets.token_hex(16)
    return session.raw.generate_pair(algorithm, key_id=key_id, label=_LABEL, stored=False, extractable=extractable)


def _check(session: WorkSession, algorithm: SignatureAlgorithm, key: Handle, public_key: bytes) -> None:
    message = PROBE + secrets.token_bytes(16)
    digest = algorithm.digest(message)
    if not verifies(public_key, algorithm, session.sign_with(key, algorithm, message, digest), digest):
        raise _Wrong(algorithm.name)


def _destroy(session: WorkSession, *keys: Handle) -> None:
    for key in keys:
        session.raw.destroy(key)
