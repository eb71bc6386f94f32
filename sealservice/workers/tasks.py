"""What a worker can be asked to do: one table, name → function.

A task takes the request (plain JSON) and the open files that came with it, and answers with plain JSON; it refuses by
raising `DocumentRefused` or another error of the house. Its module is loaded when it is first asked for, inside the
worker: the service process imports none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from sealservice.workers.limits import Limits

Task = Callable[[dict[str, Any], Sequence[int], Limits], dict[str, Any]]

TASKS: dict[str, str] = {
    "prepare": "sealservice.workers.pdf.prepare:prepare",
    "typeset": "sealservice.seals.artwork.job:typeset",
    "examine": "sealservice.workers.examining:examine",
}


def find(name: str) -> Task:
    """The task called `name`. Raises KeyError for an unknown one."""
    module, _, function = TASKS[name].partition(":")
    task: Task = getattr(import_module(module), function)
    return task
