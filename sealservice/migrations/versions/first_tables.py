"""The first tables, and the audit that can only grow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NEVER = "audit lines are never changed or deleted"


def upgrade() -> None:
    op.create_table(
        "audit_lines",
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("high_water", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("line"),
    )
    op.create_index("audit_lines_by_subject", "audit_lines", ["subject", "line"], unique=False)
    op.create_table(
        "home",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("home_id", sa.String(length=36), nullable=False),
        sa.CheckConstraint("one = 1", name="one_home"),
        sa.PrimaryKeyConstraint("one"),
    )
    op.create_table(
        "documents",
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "keys",
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("algorithm", sa.String(length=64), nullable=False),
        sa.Column("protection", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("wrapping_key_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_table(
        "organizations",
        sa.Column("credit_code", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("credit_code"),
    )
    op.create_table(
        "certificates",
        sa.Column("certificate_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("profile", sa.String(length=16), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("subject_name", sa.String(length=500), nullable=False),
        sa.Column("issuer_id", sa.String(length=36), nullable=True),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revocation_reason", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["issuer_id"],
            ["certificates.certificate_id"],
        ),
        sa.ForeignKeyConstraint(
            ["key_id"],
            ["keys.key_id"],
        ),
        sa.PrimaryKeyConstraint("certificate_id"),
    )
    op.create_index(
        "certificates_to_be_issued",
        "certificates",
        ["valid_from"],
        sqlite_where=sa.text("state = 'INTENDED'"),
        postgresql_where=sa.text("state = 'INTENDED'"),
    )
    op.create_index(op.f("ix_certificates_issuer_id"), "certificates", ["issuer_id"], unique=False)
    op.create_index(op.f("ix_certificates_key_id"), "certificates", ["key_id"], unique=False)
    op.create_table(
        "people",
        sa.Column("handle", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("credit_code", sa.String(length=18), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["credit_code"],
            ["organizations.credit_code"],
        ),
        sa.PrimaryKeyConstraint("handle"),
    )
    op.create_table(
        "seals",
        sa.Column("code", sa.String(length=14), nullable=False),
        sa.Column("credit_code", sa.String(length=18), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("picture", sa.String(length=80), nullable=False),
        sa.Column("picture_pdf", sa.String(length=80), nullable=False),
        sa.Column("width_mm", sa.Double(), nullable=False),
        sa.Column("height_mm", sa.Double(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("made_by", sa.String(length=64), nullable=True),
        sa.Column("certificate_id", sa.String(length=36), nullable=True),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="who_requests_cannot_approve"),
        sa.ForeignKeyConstraint(
            ["approved_by"],
            ["people.handle"],
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.certificate_id"],
        ),
        sa.ForeignKeyConstraint(
            ["credit_code"],
            ["organizations.credit_code"],
        ),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["people.handle"],
        ),
        sa.ForeignKeyConstraint(
            ["picture"],
            ["documents.digest"],
        ),
        sa.ForeignKeyConstraint(
            ["picture_pdf"],
            ["documents.digest"],
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"],
            ["people.handle"],
        ),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "impressions",
        sa.Column("impression_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("seal_code", sa.String(length=14), nullable=False),
        sa.Column("certificate_id", sa.String(length=36), nullable=False),
        sa.Column("pressed_by", sa.String(length=64), nullable=False),
        sa.Column("instance", sa.String(length=36), nullable=False),
        sa.Column("document", sa.String(length=80), nullable=False),
        sa.Column("signed_digest", sa.String(length=80), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("request_digest", sa.String(length=80), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("replaces", sa.String(length=36), nullable=True),
        sa.Column("preparation", sa.JSON(), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("intended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.String(length=80), nullable=True),
        sa.Column("timestamp_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timestamp_source", sa.String(length=200), nullable=True),
        sa.Column("cms", sa.LargeBinary(), nullable=True),
        sa.Column("failure", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.certificate_id"],
        ),
        sa.ForeignKeyConstraint(
            ["pressed_by"],
            ["people.handle"],
        ),
        sa.ForeignKeyConstraint(
            ["replaces"],
            ["impressions.impression_id"],
        ),
        sa.ForeignKeyConstraint(
            ["seal_code"],
            ["seals.code"],
        ),
        sa.ForeignKeyConstraint(
            ["sealed"],
            ["documents.digest"],
        ),
        sa.PrimaryKeyConstraint("impression_id"),
        sa.UniqueConstraint("signed_digest"),
    )
    op.create_index(op.f("ix_impressions_document"), "impressions", ["document"], unique=False)
    op.create_index(op.f("ix_impressions_seal_code"), "impressions", ["seal_code"], unique=False)
    op.create_index(op.f("ix_impressions_state"), "impressions", ["state"], unique=False)
    op.create_index(
        "one_living_impression_for_a_key",
        "impressions",
        ["idempotency_key"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('ABANDONED', 'FAILED')"),
        postgresql_where=sa.text("state NOT IN ('ABANDONED', 'FAILED')"),
    )
    op.create_table(
        "seal_certificates",
        sa.Column("certificate_id", sa.String(length=36), nullable=False),
        sa.Column("seal_code", sa.String(length=14), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.certificate_id"],
        ),
        sa.ForeignKeyConstraint(
            ["seal_code"],
            ["seals.code"],
        ),
        sa.PrimaryKeyConstraint("certificate_id"),
    )
    op.create_index(op.f("ix_seal_certificates_seal_code"), "seal_certificates", ["seal_code"], unique=False)
    op.create_table(
        "seal_keepers",
        sa.Column("seal_code", sa.String(length=14), nullable=False),
        sa.Column("handle", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["handle"],
            ["people.handle"],
        ),
        sa.ForeignKeyConstraint(
            ["seal_code"],
            ["seals.code"],
        ),
        sa.PrimaryKeyConstraint("seal_code", "handle", "since"),
    )
    op.create_table(
        "planned_signatures",
        sa.Column("impression_id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["impression_id"],
            ["impressions.impression_id"],
        ),
        sa.ForeignKeyConstraint(
            ["key_id"],
            ["keys.key_id"],
        ),
        sa.PrimaryKeyConstraint("impression_id", "purpose"),
    )

    _let_the_audit_only_grow()


def _let_the_audit_only_grow() -> None:
    """The database itself refuses, whoever asks."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_NEVER}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_lines_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_lines "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )
        return
    # The last: REPLACE deletes past the trigger on DELETE, unless the connection asks for recursive triggers.
    for name, event in {
        "update": "UPDATE ON audit_lines",
        "delete": "DELETE ON audit_lines",
        "replacement": "INSERT ON audit_lines WHEN EXISTS (SELECT 1 FROM audit_lines WHERE line = NEW.line)",
    }.items():
        op.execute(f"CREATE TRIGGER audit_lines_no_{name} BEFORE {event} BEGIN SELECT RAISE(ABORT, '{_NEVER}'); END")


def downgrade() -> None:
    raise RuntimeError("the register is not taken back; restore a backup instead")
