"""Examining a stranger's file in a child process that can be killed.

A hostile PDF may hang its reader, fill the memory, or crash the C++ underneath. Then the child dies and the answer is
UNREADABLE. The child hands back JSON, never objects: whoever takes it over gains a wrong sentence and nothing else.
For programs with one thread, as the command line is; others bring workers of their own.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from sealverify.errors import Malformed, MalformedDocument
from sealverify.examination import examine_document
from sealverify.policy import Policy
from sealverify.report import Report

_MAX_ANSWER = 16 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """For one file. Memory counts beyond what the calling program has taken already, so that a large program can
    examine what a small one can. Processor time grows with the file: hashing a large one honestly takes a while."""

    memory_bytes: int = 1024 * 1024 * 1024
    cpu_seconds: int = 10
    wall_seconds: float = 30
    bytes_per_cpu_second: int = 50 * 1024 * 1024


def examine_guarded(path: Path, policy: Policy, limits: Limits | None = None) -> dict[str, Any]:
    """The report on `path` as JSON (docs/formats/report.md). Never raises for anything that is in the file."""
    if not hasattr(os, "fork"):
        return _examined(path, policy)
    return run_guarded(lambda: _examined(path, policy), _grown(limits or Limits(), path))


def _grown(limits: Limits, path: Path) -> Limits:
    size = path.stat().st_size if path.exists() else 0
    more = size // limits.bytes_per_cpu_second
    return Limits(
        memory_bytes=limits.memory_bytes + size,
        cpu_seconds=limits.cpu_seconds + more,
        wall_seconds=limits.wall_seconds + 2 * more,
    )


def _examined(path: Path, policy: Policy) -> dict[str, Any]:
    try:
        return examine_document(path, policy).as_json()
    except Malformed as problem:
        return Report.unreadable(problem.text).as_json()


def run_guarded(work: Callable[[], dict[str, Any]], limits: Limits) -> dict[str, Any]:
    """`work` in a forked child under `limits`; an UNREADABLE report when it does not come back."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _work(work, writing, limits)
    os.close(writing)
    try:
        answer, late = _answer(reading, limits.wall_seconds)
    finally:
        os.close(reading)
        _end(child)
    try:
        found: dict[str, Any] = json.loads(answer)
    except ValueError:
        why = MalformedDocument("EXAMINATION_TIME", seconds=limits.wall_seconds) if late else None
        return Report.unreadable((why or MalformedDocument("EXAMINATION_DIED")).text).as_json()
    return found


def _work(work: Callable[[], dict[str, Any]], writing: int, limits: Limits) -> NoReturn:
    """In the child. Leaves without the parent's clean-up, whatever happens."""
    try:
        _confine(limits, writing)
        answer = json.dumps(work()).encode()
        while answer:
            answer = answer[os.write(writing, answer) :]
    finally:
        os._exit(0)


def _confine(limits: Limits, writing: int) -> None:
    """Keeps nothing of the caller's but the pipe, and bounds what is to come."""
    import resource  # only where there is fork, too

    gc.freeze()  # or a forgotten file of the caller's would close a number that has another use by then
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.closerange(3, writing)
    os.closerange(writing + 1, _highest_number())
    _limit(resource.RLIMIT_CORE, 0, 0)
    _limit(resource.RLIMIT_FSIZE, 0, 0)
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
    memory = _address_space() + limits.memory_bytes
    _limit(resource.RLIMIT_AS, memory, memory)


def _limit(what: int, soft: int, hard: int) -> None:
    """A limit that the caller lives under already is not exceeded: asking for that is an error."""
    import resource

    ceiling = resource.getrlimit(what)[1]
    within = (value if ceiling == resource.RLIM_INFINITY else min(value, ceiling) for value in (soft, hard))
    resource.setrlimit(what, (next(within), next(within)))


def _address_space() -> int:
    """What this process has of it, in bytes; 0 where the system does not tell (and knows no such limit either)."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _highest_number() -> int:
    return int(os.sysconf("SC_OPEN_MAX"))


def _answer(reading: int, seconds: float) -> tuple[bytes, bool]:
    """What the child wrote before it ended, and whether it was given up on."""
    parts: list[bytes] = []
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0 and sum(map(len, parts)) < _MAX_ANSWER:
        if not select.select([reading], [], [], left)[0]:
            break
        part = os.read(reading, 65536)
        if not part:
            return b"".join(parts), False
        parts.append(part)
    return b"", True


def _end(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
