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
    op.drop_constraint(op.f("ck_published_grades_cause"), "published_grades", type_="check")
    op.create_check_constraint(
        op.f("ck_published_grades_cause"),
        "published_grades",
        "cause IN ('first', 'fact', 'time', 'objection', 'subject')",
    )
    _subjects()
    _relations()
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
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.CheckConstraint("act IN ('merge', 'unmerge')", name=op.f("ck_subject_merges_act")),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'revoked', 'closed')", name=op.f("ck_subject_merges_status")
        ),
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


def _relations() -> None:
    op.create_table(
        "relations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("merge_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('branch_of', 'employs', 'legal_representative', 'principal', 'controller', "
            "'responsible_manager', 'guide_contract')",
            name=op.f("ck_relations_kind"),
        ),
        sa.CheckConstraint("from_id <> to_id", name=op.f("ck_relations_two_subjects")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_relations_period")),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_on IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)",
            name=op.f("ck_relations_ended_by_somebody"),
        ),
        sa.ForeignKeyConstraint(["from_id"], ["subjects.id"], name=op.f("fk_relations_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["subjects.id"], name=op.f("fk_relations_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relations")),
    )
    op.create_index("ix_relations_from_id", "relations", ["from_id"])
    op.create_index("ix_relations_to_id", "relations", ["to_id"])
    still_open = "ends_on IS NULL AND ended_at IS NULL"
    op.create_index(
        "uq_relations_open",
        "relations",
        ["kind", "from_id", "to_id"],
        unique=True,
        postgresql_where=sa.text(still_open),
    )
    op.create_index(
        "uq_relations_head_office",
        "relations",
        ["from_id"],
        unique=True,
        postgresql_where=sa.text(f"kind = 'branch_of' AND {still_open}"),
    )
    op.create_index(
        "uq_relations_legal_representative",
        "relations",
        ["to_id"],
        unique=True,
        postgresql_where=sa.text(f"kind = 'legal_representative' AND {still_open}"),
    )


def downgrade() -> None:
    for table in (
        "relations",
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
    op.drop_constraint(op.f("ck_published_grades_cause"), "published_grades", type_="check")
    op.create_check_constraint(
        op.f("ck_published_grades_cause"),
        "published_grades",
        "cause IN ('first', 'fact', 'time', 'objection')",
    )
