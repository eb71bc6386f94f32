"""The workers, and the one way to give them a job.

Keeps a bounded number of long-lived children, starts them when they are first wanted, gives each one job at a time,
and replaces any that dies, hangs or was killed. The service process hands over open files and reads plain JSON; it
parses no document, and imports nothing that could.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sealservice.kernel import errors
from sealservice.workers.exchange import WorkerUntrue, handed_over
from sealservice.workers.limits import Limits
from sealservice.workers.order import Preparation, PreparationOrder
from sealservice.workers.process import WorkerProcess, WorkerStarter

_log = logging.getLogger(__name__)
_REFUSALS = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.SealServiceError)
}


class WorkerPool:
    """Up to `size` workers. Safe to use from many threads; a caller waits at most `patience_seconds` for its turn."""

    def __init__(
        self,
        size: int = 2,
        limits: Limits | None = None,
        *,
        patience_seconds: float = 60.0,
        readable: Sequence[Path] = (),
        program: Sequence[str] = (),
    ) -> None:
        self.limits = limits or Limits()
        self._patience = patience_seconds
        self._starter = WorkerStarter(readable, program)
        self._turns = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: list[WorkerProcess] = []
        self._closed = False

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def prepare(self, document: Path, output: Path, order: PreparationOrder) -> Preparation:
        """Writes to `output` the document with its seal and a hole for the signature; see `Preparation`. Digests and
        lengths in it were counted here, on a copy that no worker can reach.

        Raises DocumentRefused with the reason, InvalidInput when it cannot be read, Unavailable, or WorkerUntrue; then
        there is no `output`."""
        with (
            handed_over(document, output, order.picture, limit=self.limits.document_bytes) as exchange,
            self._worker() as worker,
        ):
            try:
                answer = worker.ask({"task": "prepare", "request": order.as_json()}, exchange.files, self.limits)
                return exchange.receive(_result(answer))
            except WorkerUntrue:
                worker.end()  # a document may have taken it over
                raise

    def run(
        self, task: str, request: Mapping[str, Any], files: Sequence[int] = (), limits: Limits | None = None
    ) -> dict[str, Any]:
        """Has one worker do `task` (a name in `sealservice.workers.tasks`).

        Raises what the task refused with, DocumentRefused when the job outgrew its limits or broke the worker, and
        Unavailable when no worker was free in time or one was lost."""
        with self._worker() as worker:
            answer = worker.ask({"task": task, "request": request}, files, limits or self.limits)
        return _result(answer)

    def sandbox(self) -> dict[str, str | None]:
        """What holds the workers: by wall, None where it stands, else why it does not."""
        with self._worker() as worker:
            return worker.sandbox

    def close(self) -> None:
        """Ends all workers. A job in hand is finished first."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()
        self._starter.close()

    @contextlib.contextmanager
    def _worker(self) -> Iterator[WorkerProcess]:
        if not self._turns.acquire(timeout=self._patience):
            raise errors.Unavailable("WORKERS_BUSY", seconds=int(self._patience))
        try:
            worker = self._take()
            try:
                yield worker
            finally:
                self._put_back(worker)
        finally:
            self._turns.release()

    def _take(self) -> WorkerProcess:
        with self._lock:
            if self._closed:
                raise errors.Unavailable("WORKERS_CLOSED")
            while self._idle:
                worker = self._idle.pop()
                if worker.is_fit():
                    return worker
                worker.end()
        return self._starter.start()

    def _put_back(self, worker: WorkerProcess) -> None:
        with self._lock:
            if not self._closed and worker.is_fit():
                self._idle.append(worker)
                return
        worker.end()


def _result(answer: dict[str, Any]) -> dict[str, Any]:
    if "result" in answer:
        result: dict[str, Any] = answer["result"]
        return result
    details = dict(answer["details"])
    trace = details.pop("trace", None)
    if trace:
        _log.warning("a worker met what nobody foresaw:\n%s", trace)
    kind = _REFUSALS.get(answer["error"])
    if kind is None:
        raise WorkerUntrue("WORKER_UNTRUE", what="answer")
    raise kind(answer["code"], **details)
