"""Credit: plans, campaigns, inspections, hazards

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from common.audit import append_only_ddl
from sqlalchemy.dialects import postgresql

APPEND_ONLY = (
    "inspection_plan_versions",
    "campaign_entries",
    "mystery_visits",
    "mystery_visit_withdrawals",
    "inspection_records",
    "inspection_acts",
    "hazard_acts",
    "draw_waivers",
)
TABLES = (
    "inspectors",
    "inspector_recusals",
    "inspection_numbers",
    "inspection_plans",
    "inspection_plan_versions",
    "campaigns",
    "campaign_entries",
    "talks",
    "mystery_visits",
    "mystery_visit_withdrawals",
    "inspections",
    "inspection_draws",
    "inspection_records",
    "inspection_acts",
    "hazards",
    "hazard_acts",
    "draw_waivers",
)

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


DRAW_RULES = {
    "bundle_when_closed": "bundle IS NULL OR state IN ('drawn', 'void')",
    "drawn_has_bundle": "bundle IS NOT NULL OR state <> 'drawn'",
    "closed_has_time": "(closed_at IS NOT NULL) = (state IN ('drawn', 'void'))",
    "void_has_cause": "(cause IS NOT NULL) = (state = 'void')",
}


def upgrade() -> None:
    op.create_table('inspectors',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('staff_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('department', sa.String(length=60), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('card_no', sa.String(length=40), nullable=False),
    sa.Column('expertise', postgresql.ARRAY(sa.String(length=40)), nullable=False),
    sa.Column('active_from', sa.Date(), nullable=False),
    sa.Column('active_to', sa.Date(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("region ~ '^[0-9]{6}$'", name=op.f('ck_inspectors_region')),
    sa.CheckConstraint('active_to IS NULL OR active_to >= active_from', name=op.f('ck_inspectors_active_period')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inspectors')),
    sa.UniqueConstraint('card_no', name=op.f('uq_inspectors_card_no')),
    sa.UniqueConstraint('staff_id', name=op.f('uq_inspectors_staff_id'))
    )
    op.create_index('ix_inspectors_region_id', 'inspectors', ['region', 'id'], unique=False, postgresql_ops={'region': 'varchar_pattern_ops'})
    op.create_table('inspector_recusals',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('inspector_id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('reason', sa.String(length=24), nullable=False),
    sa.Column('from_on', sa.Date(), nullable=False),
    sa.Column('to_on', sa.Date(), nullable=True),
    sa.Column('noted_by', sa.Text(), nullable=False),
    sa.Column('noted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_by', sa.Text(), nullable=True),
    sa.CheckConstraint("reason IN ('direct_interest', 'kinship', 'former_employment', 'other_relation')", name=op.f('ck_inspector_recusals_reason')),
    sa.CheckConstraint('to_on IS NULL OR to_on >= from_on', name=op.f('ck_inspector_recusals_period')),
    sa.ForeignKeyConstraint(['inspector_id'], ['inspectors.id'], name=op.f('fk_inspector_recusals_inspector_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_inspector_recusals_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inspector_recusals'))
    )
    op.create_index('ix_inspector_recusals_inspector_id', 'inspector_recusals', ['inspector_id'], unique=False)
    op.create_index('ix_inspector_recusals_subject_id', 'inspector_recusals', ['subject_id'], unique=False)
    op.create_table('inspection_numbers',
    sa.Column('series', sa.String(length=24), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('series', 'year', name=op.f('pk_inspection_numbers'))
    )
    op.create_table('inspection_plans',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=16), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('tasks', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('drafted_by', sa.Text(), nullable=False),
    sa.Column('filed_version', sa.Integer(), nullable=True),
    sa.Column('filed_with', sa.String(length=100), nullable=True),
    sa.Column('filed_by', sa.Text(), nullable=True),
    sa.Column('filed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state = 'draft' OR filed_version = version", name=op.f('ck_inspection_plans_in_force_is_filed')),
    sa.CheckConstraint("state IN ('draft', 'filed', 'active', 'done')", name=op.f('ck_inspection_plans_state')),
    sa.CheckConstraint('version >= 1', name=op.f('ck_inspection_plans_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inspection_plans'))
    )
    op.create_index('ix_inspection_plans_region_id', 'inspection_plans', ['region', 'id'], unique=False, postgresql_ops={'region': 'varchar_pattern_ops'})
    op.create_index('uq_inspection_plans_region_number', 'inspection_plans', ['region', 'number'], unique=True)
    op.create_table('inspection_plan_versions',
    sa.Column('plan_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('tasks', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('drafted_by', sa.Text(), nullable=False),
    sa.Column('drafted_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['plan_id'], ['inspection_plans.id'], name=op.f('fk_inspection_plan_versions_plan_id')),
    sa.PrimaryKeyConstraint('plan_id', 'version', name=op.f('pk_inspection_plan_versions'))
    )
    op.create_table('campaigns',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=24), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('aim', sa.Text(), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('kinds', postgresql.ARRAY(sa.String(length=24)), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('targets', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('tasks', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('report', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_by', sa.Text(), nullable=True),
    sa.Column('closed_by', sa.Text(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'closed') = (report IS NOT NULL)", name=op.f('ck_campaigns_closed_has_report')),
    sa.CheckConstraint("state IN ('draft', 'active', 'closed', 'withdrawn')", name=op.f('ck_campaigns_state')),
    sa.CheckConstraint('ends_on >= starts_on', name=op.f('ck_campaigns_period')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_campaigns')),
    sa.UniqueConstraint('number', name=op.f('uq_campaigns_number'))
    )
    op.create_index('ix_campaigns_region_id', 'campaigns', ['region', 'id'], unique=False, postgresql_ops={'region': 'varchar_pattern_ops'})
    op.create_table('campaign_entries',
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('task_no', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('finished', sa.Boolean(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('noted_by', sa.Text(), nullable=False),
    sa.Column('noted_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('done >= 0', name=op.f('ck_campaign_entries_done')),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaigns.id'], name=op.f('fk_campaign_entries_campaign_id')),
    sa.PrimaryKeyConstraint('campaign_id', 'version', name=op.f('pk_campaign_entries'))
    )
    op.create_table('talks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=24), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('campaign_id', sa.Uuid(), nullable=True),
    sa.Column('about', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('legal_basis', sa.Text(), nullable=False),
    sa.Column('department', sa.String(length=60), nullable=False),
    sa.Column('place', sa.Text(), nullable=False),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('held_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('minutes_cipher', sa.Text(), nullable=True),
    sa.Column('commitments', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('closing_note', sa.Text(), nullable=True),
    sa.Column('invitation_paper', sa.Uuid(), nullable=True),
    sa.Column('record_paper', sa.Uuid(), nullable=True),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_by', sa.Text(), nullable=True),
    sa.CheckConstraint("(state = 'held') = (minutes_cipher IS NOT NULL)", name=op.f('ck_talks_held_has_minutes')),
    sa.CheckConstraint("state IN ('invited', 'held', 'missed', 'cancelled')", name=op.f('ck_talks_state')),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaigns.id'], name=op.f('fk_talks_campaign_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_talks_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_talks')),
    sa.UniqueConstraint('number', name=op.f('uq_talks_number'))
    )
    op.create_index('ix_talks_campaign_id', 'talks', ['campaign_id'], unique=False)
    op.create_index('ix_talks_region_id', 'talks', ['region', 'id'], unique=False, postgresql_ops={'region': 'varchar_pattern_ops'})
    op.create_index('ix_talks_subject_id', 'talks', ['subject_id'], unique=False)
    op.create_table('mystery_visits',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=24), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('campaign_id', sa.Uuid(), nullable=True),
    sa.Column('visited_on', sa.Date(), nullable=False),
    sa.Column('visitors', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('observations', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('advice', sa.String(length=16), nullable=False),
    sa.Column('noted_by', sa.Text(), nullable=False),
    sa.Column('noted_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('cardinality(visitors) >= 2', name=op.f('ck_mystery_visits_visitors')),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaigns.id'], name=op.f('fk_mystery_visits_campaign_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_mystery_visits_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mystery_visits')),
    sa.UniqueConstraint('number', name=op.f('uq_mystery_visits_number'))
    )
    op.create_index('ix_mystery_visits_campaign_id', 'mystery_visits', ['campaign_id'], unique=False)
    op.create_index('ix_mystery_visits_region_id', 'mystery_visits', ['region', 'id'], unique=False, postgresql_ops={'region': 'varchar_pattern_ops'})
    op.create_index('ix_mystery_visits_subject_id', 'mystery_visits', ['subject_id'], unique=False)
    op.create_table('mystery_visit_withdrawals',
    sa.Column('visit_id', sa.Uuid(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('withdrawn_by', sa.Text(), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['visit_id'], ['mystery_visits.id'], name=op.f('fk_mystery_visit_withdrawals_visit_id')),
    sa.PrimaryKeyConstraint('visit_id', name=op.f('pk_mystery_visit_withdrawals'))
    )
    op.create_table('inspections',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=24), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('trigger', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('campaign_id', sa.Uuid(), nullable=True),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('department', sa.String(length=60), nullable=False),
    sa.Column('items', postgresql.ARRAY(sa.String(length=40)), nullable=False),
    sa.Column('inspectors', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('batch', sa.Integer(), nullable=True),
    sa.Column('proposal', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('measure', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('record_id', sa.Uuid(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('record_cipher', sa.Text(), nullable=True),
    sa.Column('record_sha256', sa.String(length=64), nullable=True),
    sa.Column('result', sa.String(length=24), nullable=True),
    sa.Column('finished_on', sa.Date(), nullable=True),
    sa.Column('finished_by', sa.Text(), nullable=True),
    sa.Column('publish_by', sa.Date(), nullable=True),
    sa.Column('publish_by_provisional', sa.Boolean(), nullable=False),
    sa.Column('reminded_on', sa.Date(), nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('fact_id', sa.Uuid(), nullable=True),
    sa.Column('published_by', sa.Text(), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(kind = 'drawn') = (trigger IS NULL)", name=op.f('ck_inspections_outside_the_draw_has_trigger')),
    sa.CheckConstraint("kind IN ('drawn', 'targeted', 'campaign')", name=op.f('ck_inspections_kind')),
    sa.CheckConstraint("result IN ('normal', 'problem_found', 'refused', 'unreachable', 'closed_business')", name=op.f('ck_inspections_result')),
    sa.CheckConstraint("state IN ('assigned', 'in_progress', 'finished', 'decided', 'published', 'cancelled')", name=op.f('ck_inspections_state')),
    sa.CheckConstraint('(finished_on IS NULL) = (result IS NULL)', name=op.f('ck_inspections_finished_has_result')),
    sa.CheckConstraint('(published_at IS NULL) = (published_by IS NULL)', name=op.f('ck_inspections_published_by_someone')),
    sa.CheckConstraint('cardinality(inspectors) >= 2', name=op.f('ck_inspections_inspectors')),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaigns.id'], name=op.f('fk_inspections_campaign_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_inspections_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inspections')),
    sa.UniqueConstraint('number', name=op.f('uq_inspections_number'))
    )
    op.create_index('ix_inspections_campaign_id', 'inspections', ['campaign_id'], unique=False)
    op.create_index('ix_inspections_due_on', 'inspections', ['due_on'], unique=False, postgresql_where=sa.text("state IN ('assigned', 'in_progress')"))
    op.create_index('ix_inspections_inspectors', 'inspections', ['inspectors'], unique=False, postgresql_using='gin')
    op.create_index('ix_inspections_publish_by', 'inspections', ['publish_by'], unique=False, postgresql_where=sa.text('published_at IS NULL AND publish_by IS NOT NULL'))
    op.create_index('ix_inspections_published', 'inspections', ['id'], unique=False, postgresql_where=sa.text('published_at IS NOT NULL'))
    op.create_index('ix_inspections_region_id', 'inspections', ['region', 'id'], unique=False, postgresql_ops={'region': 'varchar_pattern_ops'})
    op.create_index('ix_inspections_subject_id', 'inspections', ['subject_id'], unique=False)
    op.create_table('inspection_draws',
    sa.Column('draw_id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('inspection_id', sa.Uuid(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('task', sa.String(length=24), nullable=True),
    sa.ForeignKeyConstraint(['draw_id'], ['draws.id'], name=op.f('fk_inspection_draws_draw_id')),
    sa.ForeignKeyConstraint(['inspection_id'], ['inspections.id'], name=op.f('fk_inspection_draws_inspection_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_inspection_draws_subject_id')),
    sa.PrimaryKeyConstraint('draw_id', 'subject_id', name=op.f('pk_inspection_draws'))
    )
    op.create_index('ix_inspection_draws_inspection_id', 'inspection_draws', ['inspection_id'], unique=False)
    op.create_table('inspection_records',
    sa.Column('inspection_id', sa.Uuid(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('record_id', sa.Uuid(), nullable=False),
    sa.Column('content_cipher', sa.Text(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('device_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_by', sa.Text(), nullable=False),
    sa.CheckConstraint('revision >= 1', name=op.f('ck_inspection_records_revision')),
    sa.ForeignKeyConstraint(['inspection_id'], ['inspections.id'], name=op.f('fk_inspection_records_inspection_id')),
    sa.PrimaryKeyConstraint('inspection_id', 'revision', name=op.f('pk_inspection_records'))
    )
    op.create_table('inspection_acts',
    sa.Column('inspection_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('act', sa.String(length=16), nullable=False),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('done_by', sa.Text(), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['inspection_id'], ['inspections.id'], name=op.f('fk_inspection_acts_inspection_id')),
    sa.PrimaryKeyConstraint('inspection_id', 'version', name=op.f('pk_inspection_acts'))
    )
    op.create_table('hazards',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=24), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('inspection_id', sa.Uuid(), nullable=True),
    sa.Column('item', sa.String(length=40), nullable=True),
    sa.Column('level', sa.String(length=16), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('department', sa.String(length=60), nullable=False),
    sa.Column('found_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('overdue_on', sa.Date(), nullable=True),
    sa.Column('missed_on', sa.Date(), nullable=True),
    sa.Column('order_paper', sa.Uuid(), nullable=True),
    sa.Column('order_number', sa.String(length=40), nullable=True),
    sa.Column('closed_on', sa.Date(), nullable=True),
    sa.Column('handed_over_to', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("level IN ('general', 'major')", name=op.f('ck_hazards_level')),
    sa.CheckConstraint("state = 'found' OR due_on IS NOT NULL OR handed_over_to IS NOT NULL", name=op.f('ck_hazards_ordered_has_due')),
    sa.CheckConstraint("state IN ('found', 'ordered', 'closed', 'handed_over')", name=op.f('ck_hazards_state')),
    sa.ForeignKeyConstraint(['inspection_id'], ['inspections.id'], name=op.f('fk_hazards_inspection_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_hazards_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hazards')),
    sa.UniqueConstraint('number', name=op.f('uq_hazards_number'))
    )
    op.create_index('ix_hazards_due_on', 'hazards', ['due_on'], unique=False, postgresql_where=sa.text("state = 'ordered' AND overdue_on IS NULL"))
    op.create_index('ix_hazards_inspection_id', 'hazards', ['inspection_id'], unique=False)
    op.create_index('ix_hazards_region_id', 'hazards', ['region', 'id'], unique=False, postgresql_ops={'region': 'varchar_pattern_ops'})
    op.create_index('ix_hazards_subject_id', 'hazards', ['subject_id'], unique=False)
    op.create_table('hazard_acts',
    sa.Column('hazard_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('act', sa.String(length=16), nullable=False),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('done_by', sa.Text(), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['hazard_id'], ['hazards.id'], name=op.f('fk_hazard_acts_hazard_id')),
    sa.PrimaryKeyConstraint('hazard_id', 'version', name=op.f('pk_hazard_acts'))
    )
    op.add_column('draws', sa.Column('plan_id', sa.Uuid(), nullable=True))
    op.add_column('draws', sa.Column('plan_version', sa.Integer(), nullable=True))
    op.add_column('draws', sa.Column('task_no', sa.String(length=24), nullable=True))
    op.create_foreign_key(op.f('fk_draws_plan_id'), 'draws', 'inspection_plans', ['plan_id'], ['id'])
    op.create_check_constraint(
        op.f('ck_draws_task_whole'),
        'draws',
        '(plan_id IS NULL) = (task_no IS NULL) AND (plan_id IS NULL) = (plan_version IS NULL)',
    )
    for column in (
        sa.Column('chain', sa.Uuid(), nullable=True),
        sa.Column('cause', sa.String(length=16), nullable=True),
        sa.Column('missing', postgresql.ARRAY(sa.Text()), nullable=True),
    ):
        op.add_column('draws', column)
    op.add_column('draw_reveals', sa.Column('log_version', sa.Integer(), server_default='0', nullable=False))
    op.alter_column('draw_reveals', 'log_version', server_default=None)
    op.execute("UPDATE draws SET chain = COALESCE(redraw_of, id), missing = '{}'")
    op.execute("UPDATE draws SET cause = 'not_revealed' WHERE state = 'void'")
    op.alter_column('draws', 'chain', nullable=False)
    op.alter_column('draws', 'missing', nullable=False)
    for name in ('closed_has_bundle', 'closed_has_time'):
        op.drop_constraint(op.f(f'ck_draws_{name}'), 'draws')
    for name, rule in DRAW_RULES.items():
        op.create_check_constraint(op.f(f'ck_draws_{name}'), 'draws', rule)
    op.create_index('uq_draws_redraw_of', 'draws', ['redraw_of'], unique=True, postgresql_where=sa.text('redraw_of IS NOT NULL'))
    op.create_index('ix_draws_chain', 'draws', ['chain'], unique=False)
    op.create_index('uq_draws_plan_id_task_no', 'draws', ['plan_id', 'task_no'], unique=True, postgresql_where=sa.text("state <> 'void'"))
    op.add_column('draws', sa.Column('tiers', postgresql.ARRAY(sa.String(length=16)), nullable=True))
    op.execute("UPDATE draws SET tiers = '{}'")
    op.alter_column('draws', 'tiers', nullable=False)
    op.create_table('draw_waivers',
    sa.Column('chain', sa.Uuid(), nullable=False),
    sa.Column('draw_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=24), nullable=False),
    sa.Column('ground', sa.String(length=24), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('waived_by', sa.Text(), nullable=False),
    sa.Column('waived_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("ground IN ('plan_ended', 'too_few_objects', 'no_other_officers')", name=op.f('ck_draw_waivers_ground')),
    sa.ForeignKeyConstraint(['draw_id'], ['draws.id'], name=op.f('fk_draw_waivers_draw_id')),
    sa.PrimaryKeyConstraint('chain', name=op.f('pk_draw_waivers')),
    sa.UniqueConstraint('draw_id', name=op.f('uq_draw_waivers_draw_id')),
    sa.UniqueConstraint('number', name=op.f('uq_draw_waivers_number'))
    )
    for statement in append_only_ddl(*APPEND_ONLY):
        op.execute(statement)


def downgrade() -> None:
    for index in ('ix_draws_chain', 'uq_draws_redraw_of'):
        op.drop_index(index, 'draws')
    for name in DRAW_RULES:
        op.drop_constraint(op.f(f'ck_draws_{name}'), 'draws')
    op.create_check_constraint(
        op.f('ck_draws_closed_has_bundle'), 'draws', "(state IN ('drawn', 'void')) = (bundle IS NOT NULL)"
    )
    op.create_check_constraint(
        op.f('ck_draws_closed_has_time'), 'draws', '(bundle IS NULL) = (closed_at IS NULL)'
    )
    op.drop_column('draw_reveals', 'log_version')
    op.drop_index('uq_draws_plan_id_task_no', 'draws')
    op.drop_constraint(op.f('ck_draws_task_whole'), 'draws')
    op.drop_constraint(op.f('fk_draws_plan_id'), 'draws')
    for column in ("tiers", "missing", "cause", "chain", "task_no", "plan_version", "plan_id"):
        op.drop_column("draws", column)
    for table in reversed(TABLES):
        op.drop_table(table)
