"""Reading path and query as strictly as the body: what the framework would guess at or drop is refused."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, get_args, get_origin
from urllib.parse import unquote_to_bytes

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import AwareDatetime, NaiveDatetime

from common.problems import InvalidPayload, NotFound, Text

__all__ = ["ParameterRules"]

_LISTS = (list, tuple, set, frozenset)
_TIMES = (date, datetime, time, AwareDatetime, NaiveDatetime)
_NUMBER = re.compile(r"[+-]?[0-9.]+")


class ParameterRules:
    """What the parameters of one route must keep to beside their types."""

    def __init__(self, dependant: Dependant) -> None:
        fields = dict(_query_fields(dependant))
        self._single = {name for name, kind in fields.items() if not _mentions(kind, _LISTS)}
        self._times = {name for name, kind in fields.items() if _mentions(kind, _TIMES)}

    def check(self, request: Request) -> None:
        """Refuse text that is no UTF-8 or holds NUL, a single value given twice, and a number as a time.

        Raises:
            InvalidPayload: a query parameter is so.
            NotFound: the path holds NUL; nothing has such a name.
        """
        if any("\x00" in str(value) for value in request.path_params.values()):
            raise NotFound
        raw: bytes = request.scope["query_string"]
        if not raw:
            return
        try:
            unquote_to_bytes(raw).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidPayload.at("query", Text("须为有效的 UTF-8", "Must be valid UTF-8")) from error
        seen: set[str] = set()
        for name, value in request.query_params.multi_items():
            if "\x00" in name + value:
                raise _at(name, "不得含有空字符", "Must not hold NUL")
            if name in seen and name in self._single:
                raise _at(name, "只能出现一次", "May stand only once")
            if name in self._times and _NUMBER.fullmatch(value):
                raise _at(name, "须为 ISO 8601 日期或时间", "Must be an ISO 8601 date or time")
            seen.add(name)


def _at(name: str, zh: str, en: str) -> InvalidPayload:
    return InvalidPayload.at(f"query/{name.replace(chr(0), '?')}", Text(zh, en))


def _query_fields(dependant: Dependant) -> Iterator[tuple[str, Any]]:
    for field in dependant.query_params:
        yield field.alias, field.field_info.annotation
    for child in dependant.dependencies:
        yield from _query_fields(child)


def _mentions(annotation: Any, kinds: tuple[Any, ...]) -> bool:
    return (get_origin(annotation) or annotation) in kinds or any(
        _mentions(part, kinds) for part in get_args(annotation)
    )
