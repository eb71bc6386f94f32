"""Renewals of seals: asked for by one, approved by another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seal_renewals",
        sa.Column("renewal_id", sa.String(length=36), nullable=False),
        sa.Column("seal_code", sa.String(length=14), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="who_asks_cannot_approve"),
        sa.ForeignKeyConstraint(["seal_code"], ["seals.code"]),
        sa.ForeignKeyConstraint(["requested_by"], ["people.handle"]),
        sa.ForeignKeyConstraint(["approved_by"], ["people.handle"]),
        sa.PrimaryKeyConstraint("renewal_id"),
    )
    op.create_index(
        "one_open_renewal_of_a_seal",
        "seal_renewals",
        ["seal_code"],
        unique=True,
        sqlite_where=sa.text("state IN ('REQUESTED', 'APPROVED')"),
        postgresql_where=sa.text("state IN ('REQUESTED', 'APPROVED')"),
    )


def downgrade() -> None:
    raise RuntimeError("the register is not taken back; restore a backup instead")
