"""Days and instants as a file of cases writes them."""

from datetime import UTC, date, datetime, time
from typing import Any

from common.clock import CHINA, china_date

from credit.scoring.rules import CardError

__all__ = ["day_of", "end_of", "instant_of", "last_instant", "start_of"]


def day_of(value: Any) -> Any:
    """A Chinese day from a date or an instant."""
    if isinstance(value, str) and len(value) > 10:
        return china_date(instant_of(value))
    return value if value is None or isinstance(value, date) else _date(value)


def _date(value: Any) -> date:
    try:
        if not isinstance(value, str) or len(value) != 10:
            raise ValueError
        return date.fromisoformat(value)
    except ValueError as failure:
        raise CardError(
            f"{value!r} 不是日期：须为 YYYY-MM-DD，且当月有此日",
            f"{value!r} is no date: write a day that exists as YYYY-MM-DD",
        ) from failure


def instant_of(value: Any) -> Any:
    """An instant; a date is its first moment, a time without a zone is China's."""
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, str) and len(value) <= 10:
        return start_of(_date(value))
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as failure:
        raise CardError(
            f"{value!r} 不是时刻：须为 YYYY-MM-DD 或 YYYY-MM-DDThh:mm:ss+08:00",
            f"{value!r} is no instant: write YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+08:00",
        ) from failure
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


def last_instant(value: Any) -> Any:
    """An instant; a date is its last moment."""
    if isinstance(value, str) and len(value) == 10:
        return end_of(_date(value))
    return instant_of(value)


def start_of(day: date) -> datetime:
    """The first moment of a Chinese day."""
    return datetime.combine(day, time.min, CHINA).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The last moment of a Chinese day."""
    return datetime.combine(day, time.max, CHINA).astimezone(UTC)
