"""A worker that also does what a taken-over one would try. Started by tests in place of `sealservice.workers.child`."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sealservice.workers import child, tasks
from sealservice.workers.limits import Limits


def attempt(request: dict[str, Any], files: Sequence[int], limits: Limits) -> dict[str, Any]:
    """Tries one thing and says what the kernel answered."""
    try:
        return {"done": str(ATTEMPTS[request["what"]](request, files))}
    except OSError as error:
        return {"errno": error.errno}


def _socket(*_: object) -> object:
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def _program(*_: object) -> object:
    return subprocess.run(["/bin/true"], check=True)


def _fork(*_: object) -> object:
    return os.fork()


def _kill(*_: object) -> object:
    return os.kill(os.getppid(), signal.SIGTERM)


def _write(request: dict[str, Any], _: Sequence[int]) -> object:
    return Path(request["path"]).write_text("x")


def _read(request: dict[str, Any], _: Sequence[int]) -> object:
    return Path(request["path"]).read_text()


def _remove(request: dict[str, Any], _: Sequence[int]) -> object:
    return Path(request["path"]).unlink()


def _given(_: dict[str, Any], files: Sequence[int]) -> object:
    return os.pread(files[0], 5, 0).decode()


def _memory(*_: object) -> object:
    return len([bytearray(1 << 20) for _ in range(100_000)])


def _loop(*_: object) -> object:
    while True:
        pass


def _hang(*_: object) -> object:
    return time.sleep(3600)


def _crash(*_: object) -> object:
    return ctypes.string_at(8)


def _exit(*_: object) -> object:
    os._exit(3)


def _raise(*_: object) -> object:
    raise ZeroDivisionError("nobody foresaw this")


def _imported(*_: object) -> object:
    return " ".join(sorted(sys.modules))


def _environment(*_: object) -> object:
    return " ".join(sorted(os.environ))


ATTEMPTS = {
    name.strip("_"): function
    for name, function in list(globals().items())
    if name.startswith("_") and not name.startswith("__") and callable(function)
}

if __name__ == "__main__":
    tasks.TASKS["attempt"] = "__main__:attempt"
    child.main()
