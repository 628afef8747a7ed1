"""Credit: relations, deposits, qualifications, merging

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from common.audit import append_only_ddl
from sqlalchemy.dialects import postgresql

APPEND_ONLY = ("subject_states", "subject_merges")

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _subjects()
    for statement in append_only_ddl(*APPEND_ONLY):
        op.execute(statement)


def _subjects() -> None:
    op.add_column("subjects", sa.Column("licensed_on", sa.Date(), nullable=True))
    op.add_column("subjects", sa.Column("license_expires_on", sa.Date(), nullable=True))
    op.add_column("subjects", sa.Column("headcount", sa.Integer(), nullable=True))
    op.add_column("subjects", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_subjects_merged_into"), "subjects", "subjects", ["merged_into"], ["id"])
    op.create_check_constraint(op.f("ck_subjects_headcount"), "subjects", "headcount BETWEEN 0 AND 1000000")
    op.create_check_constraint(
        op.f("ck_subjects_licence_period"), "subjects", "license_expires_on >= licensed_on"
    )
    op.create_check_constraint(op.f("ck_subjects_merged_into_another"), "subjects", "merged_into <> id")
    op.create_index(
        "uq_subjects_natural_person",
        "subjects",
        ["id_number_index"],
        unique=True,
        postgresql_where=sa.text("kind = 'natural_person' AND merged_into IS NULL"),
    )
    op.create_index(
        "ix_subjects_merged_into",
        "subjects",
        ["merged_into"],
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index(
        "ix_subjects_license_expires_on",
        "subjects",
        ["license_expires_on"],
        postgresql_where=sa.text("license_expires_on IS NOT NULL"),
    )
    op.create_table(
        "subject_states",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("business_scope", postgresql.ARRAY(sa.String(length=16)), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=True),
        sa.Column("licensed_on", sa.Date(), nullable=True),
        sa.Column("headcount", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_subject_states_subject_id")),
        sa.PrimaryKeyConstraint("subject_id", "until_at", name=op.f("pk_subject_states")),
    )
    op.create_table(
        "subject_traces",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value_cipher", sa.Text(), nullable=False),
        sa.Column("value_index", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('alias', 'phone', 'account', 'address', 'vehicle')",
            name=op.f("ck_subject_traces_kind"),
        ),
        sa.CheckConstraint(
            "(removed_at IS NULL) = (removed_by IS NULL)", name=op.f("ck_subject_traces_removed_by_somebody")
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_subject_traces_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_traces")),
    )
    op.create_index("ix_subject_traces_subject_id", "subject_traces", ["subject_id"])
    op.create_index(
        "ix_subject_traces_value_index",
        "subject_traces",
        ["value_index"],
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "uq_subject_traces_value",
        "subject_traces",
        ["subject_id", "kind", "value_index"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "subject_merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(length=8), nullable=False),
        sa.Column("undoes", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.CheckConstraint("act IN ('merge', 'unmerge')", name=op.f("ck_subject_merges_act")),
        sa.CheckConstraint(
            "(act = 'unmerge') = (undoes IS NOT NULL)", name=op.f("ck_subject_merges_unmerge_undoes")
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_subject_merges_subject_id")),
        sa.ForeignKeyConstraint(["survivor_id"], ["subjects.id"], name=op.f("fk_subject_merges_survivor_id")),
        sa.ForeignKeyConstraint(["undoes"], ["subject_merges.id"], name=op.f("fk_subject_merges_undoes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_merges")),
    )
    op.create_index("ix_subject_merges_subject_id", "subject_merges", ["subject_id", "done_at"])
    op.create_index("ix_subject_merges_survivor_id", "subject_merges", ["survivor_id"])
    op.create_index("uq_subject_merges_undoes", "subject_merges", ["undoes"], unique=True)


def downgrade() -> None:
    for table in (
        "subject_merges",
        "subject_traces",
        "subject_states",
    ):
        op.drop_table(table)
    op.drop_index("ix_subjects_license_expires_on", "subjects")
    op.drop_index("ix_subjects_merged_into", "subjects")
    op.drop_index("uq_subjects_natural_person", "subjects")
    for column in ("merged_into", "headcount", "license_expires_on", "licensed_on"):
        op.drop_column("subjects", column)
