"""The whole schema of the service: its own tables and those that common brings."""

from common import events, idempotency, ledger
from common.db import include
from sqlalchemy import MetaData

from contracts.db import metadata
from contracts.price_alerts import models as price_alerts
from contracts.registrations import models as registrations
from contracts.subjects import models as subjects

__all__ = ["full_metadata"]

OWN = (registrations, price_alerts, subjects)
"""Importing these modules puts their tables into the metadata."""


def full_metadata() -> MetaData:
    """The metadata that migrations build and `alembic check` compares."""
    include(metadata, *events.TABLES, *idempotency.TABLES, *ledger.TABLES)
    return metadata
