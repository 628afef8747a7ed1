"""The credit service's own registry and metadata."""

from collections.abc import Iterable

from common.db import new_registry
from sqlmodel import SQLModel

__all__ = ["Base", "metadata", "one_of"]


class Base(SQLModel, registry=new_registry()):
    """Base of every table of this service."""


metadata = Base.metadata


def one_of(column: str, values: Iterable[str]) -> str:
    """The text of a CHECK that a column holds one of some codes, such as those of an enum."""
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"
