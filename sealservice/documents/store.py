"""Files by digest: written aside, forced to disk, then linked into place under their own SHA-256.

`documents/incoming/` holds what is being made, one file an impression; `documents/<2 hex>/<62 hex>` holds what was
finished. The store refuses to know what a content means; whether it was released is said by the database alone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sealservice.kernel.errors import InvalidInput, NotFound, Unavailable
from sealverify.digest import Digest


class DocumentStore:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def incoming(self, name: str) -> Path:
        """Where the work in progress called `name` lies."""
        return self._incoming / name

    def all_incoming(self) -> Iterator[Path]:
        yield from sorted(self._incoming.iterdir())

    def path(self, digest: Digest) -> Path:
        """Where the content of `digest` lies or would lie."""
        value = digest.value.hex()
        return self._folder / value[:2] / value[2:]

    def get(self, digest: Digest) -> Path:
        """The path of a stored content. Raises NotFound."""
        path = self.path(digest)
        if not path.is_file():
            raise NotFound("DOCUMENT_UNKNOWN", digest=digest)
        return path

    def put(self, data: bytes, *, name: str) -> Digest:
        """Stores `data` for good and returns its digest."""
        draft = self.incoming(name)
        try:
            draft.write_bytes(data)
            digest = Digest.of(data)
            self.keep(draft, digest)
        except OSError as error:
            raise Unavailable("STORE_UNAVAILABLE", reason=error.strerror) from error
        finally:
            draft.unlink(missing_ok=True)
        return digest

    def keep(self, draft: Path, digest: Digest) -> Path:
        """Forces `draft` to disk and links it under `digest`. The draft stays until its maker removes it.

        Raises Unavailable("STORE_UNAVAILABLE") when the disk is full or read-only; nothing is half-stored then."""
        target = self.path(digest)
        try:
            _force(draft)
            if not target.parent.is_dir():
                target.parent.mkdir(exist_ok=True)
                _force(self._folder)
            _link(draft, target)
        except OSError as error:
            raise Unavailable("STORE_UNAVAILABLE", reason=error.strerror) from error
        return target

    def discard(self, digest: Digest) -> None:
        """Removes a content that no row names."""
        self.path(digest).unlink(missing_ok=True)

    def copy_out(self, digest: Digest, target: Path) -> None:
        """Writes the content to `target`, whole or not at all. Raises NotFound, InvalidInput("OUTPUT_UNWRITABLE")."""
        source = self.get(digest)
        draft = target.with_name(f".{digest.hex[:16]}.part")  # not longer than the target's own name may be
        try:
            if target.exists() and not target.is_file():
                raise OSError(errno.EEXIST, "a folder, a pipe or a device is there")  # it would be replaced
            shutil.copyfile(source, draft)
            _force(draft)
            draft.replace(target)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise InvalidInput("OUTPUT_UNWRITABLE", path=target, reason=error.strerror) from error


def _link(draft: Path, target: Path) -> None:
    """Gives the content its name for good, or not at all. The same content may be there already."""
    try:
        os.link(draft, target)
    except FileExistsError:
        _force(target.parent)  # whoever linked it may not have come that far
        return
    try:
        _force(target.parent)
    except OSError:
        target.unlink(missing_ok=True)
        raise


def _force(path: Path) -> None:
    """fsync of a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
