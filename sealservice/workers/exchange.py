"""What a worker is handed for one document, and what is taken back from it: files and figures, none of them believed.

A document may take over the program that reads it. So what was given is copied and hashed here before a worker sees
it, the worker works on nameless files that are nobody else's, and what it wrote is copied out and hashed again on the
way: from then on no worker has hold of the draft, and every digest and length in a `Preparation` is one that this
process counted. Refuses to know what a PDF is; what the added part *shows* is the worker's word (docs/threat-model.md).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sealservice.kernel.errors import DocumentRefused, InvalidInput, SealServiceError, Unavailable
from sealservice.workers.order import Preparation
from sealverify.digest import Digest

_PIECE = 1 << 20


class WorkerUntrue(SealServiceError):
    """What a worker said of its work is not so. Nothing is signed, and the worker is ended."""


@dataclass(frozen=True)
class Exchange:
    """One document on its way through a worker: `files` are what the worker gets, `document` is the digest of what was
    given and `size` its length, `output` where the draft will lie."""

    files: tuple[int, ...]
    document: Digest
    size: int
    output: Path

    def receive(self, answer: dict[str, Any]) -> Preparation:
        """Copies what the worker wrote to `output` and holds its answer against it.

        Raises WorkerUntrue("WORKER_UNTRUE"), Unavailable("STORE_UNAVAILABLE"); there is no `output` then."""
        try:
            claim = Preparation.from_json({**answer, "document": self.document.hex})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise WorkerUntrue("WORKER_UNTRUE", what="answer") from error
        self._require_whole(claim)
        try:
            prefix, signed = _taken_over(self.files[1], self.output, claim)
            self._require_true(claim, prefix, signed)
        except BaseException:
            self.output.unlink(missing_ok=True)
            raise
        return claim

    def _require_whole(self, claim: Preparation) -> None:
        """The ByteRange is the whole file but for the signature, and what was given lies before that."""
        figures = (*claim.byte_range, claim.contents_at, claim.contents_length, claim.prefix_length)
        if any(type(figure) is not int for figure in figures) or claim.contents_length < 0:
            raise WorkerUntrue("WORKER_UNTRUE", what="answer")
        end, size = _end(claim), os.fstat(self.files[1]).st_size
        whole = claim.byte_range == (0, claim.contents_at, end, size - end) and end <= size
        if not whole or not 0 <= claim.prefix_length <= claim.contents_at:
            raise WorkerUntrue("WORKER_UNTRUE", what="ByteRange")

    def _require_true(self, claim: Preparation, prefix: Digest, signed: Digest) -> None:
        if signed != claim.digest:
            raise WorkerUntrue("WORKER_UNTRUE", what="digest")
        if prefix != claim.prefix_digest:
            raise WorkerUntrue("WORKER_UNTRUE", what="prefix")
        if not claim.normalised and (claim.prefix_length, prefix) != (self.size, self.document):
            raise WorkerUntrue("WORKER_UNTRUE", what="document")


@contextlib.contextmanager
def handed_over(document: Path, output: Path, picture: Path | None, *, limit: int) -> Iterator[Exchange]:
    """The files of one job: a copy of `document`, an empty file to write to, and the picture.

    Raises DocumentRefused("DOCUMENT_TOO_LARGE") beyond `limit` bytes, InvalidInput("DOCUMENT_FILE_UNREADABLE") and
    Unavailable("STORE_UNAVAILABLE")."""
    with contextlib.ExitStack() as stack:
        copy, draft = (stack.enter_context(_nameless(output.parent)) for _ in range(2))
        digest, size = _copied(document, copy, limit)
        given = os.open(f"/proc/self/fd/{copy}", os.O_RDONLY | os.O_CLOEXEC)  # to be read, whatever it would rather
        stack.callback(os.close, given)
        files = [given, draft]
        if picture is not None:
            files.append(stack.enter_context(_opened(picture)))
        yield Exchange(tuple(files), digest, size, output)


@contextlib.contextmanager
def _nameless(folder: Path) -> Iterator[int]:
    """A file that nobody can open by a name, and that is gone when the last who has it lets go."""
    with contextlib.ExitStack() as stack:
        with _storing():
            file = stack.enter_context(tempfile.TemporaryFile(dir=folder, buffering=0))
        yield file.fileno()


def _copied(document: Path, copy: int, limit: int) -> tuple[Digest, int]:
    """The digest and the length of what was copied, which is what the worker will see. A file that grows meanwhile, or
    that has no end, is taken no further than `limit`."""
    hashed, size = hashlib.sha256(), 0
    with _opened(document) as file:
        while piece := _read(document, file):
            size += len(piece)
            if size > limit:
                raise DocumentRefused("DOCUMENT_TOO_LARGE", size=max(size, os.fstat(file).st_size), limit=limit >> 20)
            hashed.update(piece)
            _write(copy, piece)
    return Digest("sha256", hashed.digest()), size


@contextlib.contextmanager
def _opened(document: Path) -> Iterator[int]:
    try:
        file = os.open(document, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(document, error) from error
    try:
        yield file
    finally:
        os.close(file)


def _read(document: Path, file: int) -> bytes:
    try:
        return os.read(file, _PIECE)
    except OSError as error:
        raise _unreadable(document, error) from error


def _unreadable(document: Path, error: OSError) -> InvalidInput:
    return InvalidInput("DOCUMENT_FILE_UNREADABLE", path=document, reason=error.strerror)


def _taken_over(draft: int, output: Path, claim: Preparation) -> tuple[Digest, Digest]:
    """Copies the draft to `output`; the digests of its prefix and of its ByteRange, counted on the bytes that were
    copied. Whoever still writes to the draft writes to what nobody reads any more."""
    end, last = _end(claim), sum(claim.byte_range[2:])
    hashed = hashlib.sha256()
    with _storing():
        copy = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        _pass_on(draft, copy, 0, claim.prefix_length, hashed)
        prefix = Digest("sha256", hashed.digest())
        _pass_on(draft, copy, claim.prefix_length, claim.contents_at, hashed)
        _pass_on(draft, copy, claim.contents_at, end, None)
        _pass_on(draft, copy, end, last, hashed)
    finally:
        os.close(copy)
    return prefix, Digest("sha256", hashed.digest())


def _pass_on(draft: int, copy: int, start: int, stop: int, hashed: hashlib._Hash | None) -> None:
    while start < stop:
        piece = os.pread(draft, min(_PIECE, stop - start), start)
        if not piece:
            raise WorkerUntrue("WORKER_UNTRUE", what="length")
        if hashed is not None:
            hashed.update(piece)
        _write(copy, piece)
        start += len(piece)


def _write(file: int, piece: bytes) -> None:
    rest = memoryview(piece)
    with _storing():
        while rest:
            rest = rest[os.write(file, rest) :]


@contextlib.contextmanager
def _storing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable("STORE_UNAVAILABLE", reason=error.strerror) from error


def _end(claim: Preparation) -> int:
    """Where the signature's string ends, its closing bracket included."""
    return claim.contents_at + claim.contents_length + 2
