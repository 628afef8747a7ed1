"""Base of all that crosses the API."""

from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema

__all__ = ["Model"]

_SCALARS = frozenset({"int", "float", "bool"})
_NOT_SCHEMAS = frozenset({"metadata", "serialization", "default"})


def _no_guessing(node: Any) -> None:
    if isinstance(node, dict):
        kind = node.get("type")
        if isinstance(kind, str) and kind in _SCALARS:
            node.setdefault("strict", True)
        for name, child in node.items():
            if name not in _NOT_SCHEMAS:
                _no_guessing(child)
    elif isinstance(node, list | tuple):
        for child in node:
            _no_guessing(child)


class Model(BaseModel):
    """A body or an answer: unknown fields are refused, and numbers and truth values are never guessed.

    `true` is no 1 and "5" no 5; text still becomes a date, an id or an enum where the field says so.
    """

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _no_guessing(schema)
        return schema
