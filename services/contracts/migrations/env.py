"""Alembic's entry: the schema of contracts."""

from common.migrations import run_migrations
from contracts.db import Base

run_migrations(Base.metadata)
