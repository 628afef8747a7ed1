"""Alembic's entry: the schema of the gateway."""

import gateway.identity.models
import gateway.keys.models
import gateway.tokens.models  # noqa: F401
from common.migrations import run_migrations
from gateway.db import metadata

run_migrations(metadata)
