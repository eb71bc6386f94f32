"""A worker that a document has taken over: it works well, and lies about it. Started by tests in place of
`sealservice.workers.child`; which lie to tell stands in the reason of the order."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from sealservice.workers import child, tasks
from sealservice.workers.limits import Limits
from sealservice.workers.pdf.prepare import prepare

Result = dict[str, Any]
KEPT: list[int] = []


def lie(request: dict[str, Any], files: Sequence[int], limits: Limits) -> Result:
    what = request["reason"]
    KEPT[:] = [os.dup(file) for file in files[:2]]
    return LIES[what](prepare(request, files, limits), files)


def scribble(_request: dict[str, Any], _files: Sequence[int], _limits: Limits) -> Result:
    """Writes to whatever it still has of the last document."""
    answer: Result = {"written": [], "refused": []}
    for name, file in zip(("given", "draft"), KEPT, strict=True):
        try:
            os.pwrite(file, b"~" * os.fstat(file).st_size, 0)
            answer["written"].append(name)
        except OSError:
            answer["refused"].append(name)
    return answer


def _exchanged(result: Result, files: Sequence[int], change: Callable[[bytes], bytes]) -> Result:
    """A draft that begins with something else than what was given, and figures that all fit it."""
    import hashlib

    length = result["prefix_length"]
    data = os.pread(files[1], os.fstat(files[1]).st_size, 0)
    prefix, rest = change(data[:length]), data[length:]
    moved = len(prefix) - length
    os.pwrite(files[1], prefix + rest, 0)
    os.ftruncate(files[1], len(prefix) + len(rest))
    first, before, second, after = result["byte_range"]
    before, second = before + moved, second + moved
    signed = prefix + rest
    return {
        **result,
        "byte_range": (first, before, second, after),
        "contents_at": result["contents_at"] + moved,
        "prefix_length": len(prefix),
        "prefix_digest": hashlib.sha256(prefix).hexdigest(),
        "digest": hashlib.sha256(signed[:before] + signed[second:]).hexdigest(),
    }


def _another(result: Result, files: Sequence[int]) -> Result:
    return _exchanged(result, files, lambda given: given.replace(b"%PDF-1.", b"%PDF-2.") + b"% another\n")


def _range(result: Result, end: int) -> Result:
    first, before, second, after = result["byte_range"]
    return {**result, "byte_range": (first, before, second, after + end)}


LIES: dict[str, Callable[[Result, Sequence[int]], Result]] = {
    "nothing, and keeps the files": lambda result, _: result,
    "another document": _another,
    "another document that had to be rewritten, it says": lambda result, files: {
        **_another(result, files),
        "normalised": ["NORMALISED_REPAIRED"],
    },
    "a document with its last byte cut off": lambda result, files: _exchanged(result, files, lambda given: given[:-1]),
    "a byte of the document changed": lambda result, files: _exchanged(
        result, files, lambda given: given[:20] + b"~" + given[21:]
    ),
    "a digest of something else": lambda result, _: {**result, "digest": "00" * 32},
    "a prefix of something else": lambda result, _: {**result, "prefix_digest": "00" * 32},
    "a signature in the middle of what was given": lambda result, _: {
        **result,
        "prefix_length": result["contents_at"] + 1,
    },
    "a range that leaves out the end": lambda result, _: _range(result, -1),
    "a range beyond the end": lambda result, _: _range(result, 1 << 40),
    "a length below nothing": lambda result, _: {**result, "contents_length": -7},
    "a length in words": lambda result, _: {**result, "prefix_length": "all of it"},
    "no answer to the question": lambda *_: {"answer": 42},
    "a refusal of its own invention": lambda *_: {},
}


def _answer(message: dict[str, Any], files: Sequence[int]) -> dict[str, Any]:
    answer = real(message, files)
    if answer.get("result") == {}:
        return {"error": "catalogue", "code": "sealservice.messages", "details": {}}
    return answer


if __name__ == "__main__":
    tasks.TASKS["prepare"] = "__main__:lie"
    tasks.TASKS["scribble"] = "__main__:scribble"
    real, child._answer = child._answer, _answer
    child.main()
