"""Which rule of the database a statement broke: only the one that was expected may be told as what it means.

Knows how each database names it: PostgreSQL by the name of the index, SQLite by its columns.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import Index
from sqlalchemy.exc import IntegrityError


def breaks(error: IntegrityError, index: Index) -> bool:
    """Whether `error` says that a row with the same value of this unique `index` is there already."""
    origin = error.orig
    if isinstance(origin, sqlite3.IntegrityError):
        columns = ", ".join(str(column) for column in index.columns)
        return str(origin) == f"UNIQUE constraint failed: {columns}"
    return getattr(getattr(origin, "diag", None), "constraint_name", None) == index.name
