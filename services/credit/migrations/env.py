"""Alembic's entry: the schema of credit."""

from common.migrations import run_migrations
from credit.db import Base

run_migrations(Base.metadata)
