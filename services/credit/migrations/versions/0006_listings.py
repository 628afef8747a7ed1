"""Credit: papers, listings, repairs, commitments

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from common.audit import append_only_ddl

APPEND_ONLY = ("papers",)

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
    for statement in append_only_ddl(*APPEND_ONLY):
        op.execute(statement)


def downgrade() -> None:
    for table in ("papers", "paper_series"):
        op.drop_table(table)
