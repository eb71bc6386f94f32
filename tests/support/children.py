"""Runs a function of a test in a process of its own: for what harms the process it happens in.

The function stands at the top level of its test module; what goes in and comes back is JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
_PROGRAM = """
import importlib, json, sys
module, name, arguments = json.load(sys.stdin)
result = getattr(importlib.import_module(module), name)(*arguments)
print(json.dumps(result), flush=True)
"""


class ChildFailed(AssertionError):
    """The child ended otherwise than by returning; `status` is its exit status, negative for a signal."""

    def __init__(self, status: int, errors: str) -> None:
        super().__init__(f"exit status {status}\n{errors}")
        self.status = status


def start(function: Callable[..., object], *arguments: object, env: Mapping[str, str] | None = None) -> Child:
    """`function(*arguments)` in a fresh interpreter, running already; several may run side by side."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env={**os.environ, **(env or {})},
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps([function.__module__, function.__name__, arguments]))
    process.stdin.close()
    process.stdin = None
    return Child(process)


class Child:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def result(self) -> Any:
        """What the function returned. Raises ChildFailed."""
        output, errors = self._process.communicate(timeout=120)
        if self._process.returncode != 0:
            raise ChildFailed(self._process.returncode, errors)
        return json.loads(output.splitlines()[-1])


def in_child(function: Callable[..., object], *arguments: object, env: Mapping[str, str] | None = None) -> Any:
    """What `function(*arguments)` returns in a fresh interpreter. Raises ChildFailed when it does not return."""
    return start(function, *arguments, env=env).result()
