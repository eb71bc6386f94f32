"""Which process is at work, and whether it still lives.

Every process of the house holds a lock on a file of its own under `running/`. The kernel lets the lock go when the
process ends, however it ends; so whoever can take the lock knows that its owner is dead and that what it left behind
may be settled. A process id alone would not do: they are used again.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from sealservice.kernel.identifiers import new_identifier


class Instance:
    """This process, as others can see it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = new_identifier()
        self._path, draft = folder / self.name, folder / f".{self.name}"
        self._file = draft.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)  # before it can be found: nobody ever sees it unlocked while we live
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()
        draft.rename(self._path)

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()


def sweep(folder: Path) -> None:
    """Clears away the files of all processes that have ended."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith("."):
            is_alive(folder, path.name)


def is_alive(folder: Path, name: str) -> bool:
    """Whether the process that called itself `name` still holds its lock. Clears away the file of a dead one."""
    path = folder / name
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
