"""Files that a command is told to read or to write: what is said when that cannot be, and whose they are afterwards.

What the house keeps is for its owner alone, whatever the shell's umask says. What a command hands out is the caller's:
it gets the rights that the caller's umask gives.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from sealservice.kernel.errors import InvalidInput

_OWNER_ALONE = 0o077
_callers_umask: ContextVar[int] = ContextVar("callers_umask")


@contextmanager
def private() -> Iterator[None]:
    """Whatever is made inside, here or by a child, is 0600, a folder 0700."""
    before = os.umask(_OWNER_ALONE)
    remembered = _callers_umask.set(before)
    try:
        yield
    finally:
        _callers_umask.reset(remembered)
        os.umask(before)


@contextmanager
def handed_out() -> Iterator[None]:
    """Whatever is made inside is the caller's, with the rights that the caller's umask gives."""
    before = os.umask(_callers_umask.get(_OWNER_ALONE))
    try:
        yield
    finally:
        os.umask(before)


def require_readable(path: Path) -> None:
    """Raises InvalidInput for a folder, and for a pipe or a device, on which one would wait for ever."""
    try:
        if path.is_dir():
            raise InvalidInput("FILE_IS_FOLDER", path=path)
        if path.exists() and not path.is_file():
            raise InvalidInput("FILE_IS_NO_FILE", path=path)
    except OSError as error:
        raise InvalidInput("FILE_UNREADABLE", path=path, reason=error.strerror) from error


def require_writable(path: Path) -> None:
    """Raises InvalidInput for a pipe or a device, whose place a file would take, and for a folder that is closed."""
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise InvalidInput("FILE_IS_NO_FILE", path=path)
        if path.parent.is_dir() and not os.access(path.parent, os.W_OK | os.X_OK):
            raise InvalidInput("FILE_UNWRITABLE", path=path, reason=os.strerror(errno.EACCES))
    except OSError as error:
        raise InvalidInput("FILE_UNWRITABLE", path=path, reason=error.strerror) from error


def read(path: Path) -> bytes:
    """The content of `path`. Raises InvalidInput."""
    require_readable(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput("FILE_UNREADABLE", path=path, reason=error.strerror) from error


def write(path: Path, content: bytes) -> None:
    """Raises InvalidInput."""
    require_writable(path)
    try:
        with handed_out():
            path.write_bytes(content)
    except OSError as error:
        raise InvalidInput("FILE_UNWRITABLE", path=path, reason=error.strerror) from error


def make_folder(path: Path) -> None:
    """Harmless for one that is there. Raises InvalidInput("FILE_UNWRITABLE")."""
    try:
        with handed_out():
            path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput("FILE_UNWRITABLE", path=path, reason=error.strerror) from error
