"""The table of stored contents."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from sealservice.kernel.database import Table, Word


class Kind(StrEnum):
    SEALED = "SEALED"
    PICTURE = "PICTURE"
    PICTURE_PDF = "PICTURE_PDF"


class Document(Table):
    """One content, named by its digest ("sha256:…"). A file in the store without a row here was never released."""

    __tablename__ = "documents"

    digest: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[Kind] = mapped_column(Word(Kind))
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(64))
    stored_at: Mapped[datetime]
