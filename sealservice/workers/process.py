"""One worker as the service sees it: a process at the other end of a socket pair, asked one thing at a time.

All workers are started by one thread that lives as long as the pool: the kernel sends the death signal of
`PR_SET_PDEATHSIG` when the *thread* that made a child ends (prctl(2)), and callers' threads come and go.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sealservice.kernel.errors import DocumentRefused, SealServiceError, Unavailable
from sealservice.workers import protocol
from sealservice.workers.limits import Limits

_START_SECONDS = 60.0
_END_SECONDS = 10.0
_JOBS_BEFORE_RENEWAL = 2_000
_BROKEN_BY_ITS_JOB = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGSYS}


class WorkerProcess:
    """A child that is ready for work. Use from one thread at a time."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        self._process, self._channel, self._jobs = process, channel, 0
        channel.settimeout(_START_SECONDS)
        try:
            self.sandbox: dict[str, str | None] = protocol.receive(channel)[0]["sandbox"]
        except (protocol.Hangup, OSError, KeyError) as problem:
            self.end()
            raise Unavailable("WORKER_DID_NOT_START", reason=type(problem).__name__) from problem

    @property
    def process_id(self) -> int:
        return self._process.pid

    def is_fit(self) -> bool:
        """Whether it can take another job. A worker is renewed now and then, so that no leak grows for ever."""
        return self._process.poll() is None and self._jobs < _JOBS_BEFORE_RENEWAL

    def ask(self, message: Mapping[str, Any], files: Sequence[int], limits: Limits) -> dict[str, Any]:
        """The worker's answer. Raises Unavailable or DocumentRefused when there is none, and ends the worker."""
        self._channel.settimeout(limits.wall_seconds)
        self._jobs += 1
        try:
            protocol.send(self._channel, {**message, "limits": limits.as_json()}, files)
            return protocol.receive(self._channel)[0]
        except TimeoutError as problem:
            self.end()
            raise Unavailable("WORKER_TOO_SLOW", seconds=f"{limits.wall_seconds:g}") from problem
        except (protocol.Hangup, OSError) as problem:
            raise self._obituary(limits) from problem
        except BaseException:  # the caller was interrupted: a half-read answer must not meet the next question
            self.end()
            raise

    def end(self) -> None:
        """Kills the process, and waits until it is gone."""
        self._channel.close()
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)

    def _obituary(self, limits: Limits) -> SealServiceError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        code = self._process.returncode
        self.end()
        if code == -signal.SIGXCPU:
            return DocumentRefused("DOCUMENT_TAKES_TIME", limit=limits.cpu_seconds)
        if code is not None and -code in _BROKEN_BY_ITS_JOB:
            return DocumentRefused("DOCUMENT_BREAKS_READER", signal=signal.Signals(-code).name)
        return Unavailable("WORKER_LOST", reason=f"exit status {code}")


class WorkerStarter:
    """Starts workers, from one thread that lives until `close`."""

    def __init__(self, readable: Sequence[Path], program: Sequence[str]) -> None:
        self._program = list(program) or [sys.executable, "-m", "sealservice.workers.child"]
        self._readable = [str(path) for path in readable]
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="worker-starter")

    def start(self) -> WorkerProcess:
        """Raises Unavailable when the child does not come up."""
        return self._thread.submit(self._start).result()

    def close(self) -> None:
        self._thread.shutdown()

    def _start(self) -> WorkerProcess:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [*self._program, str(theirs.fileno()), str(os.getpid()), *self._readable],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                cwd="/",
            )
        return WorkerProcess(process, ours)


def _environment() -> dict[str, str]:
    """Nothing of ours: a PIN may be in it. Only where Python finds its modules."""
    path = os.pathsep.join(entry for entry in map(os.path.abspath, sys.path) if Path(entry).exists())
    return {"PYTHONPATH": path, "PYTHONSAFEPATH": "1", "LC_ALL": "C.UTF-8", "PATH": os.defpath}
