"""Credit: papers, listings, repairs, commitments

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from common.audit import append_only_ddl
from sqlalchemy.dialects import postgresql

APPEND_ONLY = ("papers", "listing_events", "repair_events", "commitment_events")

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('paper_series',
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('year', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.CheckConstraint('last >= 1', name=op.f('ck_paper_series_last')),
    sa.PrimaryKeyConstraint('kind', 'year', 'region', name=op.f('pk_paper_series'))
    )
    op.create_table('papers',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('serial', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=80), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('about_room', sa.String(length=24), nullable=False),
    sa.Column('about_id', sa.Uuid(), nullable=False),
    sa.Column('subject_reads', sa.Boolean(), nullable=False),
    sa.Column('form_version', sa.String(length=40), nullable=False),
    sa.Column('form_region', sa.String(length=6), nullable=False),
    sa.Column('template_sha256', sa.String(length=64), nullable=False),
    sa.Column('data_cipher', sa.Text(), nullable=False),
    sa.Column('data_sha256', sa.String(length=64), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('issued_by', sa.Text(), nullable=False),
    sa.CheckConstraint("data_sha256 ~ '^[0-9a-f]{64}$'", name=op.f('ck_papers_data_sha256')),
    sa.CheckConstraint("region ~ '^[0-9]{6}$'", name=op.f('ck_papers_region')),
    sa.CheckConstraint("template_sha256 ~ '^[0-9a-f]{64}$'", name=op.f('ck_papers_template_sha256')),
    sa.CheckConstraint('serial >= 1', name=op.f('ck_papers_serial')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_papers_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_papers')),
    sa.UniqueConstraint('number', name=op.f('uq_papers_number'))
    )
    op.create_index('ix_papers_about_id', 'papers', ['about_id', 'id'], unique=False)
    op.create_index('ix_papers_subject_id', 'papers', ['subject_id', 'id'], unique=False)
    op.create_index('uq_papers_kind_year_region_serial', 'papers', ['kind', 'year', 'region', 'serial'], unique=True)
    op.create_table('listings',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('authority_region', sa.String(length=6), nullable=False),
    sa.Column('on_list', sa.String(length=8), nullable=False),
    sa.Column('condition', sa.String(length=16), nullable=False),
    sa.Column('condition_version', sa.String(length=40), nullable=False),
    sa.Column('condition_region', sa.String(length=6), nullable=False),
    sa.Column('role', sa.String(length=24), nullable=False),
    sa.Column('along_with', sa.Uuid(), nullable=True),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('objected', sa.Boolean(), nullable=False),
    sa.Column('based_on', postgresql.ARRAY(sa.Uuid()), nullable=False),
    sa.Column('penalty_on', sa.Date(), nullable=True),
    sa.Column('penalty_number', sa.String(length=120), nullable=True),
    sa.Column('proposal_id', sa.Uuid(), nullable=True),
    sa.Column('opened_by', sa.Text(), nullable=False),
    sa.Column('opened_on', sa.Date(), nullable=False),
    sa.Column('notified_on', sa.Date(), nullable=True),
    sa.Column('stated_on', sa.Date(), nullable=True),
    sa.Column('heard_out', sa.Boolean(), nullable=False),
    sa.Column('replied_on', sa.Date(), nullable=True),
    sa.Column('defence_accepted', sa.Boolean(), nullable=True),
    sa.Column('decided_on', sa.Date(), nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('longer_until', sa.Date(), nullable=True),
    sa.Column('listed_on', sa.Date(), nullable=True),
    sa.Column('management_until', sa.Date(), nullable=True),
    sa.Column('publication_until', sa.Date(), nullable=True),
    sa.Column('listed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('shared_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lifted_on', sa.Date(), nullable=True),
    sa.Column('removal', sa.String(length=8), nullable=True),
    sa.Column('removed_on', sa.Date(), nullable=True),
    sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('annulled', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(state = 'removed') = (removal IS NOT NULL)", name=op.f('ck_listings_removed_has_reason')),
    sa.CheckConstraint("on_list = 'serious' OR published_at IS NULL", name=op.f('ck_listings_slight_is_not_public')),
    sa.CheckConstraint("on_list IN ('serious', 'slight')", name=op.f('ck_listings_on_list')),
    sa.CheckConstraint("removal IN ('expired', 'repaired', 'revoked', 'policy')", name=op.f('ck_listings_removal')),
    sa.CheckConstraint("role IN ('self', 'principal', 'legal_representative', 'manager', 'controller')", name=op.f('ck_listings_role')),
    sa.CheckConstraint("state <> 'listed' OR (listed_on IS NOT NULL AND management_until IS NOT NULL)", name=op.f('ck_listings_listed_has_period')),
    sa.CheckConstraint("state IN ('draft', 'notified', 'defence', 'defence_replied', 'dismissed', 'decided', 'listed', 'removed')", name=op.f('ck_listings_state')),
    sa.CheckConstraint('(removal IS NULL) = (removed_on IS NULL)', name=op.f('ck_listings_removed_has_day')),
    sa.CheckConstraint("NOT annulled OR removal = 'revoked'", name=op.f('ck_listings_annulled_is_revoked')),
    sa.CheckConstraint('decided_by IS NULL OR decided_by <> opened_by', name=op.f('ck_listings_second_person_decides')),
    sa.CheckConstraint('version >= 1', name=op.f('ck_listings_version')),
    sa.ForeignKeyConstraint(['along_with'], ['listings.id'], name=op.f('fk_listings_along_with')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_listings_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_listings')),
    sa.UniqueConstraint('number', name=op.f('uq_listings_number'))
    )
    op.create_index('ix_listings_along_with', 'listings', ['along_with'], unique=False, postgresql_where=sa.text('along_with IS NOT NULL'))
    op.create_index('ix_listings_management_until', 'listings', ['management_until'], unique=False, postgresql_where=sa.text("state = 'listed'"))
    op.create_index('ix_listings_state_id', 'listings', ['state', 'id'], unique=False)
    op.create_index('ix_listings_subject_id', 'listings', ['subject_id', 'id'], unique=False)
    op.create_index('uq_listings_running', 'listings', ['subject_id', 'condition', 'role'], unique=True, postgresql_where=sa.text("state NOT IN ('dismissed', 'removed')"))
    op.create_table('listing_events',
    sa.Column('listing_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('event', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('on_day', sa.Date(), nullable=False),
    sa.Column('done_by', sa.Text(), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('details', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('texts_cipher', sa.Text(), nullable=True),
    sa.Column('papers', postgresql.ARRAY(sa.Uuid()), nullable=False),
    sa.CheckConstraint("event IN ('open', 'notify', 'statement', 'reply', 'decide', 'dismiss', 'publish', 'remove', 'annul', 'lift', 'restore', 'flag_objection', 'unflag_objection')", name=op.f('ck_listing_events_event')),
    sa.CheckConstraint("state IN ('draft', 'notified', 'defence', 'defence_replied', 'dismissed', 'decided', 'listed', 'removed')", name=op.f('ck_listing_events_state')),
    sa.ForeignKeyConstraint(['listing_id'], ['listings.id'], name=op.f('fk_listing_events_listing_id')),
    sa.PrimaryKeyConstraint('listing_id', 'version', name=op.f('pk_listing_events'))
    )
    op.create_table('repairs',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('listing_id', sa.Uuid(), nullable=True),
    sa.Column('fact_id', sa.Uuid(), nullable=True),
    sa.Column('authority_region', sa.String(length=6), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('commitment_rule', sa.String(length=16), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('has_commitment', sa.Boolean(), nullable=False),
    sa.Column('has_training', sa.Boolean(), nullable=False),
    sa.Column('applied_by', sa.Text(), nullable=False),
    sa.Column('applied_on', sa.Date(), nullable=False),
    sa.Column('accepted_by', sa.Text(), nullable=True),
    sa.Column('accepted_on', sa.Date(), nullable=True),
    sa.Column('resolved_by', sa.Text(), nullable=True),
    sa.Column('verified_by', sa.Text(), nullable=True),
    sa.Column('verified_on', sa.Date(), nullable=True),
    sa.Column('verified_how', sa.String(length=8), nullable=True),
    sa.Column('passed', sa.Boolean(), nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('decided_on', sa.Date(), nullable=True),
    sa.Column('lifted_on', sa.Date(), nullable=True),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('codes', postgresql.ARRAY(sa.String(length=8)), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(state = 'conflict') = (commitment_rule = 'conflict')", name=op.f('ck_repairs_conflict_is_open')),
    sa.CheckConstraint("(state = 'granted') = (lifted_on IS NOT NULL)", name=op.f('ck_repairs_granted_is_lifted')),
    sa.CheckConstraint("commitment_rule IN ('none', 'required', 'conflict')", name=op.f('ck_repairs_commitment_rule')),
    sa.CheckConstraint("state IN ('applied', 'conflict', 'accepted', 'verified', 'granted', 'refused', 'not_accepted', 'closed')", name=op.f('ck_repairs_state')),
    sa.CheckConstraint('(listing_id IS NULL) <> (fact_id IS NULL)', name=op.f('ck_repairs_one_target')),
    sa.CheckConstraint('decided_by IS NULL OR decided_by <> ALL (ARRAY[accepted_by, resolved_by, verified_by])', name=op.f('ck_repairs_second_person_decides')),
    sa.CheckConstraint('version >= 1', name=op.f('ck_repairs_version')),
    sa.ForeignKeyConstraint(['listing_id'], ['listings.id'], name=op.f('fk_repairs_listing_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_repairs_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_repairs')),
    sa.UniqueConstraint('number', name=op.f('uq_repairs_number'))
    )
    op.create_index('ix_repairs_state_id', 'repairs', ['state', 'id'], unique=False)
    op.create_index('ix_repairs_subject_id', 'repairs', ['subject_id', 'id'], unique=False)
    op.create_index('uq_repairs_running_fact', 'repairs', ['fact_id'], unique=True, postgresql_where=sa.text("fact_id IS NOT NULL AND state IN ('applied', 'conflict', 'accepted', 'verified')"))
    op.create_index('uq_repairs_running_listing', 'repairs', ['listing_id'], unique=True, postgresql_where=sa.text("listing_id IS NOT NULL AND state IN ('applied', 'conflict', 'accepted', 'verified')"))
    op.create_table('repair_events',
    sa.Column('repair_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('event', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('on_day', sa.Date(), nullable=False),
    sa.Column('done_by', sa.Text(), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('details', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('texts_cipher', sa.Text(), nullable=True),
    sa.Column('papers', postgresql.ARRAY(sa.Uuid()), nullable=False),
    sa.CheckConstraint("event IN ('apply', 'resolve', 'materials', 'accept', 'refuse', 'verify', 'grant', 'reject', 'close')", name=op.f('ck_repair_events_event')),
    sa.CheckConstraint("state IN ('applied', 'conflict', 'accepted', 'verified', 'granted', 'refused', 'not_accepted', 'closed')", name=op.f('ck_repair_events_state')),
    sa.ForeignKeyConstraint(['repair_id'], ['repairs.id'], name=op.f('fk_repair_events_repair_id')),
    sa.PrimaryKeyConstraint('repair_id', 'version', name=op.f('pk_repair_events'))
    )
    op.create_table('commitments',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('template_version', sa.String(length=40), nullable=False),
    sa.Column('items_cipher', sa.Text(), nullable=False),
    sa.Column('start_on', sa.Date(), nullable=False),
    sa.Column('end_on', sa.Date(), nullable=False),
    sa.Column('publicly_shown', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('result', sa.String(length=8), nullable=False),
    sa.Column('proposed', sa.String(length=8), nullable=True),
    sa.Column('given_by', sa.Text(), nullable=False),
    sa.Column('verified_by', sa.Text(), nullable=True),
    sa.Column('notified_on', sa.Date(), nullable=True),
    sa.Column('stated_on', sa.Date(), nullable=True),
    sa.Column('heard_out', sa.Boolean(), nullable=False),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('result_on', sa.Date(), nullable=True),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(state = 'decided') = (result <> 'pending')", name=op.f('ck_commitments_decided_has_result')),
    sa.CheckConstraint("(state IN ('proposed', 'notified', 'heard', 'decided')) = (proposed IS NOT NULL)", name=op.f('ck_commitments_proposed_says_what')),
    sa.CheckConstraint("result <> 'broken' OR notified_on IS NOT NULL", name=op.f('ck_commitments_broken_was_told')),
    sa.CheckConstraint("kind IN ('approval_substitute', 'proof_notification', 'voluntary_publication', 'self_discipline', 'repair')", name=op.f('ck_commitments_kind')),
    sa.CheckConstraint("proposed IN ('pending', 'kept', 'broken')", name=op.f('ck_commitments_proposed')),
    sa.CheckConstraint("result IN ('pending', 'kept', 'broken')", name=op.f('ck_commitments_result')),
    sa.CheckConstraint("state IN ('open', 'due', 'proposed', 'notified', 'heard', 'decided')", name=op.f('ck_commitments_state')),
    sa.CheckConstraint('decided_by IS NULL OR decided_by <> verified_by', name=op.f('ck_commitments_second_person_decides')),
    sa.CheckConstraint('start_on <= end_on', name=op.f('ck_commitments_period')),
    sa.CheckConstraint('version >= 1', name=op.f('ck_commitments_version')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_commitments_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_commitments')),
    sa.UniqueConstraint('number', name=op.f('uq_commitments_number'))
    )
    op.create_index('ix_commitments_public', 'commitments', ['id'], unique=False, postgresql_where=sa.text("publicly_shown AND result <> 'broken'"))
    op.create_index('ix_commitments_end_on', 'commitments', ['end_on'], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.create_index('ix_commitments_state_id', 'commitments', ['state', 'id'], unique=False)
    op.create_index('ix_commitments_subject_id', 'commitments', ['subject_id', 'id'], unique=False)
    op.create_table('commitment_events',
    sa.Column('commitment_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('event', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('proposed', sa.String(length=8), nullable=True),
    sa.Column('note_cipher', sa.Text(), nullable=True),
    sa.Column('paper_id', sa.Uuid(), nullable=True),
    sa.Column('request', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('done_by', sa.Text(), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("event IN ('give', 'expire', 'verify', 'notify', 'statement', 'confirm', 'return')", name=op.f('ck_commitment_events_event')),
    sa.CheckConstraint("state IN ('open', 'due', 'proposed', 'notified', 'heard', 'decided')", name=op.f('ck_commitment_events_state')),
    sa.ForeignKeyConstraint(['commitment_id'], ['commitments.id'], name=op.f('fk_commitment_events_commitment_id')),
    sa.PrimaryKeyConstraint('commitment_id', 'version', name=op.f('pk_commitment_events'))
    )
    for statement in append_only_ddl(*APPEND_ONLY):
        op.execute(statement)


def downgrade() -> None:
    for table in (
        "commitment_events",
        "commitments",
        "repair_events",
        "repairs",
        "listing_events",
        "listings",
        "papers",
        "paper_series",
    ):
        op.drop_table(table)
