"""The points of the sealing cycle at which a story kills the process: between each two steps, and inside each.

`POINTS` tells for each what the token has signed by then, and how the register has to end: with nothing, with an
abandoned intent, or with the recorded impression. `Point.arm` runs in the process that will die, and changes nothing
in it but that one instant.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy

from keystore.session import WorkSession
from keystore.store import TokenKeyStore
from sealservice.documents.store import DocumentStore
from sealservice.impressions import check, operations, recording
from sealservice.impressions.intention import Intentions
from sealservice.impressions.recording import Recorder
from sealservice.kernel.database import Database
from sealservice.timestamps.authority import TimestampAuthority
from sealservice.workers import protocol
from sealservice.workers.order import Preparation
from sealservice.workers.pool import WorkerPool


class Ending(StrEnum):
    NOTHING = "NOTHING"
    ABANDONED = "ABANDONED"
    RECORDED = "RECORDED"


@dataclass(frozen=True)
class Point:
    """Where the process dies; how many signatures the token has made by then; what becomes of the impression."""

    name: str
    arm: Callable[[Database], None]
    signatures: int
    ending: Ending

    def __str__(self) -> str:
        return self.name


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str) -> Callable[[Database], None]:
    """Dies when `owner.name` is called."""

    def arm(_: Database) -> None:
        setattr(owner, name, lambda *_, **__: die())

    return arm


def after(owner: Any, name: str, *, call: int = 1) -> Callable[[Database], None]:
    """Dies when `owner.name` has done its work, in its `call`-th call."""

    def arm(_: Database) -> None:
        real, calls = getattr(owner, name), iter(range(1, call + 1))

        def last(*arguments: Any, **named: Any) -> Any:
            result = real(*arguments, **named)
            if next(calls) == call:
                die()
            return result

        setattr(owner, name, last)

    return arm


def commit_after(owner: Any, name: str) -> Callable[[Database], None]:
    """Dies in the transaction in which `owner.name` did its work, when all is written and COMMIT was not yet sent."""

    def arm(database: Database) -> None:
        real = getattr(owner, name)

        def last(*arguments: Any, **named: Any) -> Any:
            result = real(*arguments, **named)
            sqlalchemy.event.listen(database.engine, "commit", lambda _: die())
            return result

        setattr(owner, name, last)

    return arm


def half_a_signature(_: Database) -> None:
    def write(draft: Path, preparation: Preparation, cms: bytes) -> None:
        with draft.open("r+b") as file:
            file.seek(preparation.contents_at + 1)
            file.write(cms.hex().encode()[: len(cms)])
        die()

    operations.write_signature = write


def _points() -> tuple[Point, ...]:
    nothing, abandoned, recorded = Ending.NOTHING, Ending.ABANDONED, Ending.RECORDED
    return (
        Point("before the document is read", before(WorkerPool, "prepare"), 0, nothing),
        Point("while the worker reads the document", before(protocol, "receive"), 0, nothing),
        Point("with the document prepared and no intent", after(WorkerPool, "prepare"), 0, nothing),
        Point("inside the intent, its first row written", before(Intentions, "_planned"), 0, nothing),
        Point("inside the intent, before its commit", commit_after(Intentions, "_planned"), 0, nothing),
        Point("with the intent committed", after(Intentions, "intend"), 0, abandoned),
        Point("as the key is asked", before(TokenKeyStore, "sign"), 0, abandoned),
        Point("in the token, before it signs", before(WorkSession, "sign"), 0, abandoned),
        Point("in the token, just after it signed", after(WorkSession, "sign"), 1, abandoned),
        Point("with the signature in hand", after(TokenKeyStore, "sign"), 1, abandoned),
        Point("as the time is asked", before(TimestampAuthority, "timestamp"), 1, abandoned),
        Point("in the token, just after it stamped the time", after(WorkSession, "sign", call=2), 2, abandoned),
        Point("with the timestamp in hand", after(TimestampAuthority, "timestamp"), 2, abandoned),
        Point("before the signature is written", before(operations, "write_signature"), 2, abandoned),
        Point("with half of the signature written", half_a_signature, 2, abandoned),
        Point("with the signature written", after(operations, "write_signature"), 2, abandoned),
        Point("during the check", before(check, "_check_place"), 2, abandoned),
        Point("with the file checked and not stored", before(DocumentStore, "keep"), 2, abandoned),
        Point("before the file is forced to disk", before(os, "fsync"), 2, abandoned),
        Point("between the fsync and the link", before(os, "link"), 2, abandoned),
        Point("between the link and the fsync of its folder", after(os, "link"), 2, abandoned),
        Point("with the file stored and no record", before(Recorder, "record"), 2, abandoned),
        Point("inside the record, the file's row written", before(recording, "_settle"), 2, abandoned),
        Point("inside the record, before its audit line", before(recording, "append"), 2, abandoned),
        Point("inside the record, before its commit", commit_after(recording, "append"), 2, abandoned),
        Point("with the record committed, before the reply", after(Recorder, "_commit"), 2, recorded),
        Point("before the draft is removed", before(Path, "unlink"), 2, recorded),
        Point("before the sealed file is handed out", before(DocumentStore, "copy_out"), 2, recorded),
        Point("with half of the sealed file handed out", before(Path, "replace"), 2, recorded),
    )


POINTS = {point.name: point for point in _points()}
