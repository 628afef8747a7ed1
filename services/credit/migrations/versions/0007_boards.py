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

APPEND_ONLY: tuple[str, ...] = ()


def upgrade() -> None:
    op.create_table('supervision_states',
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('tier', sa.String(length=16), nullable=True),
    sa.Column('credit_tier', sa.String(length=16), nullable=True),
    sa.Column('risk_class', sa.String(length=1), nullable=True),
    sa.Column('measures', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('next_change_on', sa.Date(), nullable=True),
    sa.Column('announced_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_supervision_states_subject_id')),
    sa.PrimaryKeyConstraint('subject_id', name=op.f('pk_supervision_states'))
    )
    op.create_index('ix_supervision_states_next_change_on', 'supervision_states', ['next_change_on'], unique=False, postgresql_where=sa.text('next_change_on IS NOT NULL'))


def downgrade() -> None:
    op.drop_table('supervision_states')
