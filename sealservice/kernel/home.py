"""Which data folder a database belongs to: one, and it is written down on both sides.

Whether a process still lives is told by its lock in the data folder (`kernel.instance`). A second folder on the same
database would see none of these locks, take what the others are at work on for left behind, and settle it under their
hands. So every folder has an identity, the database holds the one it belongs to, and no other is let in.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import CheckConstraint, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from sealservice.kernel.database import Database, Table
from sealservice.kernel.errors import Misconfigured
from sealservice.kernel.identifiers import new_identifier

FILE = "home.id"
_CLAIM = text("INSERT INTO home (one, home_id) VALUES (1, :home_id) ON CONFLICT DO NOTHING")


class OwnHome(Table):
    """The data folder that this database belongs to, in one row."""

    __tablename__ = "home"

    one: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    home_id: Mapped[str] = mapped_column(String(36))

    __table_args__ = (CheckConstraint("one = 1", name="one_home"),)


def require_own_home(database: Database, folder: Path) -> None:
    """A database that belongs to no data folder yet is claimed for `folder`.

    Raises Misconfigured("DATABASE_OF_ANOTHER_HOME") when it belongs to another."""
    owner = _owner(database)
    if owner is None:
        ours = _identified(folder)
        with database.begin() as session:
            session.execute(_CLAIM, {"home_id": ours})  # two processes of one house may come at once
        owner = _owner(database)
    if owner != _identity(folder):
        shown = database.url.render_as_string(hide_password=True)
        raise Misconfigured("DATABASE_OF_ANOTHER_HOME", database=shown, owner=owner, home=folder, file=folder / FILE)


def _owner(database: Database) -> str | None:
    with database.read() as session:
        return session.scalar(select(OwnHome.home_id))


def _identity(folder: Path) -> str | None:
    file = folder / FILE
    return file.read_text(encoding="utf-8", errors="replace").strip() if file.exists() else None


def _identified(folder: Path) -> str:
    """The identity of `folder`, which gets one now if it has none. Whoever comes second takes that of the first."""
    file, identity = folder / FILE, new_identifier()
    draft = folder / f".{identity}.part"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, f"{identity}\n".encode())
        os.fsync(descriptor)
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        os.close(descriptor)
        draft.unlink()
    return _identity(folder) or identity
