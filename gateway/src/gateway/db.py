"""The gateway's own registry and metadata: principals, sessions, keys; no table of any domain."""

from common.db import include, new_registry
from common.idempotency import TABLES as IDEMPOTENCY
from sqlmodel import SQLModel

__all__ = ["Base", "metadata"]


class Base(SQLModel, registry=new_registry()):
    """Base of the gateway's tables."""


metadata = Base.metadata
include(metadata, *IDEMPOTENCY)
