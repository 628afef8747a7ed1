"""Credit: scorecards, runs, simulations

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PUBLICATION_LOCK = 0x7472757374_01
# One call takes the lock and then reads: inside a volatile function each statement has its own snapshot, so
# what the lock waited for is seen.
GENERATION = f"""
CREATE FUNCTION scorecards_generation() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({PUBLICATION_LOCK});
    RETURN (SELECT greatest(max(published_at), max(withdrawn_at) FILTER (WHERE published_at IS NOT NULL))
            FROM scorecards);
END
$$
"""


def upgrade() -> None:
    op.drop_constraint(op.f("ck_published_grades_cause"), "published_grades", type_="check")
    op.create_check_constraint(
        op.f("ck_published_grades_cause"),
        "published_grades",
        "cause IN ('first', 'fact', 'time', 'objection', 'subject', 'card')",
    )
    op.create_index(
        "ix_facts_later_versions",
        "facts",
        ["subject_id", "id", "version"],
        postgresql_where=sa.text("version > 1"),
    )
    op.create_index(
        "ix_facts_repaired", "facts", ["subject_id"], postgresql_where=sa.text("code = 'REPAIRED'")
    )
    op.add_column("subjects", sa.Column("look_again_on", sa.Date(), nullable=True))
    op.add_column("subjects", sa.Column("asked_up_to", sa.DateTime(timezone=True), nullable=True))
    op.add_column("subjects", sa.Column("scored_by", sa.String(length=64), nullable=True))
    op.execute("UPDATE subjects SET look_again_on = next_change_on")
    op.drop_index("ix_subjects_next_change_on", table_name="subjects")
    op.create_index(
        "ix_subjects_look_again_on",
        "subjects",
        ["look_again_on"],
        postgresql_where=sa.text("look_again_on IS NOT NULL"),
    )
    op.create_table(
        "scorecards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.String(length=100), nullable=False),
        sa.Column("card_version", sa.String(length=40), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.String(length=24)), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("editors", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiver", sa.Text(), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
        sa.Column("taken_up_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'published', 'withdrawn')", name=op.f("ck_scorecards_state")
        ),
        sa.CheckConstraint("hash ~ '^[0-9a-f]{64}$'", name=op.f("ck_scorecards_hash")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_scorecards_version")),
        sa.CheckConstraint(
            "(published_at IS NULL) = (published_by IS NULL)", name=op.f("ck_scorecards_published_by_somebody")
        ),
        sa.CheckConstraint(
            "state <> 'published' OR published_at IS NOT NULL", name=op.f("ck_scorecards_published_has_time")
        ),
        sa.CheckConstraint(
            "(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name=op.f("ck_scorecards_withdrawn_has_time")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecards")),
    )
    op.create_index(
        "uq_scorecards_card_version",
        "scorecards",
        ["card_id", "region", "card_version"],
        unique=True,
        postgresql_where=sa.text("published_at IS NOT NULL"),
    )
    op.create_index(
        "uq_scorecards_first_day",
        "scorecards",
        ["card_id", "region", "effective_from"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_index(
        "ix_scorecards_not_taken_up",
        "scorecards",
        ["effective_from"],
        postgresql_where=sa.text("state = 'published' AND taken_up_on IS NULL"),
    )
    op.execute(GENERATION)
    op.create_table(
        "scoring_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.String(length=24)), nullable=False),
        sa.Column("card_id", sa.String(length=100), nullable=True),
        sa.Column("draft_id", sa.Uuid(), nullable=True),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("card_hash", sa.String(length=64), nullable=True),
        sa.Column("valid_at", sa.Date(), nullable=False),
        sa.Column("cursor", sa.Uuid(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("differing", sa.Integer(), nullable=False),
        sa.Column("worked_ms", sa.Integer(), nullable=False),
        sa.Column("methods", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("statistics", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('rescore', 'dry_run', 'simulation')", name=op.f("ck_scoring_runs_purpose")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'cancelled', 'failed')", name=op.f("ck_scoring_runs_state")
        ),
        sa.CheckConstraint("region ~ '^[0-9]{6}$'", name=op.f("ck_scoring_runs_region")),
        sa.CheckConstraint(
            "(purpose = 'simulation') = (draft_id IS NOT NULL)", name=op.f("ck_scoring_runs_simulates_a_draft")
        ),
        sa.CheckConstraint("done BETWEEN 0 AND total", name=op.f("ck_scoring_runs_done")),
        sa.ForeignKeyConstraint(["draft_id"], ["scorecards.id"], name=op.f("fk_scoring_runs_draft_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scoring_runs")),
    )
    op.create_index(
        "ix_scoring_runs_active",
        "scoring_runs",
        ["requested_at"],
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_index(
        "ix_scoring_runs_draft_id",
        "scoring_runs",
        ["draft_id", "id"],
        postgresql_where=sa.text("draft_id IS NOT NULL"),
    )
    op.create_table(
        "scoring_results",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("score_before", sa.Numeric(precision=10, scale=4), nullable=True),
        sa.Column("grade_before", sa.String(length=16), nullable=True),
        sa.Column("score", sa.Numeric(precision=10, scale=4), nullable=True),
        sa.Column("grade", sa.String(length=16), nullable=True),
        sa.Column("tier", sa.String(length=16), nullable=True),
        sa.Column("vetoes", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("look_again_on", sa.Date(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "subject_id", name=op.f("pk_scoring_results")),
    )


def downgrade() -> None:
    op.drop_table("scoring_results")
    op.drop_table("scoring_runs")
    op.execute("DROP FUNCTION scorecards_generation()")
    op.drop_table("scorecards")
    op.drop_index("ix_subjects_look_again_on", table_name="subjects")
    op.create_index(
        "ix_subjects_next_change_on",
        "subjects",
        ["next_change_on"],
        postgresql_where=sa.text("next_change_on IS NOT NULL"),
    )
    op.drop_column("subjects", "scored_by")
    op.drop_column("subjects", "asked_up_to")
    op.drop_column("subjects", "look_again_on")
    op.drop_index("ix_facts_repaired", table_name="facts")
    op.drop_index("ix_facts_later_versions", table_name="facts")
    op.drop_constraint(op.f("ck_published_grades_cause"), "published_grades", type_="check")
    op.create_check_constraint(
        op.f("ck_published_grades_cause"),
        "published_grades",
        "cause IN ('first', 'fact', 'time', 'objection', 'subject')",
    )
