"""Alembic's entry: the schema of credit."""

from common.migrations import run_migrations
from credit.schema import full_metadata

run_migrations(full_metadata())
