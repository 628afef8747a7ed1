"""Alembic's entry: the schema of complaints."""

from common.migrations import run_migrations
from complaints.schema import Base

run_migrations(Base.metadata)
