"""The complaints service's own registry and metadata."""

from common import audit, idempotency
from common.db import include, new_registry
from common.events import TABLES as EVENT_TABLES
from sqlmodel import SQLModel

__all__ = ["Base"]


class Base(SQLModel, registry=new_registry()):
    """Base of every table of this service."""


include(Base.metadata, *audit.TABLES, *idempotency.TABLES, *EVENT_TABLES)
