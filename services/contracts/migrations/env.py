"""Alembic's entry: the schema of contracts."""

from common.migrations import run_migrations
from contracts.schema import full_metadata

run_migrations(full_metadata())
