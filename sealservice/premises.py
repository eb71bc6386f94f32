"""Whether a folder is one that a house can be opened in: founded, ours to write, with its tables, its keys unexposed.

It looks, and says what is wrong and what to do. It makes nothing and mends nothing: founding does, and people.
"""

from __future__ import annotations

import os
from pathlib import Path

from sealservice.kernel.database import Database
from sealservice.kernel.errors import Misconfigured
from sealservice.kernel.modes import find_open, mode_of
from sealservice.settings import FILE


def is_founded(home: Path) -> bool:
    """Whether `home` is a data folder. Raises Misconfigured("HOME_CLOSED") when this account may not even look."""
    try:
        return (home / FILE).is_file()
    except PermissionError as error:
        raise Misconfigured("HOME_CLOSED", home=home, reason=error.strerror, owner=_owner(home)) from error


def require_founded(home: Path) -> None:
    """Raises Misconfigured("NOT_INITIALISED") for a folder that is no data folder, and Misconfigured("HOME_CLOSED") for
    one that this account cannot write, or that lies on something read-only."""
    if not is_founded(home):
        raise Misconfigured("NOT_INITIALISED", home=home)
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        raise Misconfigured("HOME_CLOSED", home=home, reason="not writable", owner=_owner(home))


def require_tables(database: Database) -> None:
    """Raises Misconfigured("DATABASE_MISSING"): an empty register in the place of a lost one would hide the loss."""
    if not database.has_tables():
        shown = database.file or database.url.render_as_string(hide_password=True)
        raise Misconfigured("DATABASE_MISSING", database=shown)


def require_private_tokens(home: Path) -> None:
    """Raises Misconfigured("KEY_FILES_OPEN") unless SoftHSM's files in `home` are for their owner alone."""
    found = find_open(home / "tokens")
    if found is not None:
        raise Misconfigured("KEY_FILES_OPEN", path=found, mode=mode_of(found), folder=home / "tokens")


def _owner(home: Path) -> str:
    """The account that `home` belongs to, or its number; that of the folder around it, where `home` cannot be seen."""
    for folder in (home, *home.absolute().parents):
        try:
            return folder.owner()
        except OSError:
            continue
        except KeyError:
            return f"uid {folder.stat().st_uid}"
    return "root"
