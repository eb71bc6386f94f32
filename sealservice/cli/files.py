"""Files that a command is told to read or to write: what is said when that cannot be."""

from __future__ import annotations

from pathlib import Path

from sealservice.kernel.errors import InvalidInput


def read(path: Path) -> bytes:
    """The content of `path`. Raises InvalidInput("FILE_UNREADABLE")."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput("FILE_UNREADABLE", path=path, reason=error.strerror) from error


def write(path: Path, content: bytes) -> None:
    """Raises InvalidInput("FILE_UNWRITABLE")."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InvalidInput("FILE_UNWRITABLE", path=path, reason=error.strerror) from error


def make_folder(path: Path) -> None:
    """Harmless for one that is there. Raises InvalidInput("FILE_UNWRITABLE")."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput("FILE_UNWRITABLE", path=path, reason=error.strerror) from error
