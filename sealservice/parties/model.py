"""Organisations and people."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sealservice.kernel.database import Table


class Organization(Table):
    """A body that a seal can speak for, known by its unified social credit code (GB 32100-2015)."""

    __tablename__ = "organizations"

    credit_code: Mapped[str] = mapped_column(String(18), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str | None] = mapped_column(String(200))
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class Person(Table):
    """Somebody who can act here, by a short handle. The handle stays for ever; it stands in the audit."""

    __tablename__ = "people"

    handle: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    credit_code: Mapped[str | None] = mapped_column(ForeignKey("organizations.credit_code"))
    created_at: Mapped[datetime]
