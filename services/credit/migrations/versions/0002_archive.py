"""Credit: archive, disputes, objections and public replies

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from common.audit import append_only_ddl
from sqlalchemy.dialects import postgresql

APPEND_ONLY = ("evidence_chunks", "objection_acts", "objection_effects")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('facts', sa.Column('disputed', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False))
    op.drop_constraint(op.f('ck_facts_action'), 'facts', type_='check')
    op.create_check_constraint(op.f('ck_facts_action'), 'facts', "action IN ('record', 'amend', 'revoke', 'restore', 'dispute', 'settle')")
    op.drop_constraint(op.f('ck_published_grades_cause'), 'published_grades', type_='check')
    op.create_check_constraint(op.f('ck_published_grades_cause'), 'published_grades', "cause IN ('first', 'fact', 'time', 'objection')")
    op.alter_column('parked_events', 'state', type_=sa.String(length=12), existing_type=sa.String(length=8), existing_nullable=False)
    op.drop_constraint(op.f('ck_parked_events_state'), 'parked_events', type_='check')
    op.create_check_constraint(op.f('ck_parked_events_state'), 'parked_events', "state IN ('waiting', 'applied', 'conflict', 'dismissed')")
    op.add_column('parked_events', sa.Column('settled_by', sa.Text(), nullable=True))
    op.add_column('parked_events', sa.Column('reason', sa.Text(), nullable=True))
    op.create_table('fact_showings',
    sa.Column('fact_id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('standing', sa.Boolean(), nullable=False),
    sa.Column('public', sa.Boolean(), nullable=False),
    sa.Column('because', sa.String(length=24), nullable=True),
    sa.Column('next_on', sa.Date(), nullable=True),
    sa.CheckConstraint('NOT standing OR version IS NOT NULL', name=op.f('ck_fact_showings_told')),
    sa.CheckConstraint('standing = (because IS NULL)', name=op.f('ck_fact_showings_because')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_fact_showings_subject_id')),
    sa.PrimaryKeyConstraint('fact_id', name=op.f('pk_fact_showings'))
    )
    op.create_index('ix_fact_showings_subject_id', 'fact_showings', ['subject_id'], unique=False)
    op.create_index('ix_fact_showings_next_on', 'fact_showings', ['next_on'], unique=False, postgresql_where=sa.text("next_on IS NOT NULL"))
    op.create_table('evidence',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('about_kind', sa.String(length=16), nullable=False),
    sa.Column('about_id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('name_cipher', sa.Text(), nullable=False),
    sa.Column('media_type', sa.String(length=80), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('key_token', sa.Text(), nullable=False),
    sa.Column('uploaded_by', sa.Text(), nullable=False),
    sa.Column('by_subject', sa.Boolean(), nullable=False),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('paper_of', sa.Uuid(), nullable=True),
    sa.CheckConstraint("about_kind ~ '^[a-z_]{3,16}$'", name=op.f('ck_evidence_about_kind')),
    sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f('ck_evidence_sha256')),
    sa.CheckConstraint('size >= 1', name=op.f('ck_evidence_size')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_evidence_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_evidence'))
    )
    op.create_index('uq_evidence_about', 'evidence', ['about_kind', 'about_id', 'sha256'], unique=True)
    op.create_table('evidence_chunks',
    sa.Column('evidence_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint('number >= 0', name=op.f('ck_evidence_chunks_number')),
    sa.ForeignKeyConstraint(['evidence_id'], ['evidence.id'], name=op.f('fk_evidence_chunks_evidence_id')),
    sa.PrimaryKeyConstraint('evidence_id', 'number', name=op.f('pk_evidence_chunks'))
    )
    op.create_table('objections',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('target', sa.String(length=8), nullable=False),
    sa.Column('target_key', sa.String(length=64), nullable=False),
    sa.Column('fact_id', sa.Uuid(), nullable=True),
    sa.Column('grade_version', sa.Integer(), nullable=True),
    sa.Column('listing_id', sa.Uuid(), nullable=True),
    sa.Column('statement_cipher', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('filed_by', sa.Text(), nullable=False),
    sa.Column('filed_on', sa.Date(), nullable=False),
    sa.Column('filed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('policy_id', sa.String(length=100), nullable=False),
    sa.Column('policy_version', sa.String(length=40), nullable=False),
    sa.Column('policy_region', sa.String(length=6), nullable=False),
    sa.Column('flag_due', sa.Date(), nullable=False),
    sa.Column('decide_due', sa.Date(), nullable=False),
    sa.Column('remedy_due', sa.Date(), nullable=True),
    sa.Column('provisional', sa.Boolean(), nullable=False),
    sa.Column('extended', sa.Boolean(), nullable=False),
    sa.Column('appraisals', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    sa.Column('forwarded_to', sa.String(length=100), nullable=True),
    sa.Column('flagged', sa.Boolean(), nullable=False),
    sa.Column('first_officer', sa.Text(), nullable=True),
    sa.Column('verified_by', sa.Text(), nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('decided_on', sa.Date(), nullable=True),
    sa.Column('remedy', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ripple', sa.String(length=8), nullable=True),
    sa.Column('ripple_at', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('effects', sa.Integer(), nullable=False),
    sa.Column('paper_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(target = 'grade') = (grade_version IS NOT NULL)", name=op.f('ck_objections_grade')),
    sa.CheckConstraint("(target = 'listing') = (listing_id IS NOT NULL)", name=op.f('ck_objections_listing')),
    sa.CheckConstraint("(target IN ('fact', 'page')) = (fact_id IS NOT NULL)", name=op.f('ck_objections_fact')),
    sa.CheckConstraint("region ~ '^[0-9]{6}$'", name=op.f('ck_objections_region')),
    sa.CheckConstraint("ripple IN ('running', 'done')", name=op.f('ck_objections_ripple')),
    sa.CheckConstraint("state IN ('filed', 'refused', 'accepted', 'forwarded', 'verified', 'sustained', 'dismissed', 'closed', 'withdrawn')", name=op.f('ck_objections_state')),
    sa.CheckConstraint("target IN ('fact', 'grade', 'listing', 'page')", name=op.f('ck_objections_target')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_objections_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_objections')),
    sa.UniqueConstraint('number', name=op.f('uq_objections_number'))
    )
    op.create_index('ix_objections_fact_id', 'objections', ['fact_id'], unique=False, postgresql_where=sa.text('fact_id IS NOT NULL'))
    op.create_index('ix_objections_ripple', 'objections', ['ripple', 'id'], unique=False, postgresql_where=sa.text("ripple = 'running'"))
    op.create_index('ix_objections_subject_id', 'objections', ['subject_id'], unique=False)
    op.create_index('uq_objections_open', 'objections', ['subject_id', 'target_key'], unique=True, postgresql_where=sa.text("state IN ('filed', 'accepted', 'forwarded', 'verified')"))
    op.create_table('objection_acts',
    sa.Column('objection_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('event', sa.String(length=16), nullable=False),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('details', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('done_by', sa.Text(), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("event IN ('file', 'accept', 'refuse', 'forward', 'extend', 'start_appraisal', 'end_appraisal', 'verify', 'sustain', 'dismiss', 'withdraw', 'close')", name=op.f('ck_objection_acts_event')),
    sa.ForeignKeyConstraint(['objection_id'], ['objections.id'], name=op.f('fk_objection_acts_objection_id')),
    sa.PrimaryKeyConstraint('objection_id', 'version', name=op.f('pk_objection_acts'))
    )
    op.create_table('objection_effects',
    sa.Column('objection_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('target_id', sa.Uuid(), nullable=True),
    sa.Column('number', sa.String(length=64), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('what', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('was', sa.String(length=40), nullable=True),
    sa.Column('would_be', sa.String(length=40), nullable=True),
    sa.ForeignKeyConstraint(['objection_id'], ['objections.id'], name=op.f('fk_objection_effects_objection_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_objection_effects_subject_id')),
    sa.PrimaryKeyConstraint('objection_id', 'position', name=op.f('pk_objection_effects'))
    )
    op.create_table('replies',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('fact_id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('text_cipher', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('filed_by', sa.Text(), nullable=False),
    sa.Column('filed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reviewed_by', sa.Text(), nullable=True),
    sa.Column('reviewed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.CheckConstraint("(state IN ('filed', 'withdrawn')) = (reviewed_by IS NULL)", name=op.f('ck_replies_reviewed')),
    sa.CheckConstraint("state IN ('filed', 'shown', 'refused', 'withdrawn', 'replaced')", name=op.f('ck_replies_state')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_replies_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_replies'))
    )
    op.create_index('ix_replies_subject_id', 'replies', ['subject_id'], unique=False)
    op.create_index('uq_replies_filed', 'replies', ['fact_id'], unique=True, postgresql_where=sa.text("state = 'filed'"))
    op.create_index('uq_replies_shown', 'replies', ['fact_id'], unique=True, postgresql_where=sa.text("state = 'shown'"))
    for statement in append_only_ddl(*APPEND_ONLY):
        op.execute(statement)


def downgrade() -> None:
    tables = ("replies", "objection_effects", "objection_acts", "objections", "evidence_chunks", "evidence")
    for table in (*tables, "fact_showings"):
        op.drop_table(table)
    op.drop_column('parked_events', 'reason')
    op.drop_column('parked_events', 'settled_by')
    op.drop_constraint(op.f('ck_parked_events_state'), 'parked_events', type_='check')
    op.create_check_constraint(op.f('ck_parked_events_state'), 'parked_events', "state IN ('waiting', 'applied', 'conflict')")
    op.alter_column('parked_events', 'state', type_=sa.String(length=8), existing_type=sa.String(length=12), existing_nullable=False)
    op.drop_constraint(op.f('ck_published_grades_cause'), 'published_grades', type_='check')
    op.create_check_constraint(op.f('ck_published_grades_cause'), 'published_grades', "cause IN ('first', 'fact', 'time')")
    op.drop_constraint(op.f('ck_facts_action'), 'facts', type_='check')
    op.create_check_constraint(op.f('ck_facts_action'), 'facts', "action IN ('record', 'amend', 'revoke', 'restore')")
    op.drop_column('facts', 'disputed')
