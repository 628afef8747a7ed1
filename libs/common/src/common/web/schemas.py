"""Base of all that crosses the API."""

import re
from datetime import date, time, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticKnownError
from pydantic_core.core_schema import no_info_before_validator_function

__all__ = ["Model"]

_SCALARS = frozenset({"int", "float", "bool"})
_TimeError = Literal["date_type", "datetime_type", "time_type", "time_delta_type"]
_TIMES: dict[str, _TimeError] = {
    "date": "date_type",
    "datetime": "datetime_type",
    "time": "time_type",
    "timedelta": "time_delta_type",
}
_NUMBER = re.compile(r"[+-]?[0-9.]+")
# Names in JSON objects are text, so the keys of a mapping may be read as numbers.
_NOT_SCHEMAS = frozenset({"metadata", "serialization", "default", "keys_schema"})
_GUARDED = "tourtrust_guarded"


def _no_guessing(node: Any) -> None:
    if isinstance(node, dict):
        kind = node.get("type")
        if not isinstance(kind, str):  # a mapping of field names (one may be "type") to schemas
            for child in node.values():
                _no_guessing(child)
        elif kind in _SCALARS:
            node.setdefault("strict", True)
        elif kind in _TIMES:
            _refuse_numbers(node, _TIMES[kind])
        else:
            for name, child in node.items():
                if name not in _NOT_SCHEMAS:
                    _no_guessing(child)
    elif isinstance(node, list | tuple):
        for child in node:
            _no_guessing(child)


def _refuse_numbers(node: dict[str, Any], error: _TimeError) -> None:
    """Check before the validator of a time, which would read 86400 and "20260101" as seconds since 1970."""

    def check(value: Any) -> Any:
        if isinstance(value, date | time | timedelta):
            return value
        if not isinstance(value, str) or _NUMBER.fullmatch(value):
            raise PydanticKnownError(error)
        return value

    metadata = node.get("metadata") or {}
    if not metadata.get(_GUARDED):
        inner: Any = {**node, "metadata": {**metadata, _GUARDED: True}}
        node.clear()
        node.update(no_info_before_validator_function(check, inner))


class Model(BaseModel):
    """A body or an answer: unknown fields are refused, and numbers, truth values and times are never guessed.

    `true` is no 1, "5" no 5 and 5 no day in 1970; text still becomes a date, an id or an enum where the field
    says so.
    """

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _no_guessing(schema)
        return schema
