"""Field types of the submission: strict readings of text, whole numbers, days and instants.

The types accept what the published JSON schema accepts, and beyond it demand that a date is a day of the
calendar and a time an instant: `2026-02-30` has the form of a date and is none.
"""

import re
from datetime import date, datetime
from typing import Annotated, Any

from common.problems import Text
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

__all__ = [
    "MAX_SAFE_INTEGER",
    "Amount",
    "Count",
    "Day",
    "Instant",
    "LicenceNumber",
    "Name",
    "Part",
    "Percent",
    "Rate",
    "UsccText",
    "WhenPresent",
    "Whole",
]

MAX_SAFE_INTEGER = 2**53 - 1
FIRST_YEAR, LAST_YEAR = 1900, 2199
DAY = r"^\d{4}-\d{2}-\d{2}$"
INSTANT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class Part(BaseModel):
    """An object of the document: no unknown field, no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _day(value: Any) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError(Text("须为日期（YYYY-MM-DD）", "Must be a date (YYYY-MM-DD)"))
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(Text(f"日历上没有 {value} 这一天", f"The calendar has no day {value}")) from error
    return _in_range(day)


def _instant(value: Any) -> datetime:
    match = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            Text("须为带时区的时间（RFC 3339）", "Must be an instant with its offset (RFC 3339)")
        )
    moment, fraction, offset = match.groups()
    try:
        instant = datetime.fromisoformat(moment + (fraction or "")[:7] + offset.replace("Z", "+00:00"))
    except ValueError as error:
        raise ValueError(Text("不是有效的时间", "Not a valid instant")) from error
    _in_range(instant.date())
    return instant


def _in_range(day: date) -> date:
    """Days far off are typing errors, and arithmetic with them would leave the calendar."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(
            Text(
                f"年份须在 {FIRST_YEAR} 至 {LAST_YEAR} 之间", f"The year must be {FIRST_YEAR} to {LAST_YEAR}"
            )
        )
    return day


def _whole(value: Any) -> Any:
    """1.0 is a whole number in JSON; true and "1" are none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _safe(value)


def _safe(value: Any) -> Any:
    """Whole numbers beyond 2^53-1 have no canonical form (RFC 8785)."""
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        raise ValueError(Text("整数超出 2^53-1", "The whole number is beyond 2^53-1"))
    return value


def _present(value: Any) -> Any:
    if value is None:
        raise ValueError(Text("不填时应省略，不能为 null", "Leave it out when empty; null is not allowed"))
    return value


class _Omittable:
    """Optional by absence: the field may be missing but never null."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        for kept in schema.pop("anyOf", []):
            if kept != {"type": "null"}:
                schema.update(kept)
        schema.pop("default", None)
        return schema


WhenPresent = (_Omittable(), BeforeValidator(_present))
"""For an optional field that is left out when empty: `Annotated[X | None, *WhenPresent] = None`."""

Name = Annotated[str, Field(min_length=1)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "pattern": DAY})]
Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": INSTANT}),
]
Whole = Annotated[int, BeforeValidator(_whole)]
Amount = Annotated[int, Field(ge=0), BeforeValidator(_whole)]
Count = Annotated[int, Field(ge=1), BeforeValidator(_whole)]
Rate = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_safe)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False), BeforeValidator(_safe)]
UsccText = Annotated[str, Field(pattern=r"^[0-9]{8}[0-9A-HJ-NP-RTUWXY]{10}$")]
LicenceNumber = Annotated[str, Field(pattern=r"^L-[A-Z]{2,4}-(CJ)?[0-9]{5,6}$")]
