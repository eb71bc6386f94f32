"""Who on this machine may get at a file: nobody but its owner, for all that the house keeps.

The command line sets the umask, so that nothing is born open. This room looks at what is there; it changes nothing.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def mode_of(path: Path) -> str:
    """The rights of `path` as chmod takes them, such as "0640"."""
    return f"{stat.S_IMODE(path.lstat().st_mode):04o}"


def is_open(path: Path) -> bool:
    """Whether group or others have any right to `path` itself. A link has no rights of its own."""
    status = path.lstat()
    return not stat.S_ISLNK(status.st_mode) and bool(status.st_mode & _OTHERS)


def find_open(*folders: Path) -> Path | None:
    """The first of `folders`, and of all that lies below them, that group or others have a right to."""
    return next((path for folder in folders for path in _below(folder) if is_open(path)), None)


def _below(path: Path) -> Iterator[Path]:
    if path.exists():
        yield path
    if path.is_dir() and not path.is_symlink():
        for inner in sorted(path.iterdir()):
            yield from _below(inner)
