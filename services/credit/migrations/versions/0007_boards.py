"""Credit: boards, honours, warnings, tiers

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from common.audit import append_only_ddl, drop_append_only_ddl
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APPEND_ONLY = ("warning_sources", "honour_acts")


def upgrade() -> None:
    op.create_table('supervision_states',
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('tier', sa.String(length=16), nullable=True),
    sa.Column('risk_class', sa.String(length=1), nullable=True),
    sa.Column('measures', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('restrictions', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False),
    sa.Column('next_change_on', sa.Date(), nullable=True),
    sa.Column('announced_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_supervision_states_subject_id')),
    sa.PrimaryKeyConstraint('subject_id', name=op.f('pk_supervision_states'))
    )
    op.create_index('ix_supervision_states_next_change_on', 'supervision_states', ['next_change_on'], unique=False, postgresql_where=sa.text('next_change_on IS NOT NULL'))
    _warnings()
    _boards()
    _honours()
    for statement in append_only_ddl(*APPEND_ONLY):
        op.execute(statement)


def _warnings() -> None:
    op.add_column('warnings', sa.Column('kind', sa.String(length=8), nullable=True))
    op.add_column('warnings', sa.Column('window_key', sa.String(length=120), nullable=True))
    op.add_column('warnings', sa.Column('resolve_by', sa.Date(), nullable=True))
    op.add_column('warnings', sa.Column('due_on', sa.Date(), nullable=True))
    op.add_column('warnings', sa.Column('interview_on', sa.Date(), nullable=True))
    op.add_column('warnings', sa.Column('escalated_to', sa.String(length=6), nullable=True))
    op.drop_constraint(op.f('ck_warnings_outcome'), 'warnings', type_='check')
    op.drop_constraint(op.f('ck_warnings_state'), 'warnings', type_='check')
    op.execute("""
        UPDATE warnings SET kind = 'clue', window_key = source_reference, resolve_by = acknowledge_by + 42,
            due_on = CASE state WHEN 'raised' THEN acknowledge_by ELSE acknowledge_by + 42 END,
            outcome = CASE outcome WHEN 'unfounded' THEN 'false_alarm' WHEN 'corrected' THEN 'confirmed'
                ELSE outcome END
    """)
    for column in ('kind', 'window_key', 'resolve_by', 'due_on'):
        op.alter_column('warnings', column, nullable=False)
    op.create_check_constraint(op.f('ck_warnings_kind'), 'warnings', "kind IN ('clue', 'proposal')")
    op.create_check_constraint(op.f('ck_warnings_outcome'), 'warnings', "outcome IN ('confirmed', 'false_alarm', 'handed_over', 'no_action')")
    op.create_check_constraint(op.f('ck_warnings_state'), 'warnings', "state IN ('raised', 'acknowledged', 'invited', 'interviewed', 'resolved')")
    op.create_index('uq_warnings_open', 'warnings', ['rule_id', 'subject_id', 'window_key'], unique=True, postgresql_where=sa.text("state <> 'resolved'"))
    op.create_index('ix_warnings_due_on', 'warnings', ['due_on'], unique=False, postgresql_where=sa.text("state <> 'resolved'"))
    op.drop_constraint(op.f('ck_warning_acts_act'), 'warning_acts', type_='check')
    op.create_check_constraint(op.f('ck_warning_acts_act'), 'warning_acts', "act IN ('acknowledge', 'invite', 'interview', 'escalate', 'resolve')")
    op.add_column('warning_acts', sa.Column('day', sa.Date(), nullable=True))
    op.add_column('warning_acts', sa.Column('paper_id', sa.Uuid(), nullable=True))
    op.create_table('warning_sources',
    sa.Column('rule_id', sa.String(length=100), nullable=False),
    sa.Column('source_reference', sa.String(length=120), nullable=False),
    sa.Column('warning_id', sa.Uuid(), nullable=False),
    sa.Column('occurred_on', sa.Date(), nullable=False),
    sa.Column('details', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['warning_id'], ['warnings.id'], name=op.f('fk_warning_sources_warning_id')),
    sa.PrimaryKeyConstraint('rule_id', 'source_reference', name=op.f('pk_warning_sources'))
    )
    op.create_index('ix_warning_sources_warning_id', 'warning_sources', ['warning_id'], unique=False)
    op.execute("""
        INSERT INTO warning_sources (rule_id, source_reference, warning_id, occurred_on, details, seen_at)
        SELECT rule_id, source_reference, id, occurred_on, details - 'rule_region', raised_at FROM warnings
    """)
    op.create_table('warning_rule_versions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('rule_id', sa.String(length=100), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('serial', sa.Integer(), nullable=False),
    sa.Column('version', sa.String(length=40), nullable=False),
    sa.Column('content', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('written_by', sa.Text(), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('activated_by', sa.Text(), nullable=True),
    sa.Column('activated_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(activated_by IS NULL) = (activated_at IS NULL)', name=op.f('ck_warning_rule_versions_activated_whole')),
    sa.CheckConstraint('activated_by <> written_by', name=op.f('ck_warning_rule_versions_two_people')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_warning_rule_versions'))
    )
    op.create_index('uq_warning_rule_versions_version', 'warning_rule_versions', ['rule_id', 'region', 'version'], unique=True)
    op.create_index('uq_warning_rule_versions_serial', 'warning_rule_versions', ['rule_id', 'region', 'serial'], unique=True)
    op.create_table('warning_sweeps',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('rule_id', sa.String(length=100), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('version', sa.String(length=40), nullable=False),
    sa.Column('cursor', sa.Text(), nullable=True),
    sa.Column('found', sa.Integer(), nullable=False),
    sa.Column('raised', sa.Integer(), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('day', 'rule_id', 'region', 'version', name=op.f('pk_warning_sweeps'))
    )


def _boards() -> None:
    op.create_table('boards',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('policy_id', sa.String(length=100), nullable=False),
    sa.Column('policy_version', sa.String(length=40), nullable=False),
    sa.Column('policy_region', sa.String(length=6), nullable=False),
    sa.Column('card_id', sa.String(length=100), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('trigger', sa.String(length=8), nullable=False),
    sa.Column('event_fact', sa.Uuid(), nullable=True),
    sa.Column('subject_id', sa.Uuid(), nullable=True),
    sa.Column('period', sa.String(length=10), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('provisional', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('cursor', sa.Uuid(), nullable=True),
    sa.Column('previous_id', sa.Uuid(), nullable=True),
    sa.Column('opened_by', sa.Text(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ranked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('published_by', sa.Text(), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(trigger = 'event') = (event_fact IS NOT NULL)", name=op.f('ck_boards_event_has_fact')),
    sa.CheckConstraint("(trigger = 'event') = (subject_id IS NOT NULL)", name=op.f('ck_boards_event_has_subject')),
    sa.CheckConstraint("state IN ('entering', 'ranking', 'judging', 'review', 'publishing', 'published', 'withdrawn')", name=op.f('ck_boards_state')),
    sa.CheckConstraint("trigger IN ('period', 'event')", name=op.f('ck_boards_trigger')),
    sa.CheckConstraint('first_on <= last_on', name=op.f('ck_boards_period')),
    sa.CheckConstraint('published_by <> opened_by', name=op.f('ck_boards_two_people')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_boards_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_boards'))
    )
    op.create_index('uq_boards_number', 'boards', ['number'], unique=True)
    op.create_index('uq_boards_period', 'boards', ['policy_id', 'region', 'period'], unique=True, postgresql_where=sa.text("trigger = 'period' AND state <> 'withdrawn'"))
    op.create_index('uq_boards_event', 'boards', ['policy_id', 'event_fact'], unique=True, postgresql_where=sa.text("trigger = 'event' AND state <> 'withdrawn'"))
    op.create_index('ix_boards_working', 'boards', ['id'], unique=False, postgresql_where=sa.text("state IN ('entering', 'ranking', 'judging', 'publishing')"))
    op.create_table('board_entries',
    sa.Column('board_id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('ranks', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('score', sa.Numeric(precision=10, scale=4), nullable=True),
    sa.Column('grade', sa.String(length=16), nullable=True),
    sa.Column('proposed', sa.String(length=8), nullable=True),
    sa.Column('reasons', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('result_hash', sa.String(length=64), nullable=True),
    sa.Column('decided', sa.String(length=8), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('reviewed_by', sa.Text(), nullable=True),
    sa.Column('recorded', sa.Boolean(), nullable=False),
    sa.Column('removal_reason', sa.Text(), nullable=True),
    sa.Column('removal_asked_by', sa.Text(), nullable=True),
    sa.Column('removed_by', sa.Text(), nullable=True),
    sa.Column('paper_id', sa.Uuid(), nullable=True),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('ended_because', sa.Text(), nullable=True),
    sa.CheckConstraint("decided IN ('red', 'black', 'none')", name=op.f('ck_board_entries_decided')),
    sa.CheckConstraint("proposed IN ('red', 'black', 'none')", name=op.f('ck_board_entries_proposed')),
    sa.CheckConstraint('(removal_reason IS NULL) = (removal_asked_by IS NULL)', name=op.f('ck_board_entries_removal_has_both')),
    sa.CheckConstraint('removed_by <> removal_asked_by', name=op.f('ck_board_entries_two_people_remove')),
    sa.ForeignKeyConstraint(['board_id'], ['boards.id'], name=op.f('fk_board_entries_board_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_board_entries_subject_id')),
    sa.PrimaryKeyConstraint('board_id', 'subject_id', name=op.f('pk_board_entries'))
    )
    op.create_index('ix_board_entries_subject_id', 'board_entries', ['subject_id'], unique=False)


def _honours() -> None:
    op.create_table('honours',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('policy_id', sa.String(length=100), nullable=False),
    sa.Column('policy_version', sa.String(length=40), nullable=False),
    sa.Column('policy_region', sa.String(length=6), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('pledge', sa.Text(), nullable=True),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('recommended', sa.Boolean(), nullable=True),
    sa.Column('reviewed_by', sa.Text(), nullable=True),
    sa.Column('granted_by', sa.Text(), nullable=True),
    sa.Column('granted_on', sa.Date(), nullable=True),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('notified_by', sa.Text(), nullable=True),
    sa.Column('notified_on', sa.Date(), nullable=True),
    sa.Column('heard_out', sa.Boolean(), nullable=False),
    sa.Column('revoked_by', sa.Text(), nullable=True),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('provisional', sa.Boolean(), nullable=False),
    sa.Column('suspended', sa.Boolean(), nullable=False),
    sa.Column('failing', postgresql.ARRAY(sa.String(length=64)), nullable=False),
    sa.Column('checked_version', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('applied_by', sa.Text(), nullable=False),
    sa.Column('applied_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state IN ('applied', 'reviewed', 'granted', 'suspended', 'notified', 'stated', 'refused', 'withdrawn', 'revoked', 'expired')", name=op.f('ck_honours_state')),
    sa.CheckConstraint('(granted_on IS NULL) = (expires_on IS NULL)', name=op.f('ck_honours_granted_expires')),
    sa.CheckConstraint('granted_by <> reviewed_by', name=op.f('ck_honours_two_people_grant')),
    sa.CheckConstraint('revoked_by <> notified_by', name=op.f('ck_honours_two_people_revoke')),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_honours_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_honours'))
    )
    op.create_index('uq_honours_number', 'honours', ['number'], unique=True)
    still = sa.text("state NOT IN ('refused', 'withdrawn', 'revoked', 'expired')")
    op.create_index('uq_honours_open', 'honours', ['subject_id', 'policy_id'], unique=True, postgresql_where=still)
    op.create_index('ix_honours_subject_id', 'honours', ['subject_id'], unique=False)
    op.create_index('ix_honours_expires_on', 'honours', ['expires_on'], unique=False, postgresql_where=still)
    op.create_table('honour_acts',
    sa.Column('honour_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('act', sa.String(length=12), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('paper_id', sa.Uuid(), nullable=True),
    sa.Column('request', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('done_by', sa.Text(), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("act IN ('review', 'grant', 'refusal', 'withdrawal', 'suspension', 'resumption', 'notice', 'statement', 'revocation', 'retention', 'expiry')", name=op.f('ck_honour_acts_act')),
    sa.ForeignKeyConstraint(['honour_id'], ['honours.id'], name=op.f('fk_honour_acts_honour_id')),
    sa.PrimaryKeyConstraint('honour_id', 'version', name=op.f('pk_honour_acts'))
    )


def downgrade() -> None:
    for statement in drop_append_only_ddl(*APPEND_ONLY):
        op.execute(statement)
    for table in ('honour_acts', 'honours', 'board_entries', 'boards', 'warning_sweeps', 'warning_rule_versions', 'warning_sources', 'supervision_states'):
        op.drop_table(table)
    op.execute("UPDATE warnings SET state = 'acknowledged' WHERE state = 'invited'")
    op.drop_index('ix_warnings_due_on', 'warnings')
    op.drop_index('uq_warnings_open', 'warnings')
    for column in ('paper_id', 'day'):
        op.drop_column('warning_acts', column)
    for column in ('escalated_to', 'interview_on', 'due_on', 'resolve_by', 'window_key', 'kind'):
        op.drop_column('warnings', column)
    op.drop_constraint(op.f('ck_warnings_outcome'), 'warnings', type_='check')
    op.drop_constraint(op.f('ck_warnings_state'), 'warnings', type_='check')
    op.drop_constraint(op.f('ck_warning_acts_act'), 'warning_acts', type_='check')
    op.execute("""
        UPDATE warnings SET outcome = CASE outcome WHEN 'false_alarm' THEN 'unfounded'
            WHEN 'handed_over' THEN 'confirmed' WHEN 'no_action' THEN 'unfounded' ELSE outcome END
    """)
    op.create_check_constraint(op.f('ck_warnings_outcome'), 'warnings', "outcome IN ('confirmed', 'unfounded', 'corrected')")
    op.create_check_constraint(op.f('ck_warnings_state'), 'warnings', "state IN ('raised', 'acknowledged', 'interviewed', 'resolved')")
    op.create_check_constraint(op.f('ck_warning_acts_act'), 'warning_acts', "act IN ('acknowledge', 'interview', 'resolve')")
