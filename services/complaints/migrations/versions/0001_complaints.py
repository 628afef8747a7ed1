"""Complaints: cases, histories, documents, enforcement cases, copied subjects

Revision ID: 0001
Revises: 
"""

import sqlalchemy as sa
from alembic import op
from common.audit import append_only_ddl
from common.events.models import Xid8
from sqlalchemy.dialects import postgresql

APPEND_ONLY = ("audit", "case_events", "enforcement_events")

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('audit',
    sa.Column('lane', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('position', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('actor_kind', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('department', sa.Text(), nullable=True),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('target', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=True),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint('lane >= 0 AND lane < 64', name=op.f('ck_audit_lane')),
    sa.CheckConstraint('octet_length(hash) = 32', name=op.f('ck_audit_hash')),
    sa.CheckConstraint('position > 0', name=op.f('ck_audit_position')),
    sa.PrimaryKeyConstraint('lane', 'position', name=op.f('pk_audit'))
    )
    op.create_index('ix_audit_actor', 'audit', ['actor', 'recorded_at'], unique=False)
    op.create_index('ix_audit_recorded_at', 'audit', ['recorded_at'], unique=False)
    op.create_index('ix_audit_target', 'audit', ['target', 'recorded_at'], unique=False)
    op.create_table('cases',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('state_before_suspension', sa.String(length=16), nullable=True),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('urgency', sa.String(length=2), nullable=False),
    sa.Column('level', sa.String(length=8), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('jurisdiction', sa.String(length=6), nullable=True),
    sa.Column('department', sa.String(length=8), nullable=True),
    sa.Column('categories', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('respondent_type', sa.String(length=3), nullable=False),
    sa.Column('respondent_key', sa.String(length=40), nullable=True),
    sa.Column('respondent_subject_id', sa.Uuid(), nullable=True),
    sa.Column('respondent_name_cipher', sa.Text(), nullable=True),
    sa.Column('routing', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('rule_set', sa.String(length=20), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('language', sa.String(length=12), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_on', sa.Date(), nullable=False),
    sa.Column('accepted_on', sa.Date(), nullable=True),
    sa.Column('served_on', sa.Date(), nullable=True),
    sa.Column('closed_on', sa.Date(), nullable=True),
    sa.Column('next_due_on', sa.Date(), nullable=True),
    sa.Column('next_due_event', sa.String(length=16), nullable=True),
    sa.Column('contract_no', sa.String(length=40), nullable=True),
    sa.Column('contract_check', sa.String(length=12), nullable=False),
    sa.Column('contract_end_on', sa.Date(), nullable=True),
    sa.Column('claim_amount_fen', sa.BigInteger(), nullable=True),
    sa.Column('outcome_amount_fen', sa.BigInteger(), nullable=True),
    sa.Column('text_cipher', sa.Text(), nullable=False),
    sa.Column('wish_cipher', sa.Text(), nullable=True),
    sa.Column('name_cipher', sa.Text(), nullable=False),
    sa.Column('phone_cipher', sa.Text(), nullable=False),
    sa.Column('phone_index', sa.String(length=64), nullable=False),
    sa.Column('id_number_cipher', sa.Text(), nullable=True),
    sa.Column('address_cipher', sa.Text(), nullable=True),
    sa.Column('email_cipher', sa.Text(), nullable=True),
    sa.Column('lookup_hash', sa.String(length=64), nullable=False),
    sa.Column('filed_by', sa.String(length=80), nullable=False),
    sa.CheckConstraint("contract_check IN ('none', 'verified', 'unverified', 'unknown')", name=op.f('ck_cases_contract_check')),
    sa.CheckConstraint("kind IN ('complaint', 'both', 'consultation', 'none')", name=op.f('ck_cases_kind')),
    sa.CheckConstraint("level IN ('county', 'city', 'province')", name=op.f('ck_cases_level')),
    sa.CheckConstraint("region ~ '^[0-9]{6}$'", name=op.f('ck_cases_region')),
    sa.CheckConstraint("state IN ('received', 'supplement', 'jurisdiction', 'on_spot', 'accepted', 'refused', 'transferred', 'notified', 'replied', 'investigating', 'suspended', 'mediating', 'mediated', 'settled', 'withdrawn', 'terminated', 'litigation', 'payout', 'closed', 'archived')", name=op.f('ck_cases_state')),
    sa.CheckConstraint("urgency IN ('U1', 'U2', 'U3')", name=op.f('ck_cases_urgency')),
    sa.CheckConstraint('claim_amount_fen >= 0', name=op.f('ck_cases_claim_amount')),
    sa.CheckConstraint('outcome_amount_fen >= 0', name=op.f('ck_cases_outcome_amount')),
    sa.CheckConstraint('served_on IS NULL OR accepted_on IS NOT NULL', name=op.f('ck_cases_served_after_acceptance')),
    sa.CheckConstraint('version >= 1', name=op.f('ck_cases_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cases')),
    sa.UniqueConstraint('number', name=op.f('uq_cases_number'))
    )
    op.create_index('ix_cases_next_due_on_id', 'cases', ['next_due_on', 'id'], unique=False, postgresql_where=sa.text('next_due_on IS NOT NULL'))
    op.create_index('ix_cases_phone_index', 'cases', ['phone_index'], unique=False)
    op.create_index('ix_cases_queue', 'cases', ['region', 'id'], unique=False, postgresql_ops={'region': 'varchar_pattern_ops'})
    op.create_index('ix_cases_respondent_subject_id', 'cases', ['respondent_subject_id', 'id'], unique=False, postgresql_where=sa.text('served_on IS NOT NULL'))
    op.create_index('ix_cases_state_id', 'cases', ['state', 'id'], unique=False)
    op.create_table('event_epoch',
    sa.Column('single', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('system_identifier', sa.BigInteger(), nullable=True),
    sa.Column('stream_created_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('raised_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('single', name=op.f('ck_event_epoch_single_row')),
    sa.PrimaryKeyConstraint('single', name=op.f('pk_event_epoch'))
    )
    op.create_table('idempotency',
    sa.Column('scope', sa.LargeBinary(), nullable=False),
    sa.Column('body_hash', sa.LargeBinary(), nullable=False),
    sa.Column('answer', sa.String(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('scope', name=op.f('pk_idempotency'))
    )
    op.create_index('ix_idempotency_created_at', 'idempotency', ['created_at'], unique=False)
    op.create_table('inbox',
    sa.Column('consumer', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('handled_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('consumer', 'event_id', name=op.f('pk_inbox'))
    )
    op.create_table('inbox_held',
    sa.Column('consumer', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('aggregate', sa.Text(), nullable=False),
    sa.Column('event', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('parked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('consumer', 'event_id', name=op.f('pk_inbox_held'))
    )
    op.create_index('ix_inbox_held_aggregate', 'inbox_held', ['consumer', 'aggregate', 'position'], unique=False)
    op.create_table('lookup_attempts',
    sa.Column('subject', sa.String(length=8), nullable=False),
    sa.Column('key_index', sa.String(length=64), nullable=False),
    sa.Column('window_start', sa.DateTime(timezone=True), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.CheckConstraint("subject IN ('number', 'address')", name=op.f('ck_lookup_attempts_subject')),
    sa.PrimaryKeyConstraint('subject', 'key_index', 'window_start', name=op.f('pk_lookup_attempts'))
    )
    op.create_table('number_series',
    sa.Column('series', sa.String(length=60), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('series', name=op.f('pk_number_series'))
    )
    op.create_table('outbox',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('xid', Xid8(), server_default=sa.text('pg_current_xact_id()'), nullable=False),
    sa.Column('seq', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('aggregate_id', sa.Text(), nullable=False),
    sa.Column('aggregate_version', sa.BigInteger(), nullable=False),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('traceparent', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox'))
    )
    op.create_index('ix_outbox_unpublished', 'outbox', ['epoch', 'xid', 'seq'], unique=False, postgresql_where=sa.text('published_at IS NULL'))
    op.create_index('ix_outbox_unpublished_aggregate', 'outbox', ['aggregate_id', 'seq'], unique=False, postgresql_where=sa.text('published_at IS NULL'))
    op.create_table('subjects',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=True),
    sa.Column('key', sa.String(length=40), nullable=True),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('license_no', sa.String(length=60), nullable=True),
    sa.Column('scope', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=True),
    sa.Column('status', sa.String(length=40), nullable=True),
    sa.Column('tier', sa.String(length=40), nullable=True),
    sa.Column('grade', sa.String(length=40), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('grade_version', sa.Integer(), nullable=False),
    sa.Column('measures', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False),
    sa.Column('measures_version', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.CheckConstraint('version >= 0 AND grade_version >= 0', name=op.f('ck_subjects_versions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subjects'))
    )
    op.create_index('ix_subjects_key', 'subjects', ['key'], unique=False)
    op.create_table('case_events',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('event', sa.String(length=24), nullable=False),
    sa.Column('from_state', sa.String(length=16), nullable=True),
    sa.Column('to_state', sa.String(length=16), nullable=False),
    sa.Column('on_day', sa.Date(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_kind', sa.String(length=12), nullable=False),
    sa.Column('actor', sa.String(length=120), nullable=False),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('note_cipher', sa.Text(), nullable=True),
    sa.CheckConstraint('seq >= 1', name=op.f('ck_case_events_seq')),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_case_events_case_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_events')),
    sa.UniqueConstraint('case_id', 'seq', name=op.f('uq_case_events_case_id_seq'))
    )
    op.create_table('documents',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('number', sa.String(length=60), nullable=False),
    sa.Column('template_id', sa.String(length=40), nullable=False),
    sa.Column('template_version', sa.String(length=40), nullable=False),
    sa.Column('template_sha256', sa.String(length=64), nullable=False),
    sa.Column('data_cipher', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('not_before', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('ordered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ready_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('content_sha256', sa.String(length=64), nullable=True),
    sa.Column('size', sa.Integer(), nullable=True),
    sa.CheckConstraint("(state = 'ready') = (content IS NOT NULL) AND (content IS NULL) = (content_sha256 IS NULL) AND (content IS NULL) = (size IS NULL) AND (content IS NULL) = (ready_at IS NULL)", name=op.f('ck_documents_ready_has_content')),
    sa.CheckConstraint("kind IN ('acceptance', 'refusal', 'transfer', 'mediation', 'termination')", name=op.f('ck_documents_kind')),
    sa.CheckConstraint("state IN ('ordered', 'ready', 'failed')", name=op.f('ck_documents_state')),
    sa.CheckConstraint("template_sha256 ~ '^[0-9a-f]{64}$'", name=op.f('ck_documents_template_sha256')),
    sa.CheckConstraint('attempts >= 0', name=op.f('ck_documents_attempts')),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_documents_case_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_documents')),
    sa.UniqueConstraint('number', name=op.f('uq_documents_number'))
    )
    op.create_index('ix_documents_case_id', 'documents', ['case_id', 'id'], unique=False)
    op.create_index('ix_documents_failed', 'documents', ['id'], unique=False, postgresql_where=sa.text("state = 'failed'"))
    op.create_index('ix_documents_work', 'documents', ['not_before', 'id'], unique=False, postgresql_where=sa.text("state = 'ordered'"))
    op.create_table('enforcement_cases',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('department', sa.String(length=8), nullable=False),
    sa.Column('respondent_key', sa.String(length=40), nullable=False),
    sa.Column('respondent_subject_id', sa.Uuid(), nullable=True),
    sa.Column('violation_code', sa.String(length=8), nullable=False),
    sa.Column('occurred_on', sa.Date(), nullable=False),
    sa.Column('complaint_id', sa.Uuid(), nullable=True),
    sa.Column('clue_source', sa.String(length=20), nullable=False),
    sa.Column('clue_cipher', sa.Text(), nullable=False),
    sa.Column('opened_by', sa.String(length=120), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('penalty_kind', sa.String(length=16), nullable=True),
    sa.Column('amount_fen', sa.BigInteger(), nullable=True),
    sa.Column('gradation', sa.String(length=10), nullable=True),
    sa.Column('procedure', sa.String(length=8), nullable=True),
    sa.Column('harmed_tourists', sa.Boolean(), nullable=True),
    sa.Column('proposed_by', sa.String(length=120), nullable=True),
    sa.Column('approved_by', sa.String(length=120), nullable=True),
    sa.Column('decided_on', sa.Date(), nullable=True),
    sa.Column('served_on', sa.Date(), nullable=True),
    sa.CheckConstraint('(penalty_kind IS NULL) = (procedure IS NULL)', name=op.f('ck_enforcement_cases_a_penalty_has_a_procedure')),
    sa.CheckConstraint("(penalty_kind = 'fine') = (amount_fen IS NOT NULL)", name=op.f('ck_enforcement_cases_a_fine_has_an_amount')),
    sa.CheckConstraint("procedure IN ('summary', 'ordinary')", name=op.f('ck_enforcement_cases_procedure')),
    sa.CheckConstraint("region ~ '^[0-9]{6}$'", name=op.f('ck_enforcement_cases_region')),
    sa.CheckConstraint("state IN ('clue', 'filed', 'investigated', 'proposed', 'notified', 'heard', 'decided', 'served', 'closed', 'dismissed')", name=op.f('ck_enforcement_cases_state')),
    sa.CheckConstraint('amount_fen >= 0', name=op.f('ck_enforcement_cases_amount')),
    sa.CheckConstraint('approved_by IS NULL OR approved_by <> proposed_by', name=op.f('ck_enforcement_cases_two_persons')),
    sa.CheckConstraint('version >= 1', name=op.f('ck_enforcement_cases_version')),
    sa.ForeignKeyConstraint(['complaint_id'], ['cases.id'], name=op.f('fk_enforcement_cases_complaint_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_enforcement_cases')),
    sa.UniqueConstraint('number', name=op.f('uq_enforcement_cases_number'))
    )
    op.create_index('ix_enforcement_cases_complaint_id', 'enforcement_cases', ['complaint_id'], unique=False)
    op.create_index('ix_enforcement_cases_region_id', 'enforcement_cases', ['region', 'id'], unique=False, postgresql_ops={'region': 'varchar_pattern_ops'})
    op.create_index('ix_enforcement_cases_respondent_key', 'enforcement_cases', ['respondent_key'], unique=False)
    op.create_table('enforcement_events',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('event', sa.String(length=20), nullable=False),
    sa.Column('from_state', sa.String(length=16), nullable=True),
    sa.Column('to_state', sa.String(length=16), nullable=False),
    sa.Column('on_day', sa.Date(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.String(length=120), nullable=False),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('note_cipher', sa.Text(), nullable=True),
    sa.CheckConstraint('seq >= 1', name=op.f('ck_enforcement_events_seq')),
    sa.ForeignKeyConstraint(['case_id'], ['enforcement_cases.id'], name=op.f('fk_enforcement_events_case_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_enforcement_events')),
    sa.UniqueConstraint('case_id', 'seq', name=op.f('uq_enforcement_events_case_id_seq'))
    )
    for statement in append_only_ddl(*APPEND_ONLY):
        op.execute(statement)


def downgrade() -> None:
    for table in (
        "enforcement_events",
        "enforcement_cases",
        "documents",
        "case_events",
        "subjects",
        "outbox",
        "number_series",
        "lookup_attempts",
        "inbox_held",
        "inbox",
        "idempotency",
        "event_epoch",
        "cases",
        "audit",
    ):
        op.drop_table(table)
