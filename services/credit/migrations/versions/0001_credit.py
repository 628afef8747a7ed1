"""Credit: subjects, archive, grades, warnings, draws

Revision ID: 0001
Revises: 
"""

import sqlalchemy as sa
from alembic import op
from common.audit import append_only_ddl
from common.events.models import Xid8
from sqlalchemy.dialects import postgresql

APPEND_ONLY = ("audit", "facts", "published_grades", "warning_acts", "draw_commitments", "draw_reveals")

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
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
    op.create_table('draws',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('serial', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('kinds', postgresql.ARRAY(sa.String(length=24)), nullable=False),
    sa.Column('officers', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('objects', sa.Integer(), nullable=False),
    sa.Column('drawn', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('inputs_sha256', sa.String(length=64), nullable=False),
    sa.Column('bundle_sha256', sa.String(length=64), nullable=True),
    sa.Column('frozen', sa.LargeBinary(), nullable=False),
    sa.Column('redraw_of', sa.Uuid(), nullable=True),
    sa.Column('sealed_size', sa.BigInteger(), nullable=True),
    sa.Column('deadline', sa.DateTime(timezone=True), nullable=False),
    sa.Column('bundle', sa.LargeBinary(), nullable=True),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state IN ('drawn', 'void')) = (bundle IS NOT NULL)", name=op.f('ck_draws_closed_has_bundle')),
    sa.CheckConstraint("state IN ('frozen', 'committed', 'drawn', 'void')", name=op.f('ck_draws_state')),
    sa.CheckConstraint('(bundle IS NULL) = (closed_at IS NULL)', name=op.f('ck_draws_closed_has_time')),
    sa.ForeignKeyConstraint(['redraw_of'], ['draws.id'], name=op.f('fk_draws_redraw_of')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_draws'))
    )
    op.create_index('ix_draws_deadline', 'draws', ['deadline'], unique=False, postgresql_where=sa.text('bundle IS NULL'))
    op.create_index('uq_draws_year_serial', 'draws', ['year', 'serial'], unique=True)
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
    op.create_table('ledger_checkpoints',
    sa.Column('size', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('root', sa.LargeBinary(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False, comment="signed by the log's key alone"),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('size', name=op.f('pk_ledger_checkpoints'))
    )
    op.create_table('ledger_cosignatures',
    sa.Column('size', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('witness', sa.String(length=255), nullable=False),
    sa.Column('line', sa.Text(), nullable=False),
    sa.Column('cosigned_at', sa.DateTime(timezone=True), nullable=False, comment="by the witness's clock"),
    sa.PrimaryKeyConstraint('size', 'witness', name=op.f('pk_ledger_cosignatures'))
    )
    op.create_table('ledger_keys',
    sa.Column('key', sa.Text(), nullable=False, comment='verifier key'),
    sa.Column('first_size', sa.BigInteger(), nullable=False, comment='signs trees from this size'),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('announced_size', sa.BigInteger(), nullable=True, comment='tree whose last leaf announces this key'),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_ledger_keys'))
    )
    op.create_index('ix_ledger_keys_first_size', 'ledger_keys', ['first_size'], unique=True)
    op.create_table('ledger_leaves',
    sa.Column('leaf_index', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('entry', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint('leaf_index >= 0', name=op.f('ck_ledger_leaves_leaf_index_not_negative')),
    sa.PrimaryKeyConstraint('leaf_index', name=op.f('pk_ledger_leaves'))
    )
    op.create_table('ledger_promises',
    sa.Column('id', sa.String(length=255), nullable=False),
    sa.Column('version', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('event', sa.String(length=64), nullable=False),
    sa.Column('document_hash', sa.LargeBinary(), nullable=False),
    sa.Column('salt', sa.Text(), nullable=False, comment='encrypted by the keyring'),
    sa.Column('commitment', sa.LargeBinary(), nullable=False),
    sa.Column('include_by', sa.DateTime(timezone=True), nullable=False),
    sa.Column('signature', sa.LargeBinary(), nullable=False),
    sa.Column('leaf_index', sa.BigInteger(), nullable=True, comment='null until sequenced'),
    sa.PrimaryKeyConstraint('id', 'version', name=op.f('pk_ledger_promises'))
    )
    op.create_table('ledger_queue',
    sa.Column('seq', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('id', sa.String(length=255), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('event', sa.String(length=64), nullable=False),
    sa.Column('entry', sa.LargeBinary(), nullable=False),
    sa.Column('include_by', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_ledger_queue'))
    )
    op.create_table('ledger_tiles',
    sa.Column('level', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('number', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('hashes', sa.LargeBinary(), nullable=False, comment='up to 256 hashes of 32 bytes'),
    sa.CheckConstraint('octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0', name=op.f('ck_ledger_tiles_whole_hashes')),
    sa.PrimaryKeyConstraint('level', 'number', name=op.f('pk_ledger_tiles'))
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
    op.create_table('parked_events',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('subject_key', sa.String(length=24), nullable=True),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('parked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('waiting', 'applied', 'conflict')", name=op.f('ck_parked_events_state')),
    sa.PrimaryKeyConstraint('event_id', name=op.f('pk_parked_events'))
    )
    op.create_index('ix_parked_events_subject_key', 'parked_events', ['subject_key'], unique=False, postgresql_where=sa.text("state = 'waiting'"))
    op.create_table('subjects',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('key', sa.String(length=24), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('name_search', sa.Text(), nullable=False),
    sa.Column('name_grams', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('name_cipher', sa.Text(), nullable=True),
    sa.Column('name_index', sa.String(length=64), nullable=True),
    sa.Column('id_number_cipher', sa.Text(), nullable=True),
    sa.Column('id_number_index', sa.String(length=64), nullable=True),
    sa.Column('phone_cipher', sa.Text(), nullable=True),
    sa.Column('license_no', sa.String(length=24), nullable=True),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('business_scope', postgresql.ARRAY(sa.String(length=16)), nullable=False),
    sa.Column('level', sa.String(length=16), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('score', sa.Numeric(precision=10, scale=4), nullable=True),
    sa.Column('grade', sa.String(length=16), nullable=True),
    sa.Column('tier', sa.String(length=16), nullable=True),
    sa.Column('grade_version', sa.Integer(), nullable=False),
    sa.Column('scored_on', sa.Date(), nullable=True),
    sa.Column('next_change_on', sa.Date(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('travel_agency', 'agency_branch', 'tour_guide', 'star_hotel', 'homestay', 'scenic_area', 'ota_platform', 'coach_company', 'natural_person', 'unlicensed_operator')", name=op.f('ck_subjects_kind')),
    sa.CheckConstraint("region ~ '^[0-9]{6}$'", name=op.f('ck_subjects_region')),
    sa.CheckConstraint("status IN ('active', 'suspended', 'revoked', 'closed')", name=op.f('ck_subjects_status')),
    sa.CheckConstraint('(grade IS NULL) = (tier IS NULL)', name=op.f('ck_subjects_grade_with_tier')),
    sa.CheckConstraint('length(name) BETWEEN 1 AND 200', name=op.f('ck_subjects_name')),
    sa.CheckConstraint('version >= 1', name=op.f('ck_subjects_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subjects')),
    sa.UniqueConstraint('key', name=op.f('uq_subjects_key')),
    sa.UniqueConstraint('license_no', name=op.f('uq_subjects_license_no'))
    )
    op.create_index('ix_subjects_id_number_index', 'subjects', ['id_number_index'], unique=False, postgresql_where=sa.text('id_number_index IS NOT NULL'))
    op.create_index('ix_subjects_kind_grade_id', 'subjects', ['kind', 'grade', 'id'], unique=False)
    op.create_index('ix_subjects_kind_id', 'subjects', ['kind', 'id'], unique=False)
    op.create_index('ix_subjects_name_grams', 'subjects', ['name_grams'], unique=False, postgresql_using='gin')
    op.create_index('ix_subjects_name_index', 'subjects', ['name_index'], unique=False, postgresql_where=sa.text('name_index IS NOT NULL'))
    op.create_index('ix_subjects_name_search', 'subjects', ['name_search'], unique=False, postgresql_using='gin', postgresql_ops={'name_search': 'gin_trgm_ops'})
    op.create_index('ix_subjects_next_change_on', 'subjects', ['next_change_on'], unique=False, postgresql_where=sa.text('next_change_on IS NOT NULL'))
    op.create_index('ix_subjects_region_id', 'subjects', ['region', 'id'], unique=False, postgresql_ops={'region': 'varchar_pattern_ops'})
    op.create_table('draw_commitments',
    sa.Column('draw_id', sa.Uuid(), nullable=False),
    sa.Column('officer', sa.Text(), nullable=False),
    sa.Column('commitment', sa.String(length=64), nullable=False),
    sa.Column('log_version', sa.Integer(), nullable=False),
    sa.Column('committed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("commitment ~ '^[0-9a-f]{64}$'", name=op.f('ck_draw_commitments_commitment')),
    sa.ForeignKeyConstraint(['draw_id'], ['draws.id'], name=op.f('fk_draw_commitments_draw_id')),
    sa.PrimaryKeyConstraint('draw_id', 'officer', name=op.f('pk_draw_commitments'))
    )
    op.create_index('uq_draw_commitments_draw_id_log_version', 'draw_commitments', ['draw_id', 'log_version'], unique=True)
    op.create_table('draw_reveals',
    sa.Column('draw_id', sa.Uuid(), nullable=False),
    sa.Column('officer', sa.Text(), nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=False),
    sa.Column('revealed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('octet_length(secret) = 32', name=op.f('ck_draw_reveals_secret')),
    sa.ForeignKeyConstraint(['draw_id'], ['draws.id'], name=op.f('fk_draw_reveals_draw_id')),
    sa.PrimaryKeyConstraint('draw_id', 'officer', name=op.f('pk_draw_reveals'))
    )
    op.create_table('facts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('action', sa.String(length=8), nullable=False),
    sa.Column('code', sa.String(length=48), nullable=False),
    sa.Column('occurred_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Text(), nullable=False),
    sa.Column('source_kind', sa.String(length=32), nullable=False),
    sa.Column('source_authority', sa.String(length=100), nullable=False),
    sa.Column('source_reference', sa.String(length=120), nullable=False),
    sa.Column('payload', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('correction', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.CheckConstraint("(version = 1) = (action = 'record')", name=op.f('ck_facts_first_version_records')),
    sa.CheckConstraint("action IN ('record', 'amend', 'revoke', 'restore')", name=op.f('ck_facts_action')),
    sa.CheckConstraint('(version = 1) = (correction IS NULL)', name=op.f('ck_facts_corrections_say_why')),
    sa.CheckConstraint('version >= 1', name=op.f('ck_facts_version')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_facts_subject_id')),
    sa.PrimaryKeyConstraint('id', 'version', name=op.f('pk_facts'))
    )
    op.create_index('uq_facts_source', 'facts', ['source_kind', 'source_reference', 'code'], unique=True, postgresql_where=sa.text('version = 1'))
    op.create_index('uq_facts_subject_id_recorded_at', 'facts', ['subject_id', 'recorded_at'], unique=True)
    op.create_table('published_grades',
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('grade', sa.String(length=16), nullable=False),
    sa.Column('tier', sa.String(length=16), nullable=False),
    sa.Column('score', sa.Numeric(precision=10, scale=4), nullable=False),
    sa.Column('policy_id', sa.String(length=100), nullable=False),
    sa.Column('policy_version', sa.String(length=40), nullable=False),
    sa.Column('valid_at', sa.Date(), nullable=False),
    sa.Column('known_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('result_hash', sa.String(length=64), nullable=False),
    sa.Column('cause', sa.String(length=16), nullable=False),
    sa.Column('fact_id', sa.Uuid(), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("cause IN ('first', 'fact', 'time')", name=op.f('ck_published_grades_cause')),
    sa.CheckConstraint('version >= 1', name=op.f('ck_published_grades_version')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_published_grades_subject_id')),
    sa.PrimaryKeyConstraint('subject_id', 'version', name=op.f('pk_published_grades'))
    )
    op.create_index('ix_published_grades_published_at', 'published_grades', ['published_at'], unique=False)
    op.create_table('warnings',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('rule_id', sa.String(length=100), nullable=False),
    sa.Column('rule_version', sa.String(length=40), nullable=False),
    sa.Column('source_reference', sa.String(length=120), nullable=False),
    sa.Column('severity', sa.String(length=8), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('occurred_on', sa.Date(), nullable=False),
    sa.Column('acknowledge_by', sa.Date(), nullable=False),
    sa.Column('details', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('outcome', sa.String(length=16), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(state = 'resolved') = (outcome IS NOT NULL)", name=op.f('ck_warnings_resolved_has_outcome')),
    sa.CheckConstraint("outcome IN ('confirmed', 'unfounded', 'corrected')", name=op.f('ck_warnings_outcome')),
    sa.CheckConstraint("severity IN ('low', 'medium', 'high')", name=op.f('ck_warnings_severity')),
    sa.CheckConstraint("state IN ('raised', 'acknowledged', 'interviewed', 'resolved')", name=op.f('ck_warnings_state')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_warnings_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_warnings'))
    )
    op.create_index('ix_warnings_state_id', 'warnings', ['state', 'id'], unique=False)
    op.create_index('ix_warnings_subject_id', 'warnings', ['subject_id'], unique=False)
    op.create_index('uq_warnings_rule_id_source_reference', 'warnings', ['rule_id', 'source_reference'], unique=True)
    op.create_table('warning_acts',
    sa.Column('warning_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('act', sa.String(length=16), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('outcome', sa.String(length=16), nullable=True),
    sa.Column('done_by', sa.Text(), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("act IN ('acknowledge', 'interview', 'resolve')", name=op.f('ck_warning_acts_act')),
    sa.ForeignKeyConstraint(['warning_id'], ['warnings.id'], name=op.f('fk_warning_acts_warning_id')),
    sa.PrimaryKeyConstraint('warning_id', 'version', name=op.f('pk_warning_acts'))
    )
    for statement in append_only_ddl(*APPEND_ONLY):
        op.execute(statement)


def downgrade() -> None:
    for table in (
        "warning_acts",
        "warnings",
        "published_grades",
        "facts",
        "draw_reveals",
        "draw_commitments",
        "subjects",
        "parked_events",
        "outbox",
        "ledger_tiles",
        "ledger_queue",
        "ledger_promises",
        "ledger_leaves",
        "ledger_keys",
        "ledger_cosignatures",
        "ledger_checkpoints",
        "inbox_held",
        "inbox",
        "idempotency",
        "event_epoch",
        "draws",
        "audit",
    ):
        op.drop_table(table)
