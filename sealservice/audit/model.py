"""The table of audit lines. The database itself refuses to change or delete one (see the migrations)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from sealservice.kernel.database import Table


class AuditLine(Table):
    """One event. `entry` is its canonical JSON, the very bytes that `leaf_hash` covers; the other columns repeat it
    for searching, and `high_water` carries the clock's mark along."""

    __tablename__ = "audit_lines"

    index: Mapped[int] = mapped_column("line", primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    high_water: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    act: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(128))
    entry: Mapped[bytes] = mapped_column(LargeBinary)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary(32))

    __table_args__ = (Index("audit_lines_by_subject", "subject", "line"),)
