"""Credit: relations, deposits, qualifications, merging

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from common.audit import append_only_ddl
from sqlalchemy.dialects import postgresql

APPEND_ONLY = (
    "subject_states",
    "subject_merges",
    "deposit_entries",
    "deposit_certificates",
    "risk_classes",
)

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
    _deposits()
    _qualifications()
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
    op.create_table(
        "key_corrections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("old_key", sa.String(length=24), nullable=False),
        sa.Column("new_key", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'confirmed', 'refused')", name=op.f("ck_key_corrections_state")
        ),
        sa.CheckConstraint("old_key <> new_key", name=op.f("ck_key_corrections_keys_differ")),
        sa.CheckConstraint(
            "(state = 'proposed') = (decided_at IS NULL)", name=op.f("ck_key_corrections_decided")
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR decided_by <> proposed_by",
            name=op.f("ck_key_corrections_second_person"),
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_key_corrections_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_corrections")),
    )
    op.create_index("ix_key_corrections_subject_id", "key_corrections", ["subject_id", "id"])
    op.create_index(
        "uq_key_corrections_proposed",
        "key_corrections",
        ["subject_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )


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
            "'investor', 'responsible_manager', 'guide_contract')",
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


def _deposits() -> None:
    op.create_table('deposit_entries',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('form', sa.String(length=16), nullable=False),
    sa.Column('amount_fen', sa.BigInteger(), nullable=False),
    sa.Column('occurred_on', sa.Date(), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('institution', sa.Text(), nullable=True),
    sa.Column('instrument_no', sa.String(length=80), nullable=True),
    sa.Column('refers_to', sa.Uuid(), nullable=True),
    sa.Column('demand_id', sa.Uuid(), nullable=True),
    sa.Column('deferral', sa.String(length=100), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Text(), nullable=False),
    sa.CheckConstraint("form IN ('cash', 'guarantee', 'insurance')", name=op.f('ck_deposit_entries_form')),
    sa.CheckConstraint("kind IN ('payment', 'addition', 'replacement', 'top_up', 'use', 'refund', 'release', 'confirmation', 'void')", name=op.f('ck_deposit_entries_kind')),
    sa.CheckConstraint('amount_fen >= 0', name=op.f('ck_deposit_entries_amount_fen')),
    sa.CheckConstraint('expires_on >= occurred_on', name=op.f('ck_deposit_entries_expires_on')),
    sa.ForeignKeyConstraint(['refers_to'], ['deposit_entries.id'], name=op.f('fk_deposit_entries_refers_to')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_deposit_entries_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deposit_entries'))
    )
    op.create_index('ix_deposit_entries_expires_on', 'deposit_entries', ['expires_on'], unique=False, postgresql_where=sa.text('expires_on IS NOT NULL'))
    op.create_index('ix_deposit_entries_subject_id', 'deposit_entries', ['subject_id'], unique=False)
    op.create_index('uq_deposit_entries_voided', 'deposit_entries', ['refers_to'], unique=True, postgresql_where=sa.text("kind = 'void'"))
    op.create_table('deposit_demands',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('document_no', sa.String(length=80), nullable=False),
    sa.Column('authority', sa.String(length=100), nullable=False),
    sa.Column('cause', sa.String(length=24), nullable=False),
    sa.Column('amount_fen', sa.BigInteger(), nullable=False),
    sa.Column('notified_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('provisional', sa.Boolean(), nullable=False),
    sa.Column('due_steps', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('policy_version', sa.String(length=40), nullable=False),
    sa.Column('met_on', sa.Date(), nullable=True),
    sa.Column('missed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by', sa.Text(), nullable=True),
    sa.Column('withdrawal_reason', sa.Text(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Text(), nullable=False),
    sa.CheckConstraint("cause IN ('compensation_used', 'fined_after_halving', 'deferral_ended', 'shortfall')", name=op.f('ck_deposit_demands_cause')),
    sa.CheckConstraint('amount_fen > 0', name=op.f('ck_deposit_demands_amount_fen')),
    sa.CheckConstraint('due_on >= notified_on', name=op.f('ck_deposit_demands_due_on')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_deposit_demands_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deposit_demands'))
    )
    op.create_index('ix_deposit_demands_due_on', 'deposit_demands', ['due_on'], unique=False, postgresql_where=sa.text('met_on IS NULL AND withdrawn_at IS NULL'))
    op.create_index('uq_deposit_demands_subject_id_document_no', 'deposit_demands', ['subject_id', 'document_no'], unique=True)
    op.create_table('deposit_certificates',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('document_no', sa.String(length=80), nullable=False),
    sa.Column('authority', sa.String(length=100), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_deposit_certificates_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deposit_certificates'))
    )
    op.create_index('uq_deposit_certificates_subject_id_document_no', 'deposit_certificates', ['subject_id', 'document_no'], unique=True)
    op.create_table('liability_findings',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('document_no', sa.String(length=80), nullable=False),
    sa.Column('authority', sa.String(length=100), nullable=False),
    sa.Column('found_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('provisional', sa.Boolean(), nullable=False),
    sa.Column('policy_version', sa.String(length=40), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by', sa.Text(), nullable=True),
    sa.Column('withdrawal_reason', sa.Text(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Text(), nullable=False),
    sa.CheckConstraint('(withdrawn_at IS NULL) = (withdrawn_by IS NULL)', name=op.f('ck_liability_findings_withdrawn')),
    sa.CheckConstraint('due_on >= found_on', name=op.f('ck_liability_findings_due_on')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_liability_findings_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_liability_findings'))
    )
    op.create_index('uq_liability_findings_subject_id_document_no', 'liability_findings', ['subject_id', 'document_no'], unique=True)
    op.create_table('liability_policies',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('insurer', sa.String(length=100), nullable=False),
    sa.Column('policy_no', sa.String(length=80), nullable=False),
    sa.Column('cover_fen', sa.BigInteger(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.Text(), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Text(), nullable=False),
    sa.CheckConstraint('(ended_at IS NULL) = (ended_on IS NULL)', name=op.f('ck_liability_policies_ended')),
    sa.CheckConstraint('cover_fen > 0', name=op.f('ck_liability_policies_cover_fen')),
    sa.CheckConstraint('valid_to >= valid_from', name=op.f('ck_liability_policies_period')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_liability_policies_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_liability_policies'))
    )
    op.create_index('ix_liability_policies_subject_id', 'liability_policies', ['subject_id'], unique=False)
    op.create_index('uq_liability_policies_insurer_policy_no', 'liability_policies', ['insurer', 'policy_no'], unique=True, postgresql_where=sa.text('ended_on IS NULL OR ended_on >= valid_from'))
    op.create_table('liability_watches',
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('covered_to', sa.Date(), nullable=True),
    sa.Column('next_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_liability_watches_subject_id')),
    sa.PrimaryKeyConstraint('subject_id', name=op.f('pk_liability_watches'))
    )
    op.create_index('ix_liability_watches_next_on', 'liability_watches', ['next_on'], unique=False, postgresql_where=sa.text('next_on IS NOT NULL'))
    op.create_table('risk_classes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('risk_class', sa.String(length=1), nullable=False),
    sa.Column('assessed_on', sa.Date(), nullable=False),
    sa.Column('authority', sa.String(length=100), nullable=False),
    sa.Column('reference', sa.String(length=80), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Text(), nullable=False),
    sa.CheckConstraint("risk_class IN ('A', 'B', 'C', 'D')", name=op.f('ck_risk_classes_risk_class')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_risk_classes_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_risk_classes'))
    )
    op.create_index('ix_risk_classes_subject_id_assessed_on', 'risk_classes', ['subject_id', 'assessed_on'], unique=False)


def _qualifications() -> None:
    op.create_table('qualifications',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('level', sa.String(length=16), nullable=True),
    sa.Column('authority', sa.String(length=100), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Text(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.Text(), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=True),
    sa.CheckConstraint("kind IN ('guide_qualification', 'guide_card', 'leader', 'safety_manager', 'emergency_first_aid')", name=op.f('ck_qualifications_kind')),
    sa.CheckConstraint('(ended_at IS NULL) = (ended_on IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)', name=op.f('ck_qualifications_ended_by_somebody')),
    sa.CheckConstraint('expires_on >= issued_on', name=op.f('ck_qualifications_period')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_qualifications_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_qualifications'))
    )
    op.create_index('ix_qualifications_expires_on', 'qualifications', ['expires_on'], unique=False, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_index('ix_qualifications_subject_id', 'qualifications', ['subject_id'], unique=False)
    op.create_index('uq_qualifications_kind_number', 'qualifications', ['kind', 'number'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('trainings',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('course', sa.String(length=100), nullable=False),
    sa.Column('hours', sa.Numeric(precision=6, scale=1), nullable=False),
    sa.Column('completed_on', sa.Date(), nullable=False),
    sa.Column('authority', sa.String(length=100), nullable=False),
    sa.Column('certificate_no', sa.String(length=80), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('fact_id', sa.Uuid(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Text(), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by', sa.Text(), nullable=True),
    sa.Column('withdrawal_reason', sa.Text(), nullable=True),
    sa.CheckConstraint("kind IN ('annual', 'induction', 'safety', 'repair')", name=op.f('ck_trainings_kind')),
    sa.CheckConstraint('(withdrawn_at IS NULL) = (withdrawn_by IS NULL)', name=op.f('ck_trainings_withdrawn')),
    sa.CheckConstraint('hours > 0', name=op.f('ck_trainings_hours')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_trainings_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_trainings'))
    )
    op.create_index('ix_trainings_subject_id_completed_on', 'trainings', ['subject_id', 'completed_on'], unique=False)
    op.create_index('uq_trainings_authority_certificate_no', 'trainings', ['authority', 'certificate_no'], unique=True, postgresql_where=sa.text('withdrawn_at IS NULL'))


def downgrade() -> None:
    for table in (
        "trainings",
        "qualifications",
        "risk_classes",
        "liability_watches",
        "liability_policies",
        "liability_findings",
        "deposit_certificates",
        "deposit_demands",
        "deposit_entries",
        "relations",
        "key_corrections",
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
