"""Contracts: registrations, attempts, price alerts, subjects

Revision ID: 0001
Revises: 
"""

import sqlalchemy as sa
from alembic import op
from common.events.models import Xid8
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('CREATE SEQUENCE contract_serials START 1 MINVALUE 1 MAXVALUE 99999999 CYCLE')
    op.create_table('attempt_keys',
    sa.Column('platform_key', sa.String(length=18), nullable=False),
    sa.Column('order_no', sa.String(length=200), nullable=False),
    sa.Column('document_hash', sa.LargeBinary(), nullable=False),
    sa.Column('attempt_id', sa.Uuid(), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('platform_key', 'order_no', 'document_hash', name=op.f('pk_attempt_keys'))
    )
    op.create_index(op.f('ix_attempt_keys_expires_on'), 'attempt_keys', ['expires_on'], unique=False)
    op.create_table('attempts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('attempted_on', sa.Date(), nullable=False),
    sa.Column('platform_key', sa.String(length=18), nullable=False),
    sa.Column('order_no', sa.String(length=200), nullable=False),
    sa.Column('agency_key', sa.String(length=18), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=True),
    sa.Column('document_hash', sa.LargeBinary(), nullable=False),
    sa.Column('document_cipher', sa.Text(), nullable=False),
    sa.Column('wrapped_key', sa.Text(), nullable=False),
    sa.Column('findings', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('policy_versions', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('measures', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False),
    sa.Column('attempted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=False),
    sa.CheckConstraint('expires_on > attempted_on', name=op.f('ck_attempts_expires_on')),
    sa.CheckConstraint('octet_length(document_hash) = 32', name=op.f('ck_attempts_document_hash')),
    sa.PrimaryKeyConstraint('id', 'attempted_on', name=op.f('pk_attempts'))
    )
    op.create_index('ix_attempts_expires_on', 'attempts', ['expires_on'], unique=False)
    op.create_index('ix_attempts_platform_key_order_no', 'attempts', ['platform_key', 'order_no'], unique=False)
    op.create_table('contract_keys',
    sa.Column('contract_no', sa.String(length=25), nullable=False),
    sa.Column('wrapped_key', sa.Text(), nullable=False),
    sa.Column('log_id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('contract_no', name=op.f('pk_contract_keys')),
    sa.UniqueConstraint('log_id', name=op.f('uq_contract_keys_log_id'))
    )
    op.create_table('contract_travelers',
    sa.Column('contract_no', sa.String(length=25), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('position', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('registered_on', sa.Date(), nullable=False),
    sa.Column('id_index', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('contract_no', 'version', 'position', 'registered_on', name=op.f('pk_contract_travelers'))
    )
    op.create_index('ix_contract_travelers_id_index', 'contract_travelers', ['id_index'], unique=False)
    op.create_table('contract_versions',
    sa.Column('contract_no', sa.String(length=25), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('registered_on', sa.Date(), nullable=False),
    sa.Column('event', sa.String(length=32), nullable=False),
    sa.Column('document_hash', sa.LargeBinary(), nullable=False),
    sa.Column('document_cipher', sa.Text(), nullable=False),
    sa.Column('findings', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('policy_versions', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('measures', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False),
    sa.Column('promise', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("substr(contract_no, 7, 8) = to_char(registered_on, 'YYYYMMDD')", name=op.f('ck_contract_versions_number_day')),
    sa.CheckConstraint('octet_length(document_hash) = 32', name=op.f('ck_contract_versions_document_hash')),
    sa.PrimaryKeyConstraint('contract_no', 'version', 'registered_on', name=op.f('pk_contract_versions'))
    )
    op.create_table('contracts',
    sa.Column('contract_no', sa.String(length=25), nullable=False),
    sa.Column('registered_on', sa.Date(), nullable=False),
    sa.Column('contract_type', sa.String(length=20), nullable=False),
    sa.Column('status', sa.String(length=12), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('platform_key', sa.String(length=18), nullable=False),
    sa.Column('order_no', sa.String(length=200), nullable=False),
    sa.Column('agency_key', sa.String(length=18), nullable=False),
    sa.Column('agency_name', sa.Text(), nullable=False),
    sa.Column('license_no', sa.Text(), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=True),
    sa.Column('tour_code', sa.Text(), nullable=False),
    sa.Column('template_title', sa.Text(), nullable=False),
    sa.Column('edition_year', sa.BigInteger(), nullable=False),
    sa.Column('departure_on', sa.Date(), nullable=False),
    sa.Column('return_on', sa.Date(), nullable=False),
    sa.Column('headcount', sa.Integer(), nullable=False),
    sa.Column('total_fen', sa.BigInteger(), nullable=False),
    sa.Column('signature_level', sa.String(length=8), nullable=False),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('departed_on', sa.Date(), nullable=True),
    sa.Column('completed_on', sa.Date(), nullable=True),
    sa.CheckConstraint("(status = 'completed') = (completed_on IS NOT NULL)", name=op.f('ck_contracts_completed')),
    sa.CheckConstraint("contract_no ~ '^[0-9]{24}[0-9A-Z]$'", name=op.f('ck_contracts_number_form')),
    sa.CheckConstraint("region IS NULL OR region ~ '^[0-9]{6}$'", name=op.f('ck_contracts_region')),
    sa.CheckConstraint("status IN ('registered', 'departed', 'completed')", name=op.f('ck_contracts_status')),
    sa.CheckConstraint("substr(contract_no, 7, 8) = to_char(registered_on, 'YYYYMMDD')", name=op.f('ck_contracts_number_day')),
    sa.CheckConstraint('departure_on <= return_on', name=op.f('ck_contracts_dates')),
    sa.CheckConstraint('headcount >= 1 AND total_fen >= 0', name=op.f('ck_contracts_amounts')),
    sa.CheckConstraint('version >= 1 AND revision >= version', name=op.f('ck_contracts_version')),
    sa.PrimaryKeyConstraint('contract_no', 'registered_on', name=op.f('pk_contracts'))
    )
    op.create_index('ix_contracts_agency_key_registered_on', 'contracts', ['agency_key', 'registered_on'], unique=False)
    op.create_index('ix_contracts_platform_key_registered_on', 'contracts', ['platform_key', 'registered_on'], unique=False)
    op.create_index('ix_contracts_region_departure_on', 'contracts', ['region', 'departure_on'], unique=False, postgresql_ops={'region': 'varchar_pattern_ops'})
    op.create_table('event_epoch',
    sa.Column('single', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('system_identifier', sa.BigInteger(), nullable=True),
    sa.Column('stream_created_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('raised_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('single', name=op.f('ck_event_epoch_single_row')),
    sa.PrimaryKeyConstraint('single', name=op.f('pk_event_epoch'))
    )
    op.create_table('filed_orders',
    sa.Column('platform_key', sa.String(length=18), nullable=False),
    sa.Column('order_no', sa.String(length=200), nullable=False),
    sa.Column('event', sa.String(length=32), nullable=False),
    sa.Column('document_hash', sa.LargeBinary(), nullable=False),
    sa.Column('contract_no', sa.String(length=25), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('octet_length(document_hash) = 32', name=op.f('ck_filed_orders_document_hash')),
    sa.PrimaryKeyConstraint('platform_key', 'order_no', 'event', name=op.f('pk_filed_orders'))
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
    op.create_table('price_alerts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('platform_key', sa.String(length=18), nullable=False),
    sa.Column('order_no', sa.String(length=200), nullable=False),
    sa.Column('document_hash', sa.LargeBinary(), nullable=False),
    sa.Column('contract_no', sa.String(length=25), nullable=True),
    sa.Column('agency_key', sa.String(length=18), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=True),
    sa.Column('rule_ids', sa.ARRAY(sa.String(length=6)), nullable=False),
    sa.Column('ratio', sa.Numeric(precision=12, scale=4), nullable=True),
    sa.Column('findings', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('occurred_on', sa.Date(), nullable=False),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('cardinality(rule_ids) >= 1', name=op.f('ck_price_alerts_rule_ids')),
    sa.CheckConstraint('octet_length(document_hash) = 32', name=op.f('ck_price_alerts_document_hash')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_price_alerts')),
    sa.UniqueConstraint('platform_key', 'order_no', 'document_hash', name=op.f('uq_price_alerts_platform_key_order_no_document_hash'))
    )
    op.create_index('ix_price_alerts_agency_key_id', 'price_alerts', ['agency_key', 'id'], unique=False)
    op.create_index('ix_price_alerts_region_id', 'price_alerts', ['region', 'id'], unique=False, postgresql_ops={'region': 'varchar_pattern_ops'})
    op.create_table('subjects',
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('key', sa.String(length=24), nullable=True),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('license_no', sa.String(length=40), nullable=True),
    sa.Column('scope', sa.ARRAY(sa.String(length=16)), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('tier', sa.String(length=16), nullable=True),
    sa.Column('grade', sa.String(length=16), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('grade_version', sa.Integer(), nullable=False),
    sa.Column('measures', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False),
    sa.Column('measures_version', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('version >= 1', name=op.f('ck_subjects_version')),
    sa.PrimaryKeyConstraint('subject_id', name=op.f('pk_subjects'))
    )
    op.create_index('ix_subjects_key', 'subjects', ['key'], unique=False, postgresql_where=sa.text('key IS NOT NULL'))


def downgrade() -> None:
    op.drop_index('ix_subjects_key', table_name='subjects', postgresql_where=sa.text('key IS NOT NULL'))
    op.drop_table('subjects')
    op.drop_index('ix_price_alerts_region_id', table_name='price_alerts', postgresql_ops={'region': 'varchar_pattern_ops'})
    op.drop_index('ix_price_alerts_agency_key_id', table_name='price_alerts')
    op.drop_table('price_alerts')
    op.drop_index('ix_outbox_unpublished_aggregate', table_name='outbox', postgresql_where=sa.text('published_at IS NULL'))
    op.drop_index('ix_outbox_unpublished', table_name='outbox', postgresql_where=sa.text('published_at IS NULL'))
    op.drop_table('outbox')
    op.drop_table('ledger_tiles')
    op.drop_table('ledger_queue')
    op.drop_table('ledger_promises')
    op.drop_table('ledger_leaves')
    op.drop_index('ix_ledger_keys_first_size', table_name='ledger_keys')
    op.drop_table('ledger_keys')
    op.drop_table('ledger_cosignatures')
    op.drop_table('ledger_checkpoints')
    op.drop_index('ix_inbox_held_aggregate', table_name='inbox_held')
    op.drop_table('inbox_held')
    op.drop_table('inbox')
    op.drop_index('ix_idempotency_created_at', table_name='idempotency')
    op.drop_table('idempotency')
    op.drop_table('filed_orders')
    op.drop_table('event_epoch')
    op.drop_index('ix_contracts_region_departure_on', table_name='contracts', postgresql_ops={'region': 'varchar_pattern_ops'})
    op.drop_index('ix_contracts_platform_key_registered_on', table_name='contracts')
    op.drop_index('ix_contracts_agency_key_registered_on', table_name='contracts')
    op.drop_table('contracts')
    op.drop_table('contract_versions')
    op.drop_index('ix_contract_travelers_id_index', table_name='contract_travelers')
    op.drop_table('contract_travelers')
    op.drop_table('contract_keys')
    op.drop_index('ix_attempts_platform_key_order_no', table_name='attempts')
    op.drop_index('ix_attempts_expires_on', table_name='attempts')
    op.drop_table('attempts')
    op.drop_index(op.f('ix_attempt_keys_expires_on'), table_name='attempt_keys')
    op.drop_table('attempt_keys')
    op.execute('DROP SEQUENCE contract_serials')
