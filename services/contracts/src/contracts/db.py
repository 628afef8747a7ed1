"""The contracts service's own registry and metadata."""

from common.db import new_registry
from sqlmodel import SQLModel

__all__ = ["Base", "metadata"]


class Base(SQLModel, registry=new_registry()):
    """Base of every table of this service."""


metadata = Base.metadata
