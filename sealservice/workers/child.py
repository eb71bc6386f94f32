"""A worker: reads a job, does it inside its limits, answers, waits for the next. `python -m sealservice.workers.child`.

Knows neither tokens nor databases nor the network, and no document but the one in its hands. Everything that goes
wrong in here is answered in the words of the house; what cannot be answered kills the worker, and the pool sees that.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sealservice.kernel.errors import DocumentRefused, SealServiceError, Unavailable
from sealservice.workers import protocol, sandbox, tasks
from sealservice.workers.limits import Limits

_PAGE = resource.getpagesize()
_SIZES = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)


def main() -> None:
    """Arguments: the number of the channel's file descriptor, the parent's process id, folders it may read besides."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    _warm_up()
    state = sandbox.enter(int(sys.argv[2]), map(Path, sys.argv[3:]))
    protocol.send(channel, {"sandbox": asdict(state)})
    while True:
        try:
            message, files = protocol.receive(channel)
        except (protocol.Hangup, ConnectionError):
            return
        protocol.send(channel, _answer(message, files))


def _warm_up() -> None:
    """Loads what nearly every job wants before the first one waits for it."""
    tasks.find("prepare")


def _answer(message: dict[str, Any], files: Sequence[int]) -> dict[str, Any]:
    try:
        limits = Limits.from_json(message["limits"])
        _confine(limits, sum(os.fstat(file).st_size for file in files))
        return {"result": tasks.find(message["task"])(message["request"], files, limits)}
    except SealServiceError as error:
        return {"error": type(error).__name__, "code": error.code, "details": _plain(error.details)}
    except MemoryError:
        limit = f"{limits.memory_bytes >> 20} MiB"
        return {"error": DocumentRefused.__name__, "code": "DOCUMENT_TAKES_MEMORY", "details": {"limit": limit}}
    except OSError as error:
        details = {"reason": error.strerror or str(error)}
        return {"error": Unavailable.__name__, "code": "WORKER_FILE_FAILED", "details": details}
    except Exception as error:  # the boundary: nothing raw leaves a worker
        details = {"reason": f"{type(error).__name__}: {error}"[:300], "trace": traceback.format_exc()[-4000:]}
        return {"error": Unavailable.__name__, "code": "WORKER_FAILED", "details": details}
    finally:
        for file in files:
            with contextlib.suppress(OSError):  # a task may have closed its own
                os.close(file)


def _plain(details: dict[str, object]) -> dict[str, object]:
    return {key: value if isinstance(value, int | float | str) else str(value) for key, value in details.items()}


def _confine(limits: Limits, mapped: int) -> None:
    """Sets this job's share. Documents are mapped up to three times: by qpdf, by pdfium and by ourselves."""
    idle = int(os.pread(_SIZES, 64, 0).split()[0]) * _PAGE
    resource.setrlimit(resource.RLIMIT_AS, (idle + limits.memory_bytes + 3 * mapped, resource.RLIM_INFINITY))
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + limits.cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
    largest = 2 * limits.document_bytes
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
