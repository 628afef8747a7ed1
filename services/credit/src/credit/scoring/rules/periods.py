"""Calendar periods: months, quarters and years, and the runs of a card that evaluates by period."""

from datetime import date, timedelta
from typing import Literal

from pydantic import Field

from .format import Codes, FactFilter, Part

__all__ = ["Calendar", "ExtraRuns", "Reset", "first_day", "label", "last_day"]

Calendar = Literal["month", "quarter", "year"]
_MONTHS: dict[Calendar, int] = {"month": 1, "quarter": 3, "year": 12}
_DAY = timedelta(days=1)


class ExtraRuns(Part):
    """Facts of `codes` that meet `when` call for a run at once, to be made in so many working days."""

    codes: Codes = Field(min_length=1)
    when: FactFilter | None = None
    within_working_days: int | None = Field(default=None, ge=1, le=60)


class Reset(Part):
    """When everything before no longer counts: with facts of `on`, or at the end of a calendar period."""

    on: Codes = Field(default=[])
    every: Calendar | None = None


def first_day(day: date, period: Calendar) -> date:
    """The first day of the calendar period that holds `day`."""
    months = _MONTHS[period]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def last_day(day: date, period: Calendar) -> date:
    """The last day of the calendar period that holds `day`."""
    months = _MONTHS[period]
    year, month = divmod((day.month - 1) // months * months + months, 12)
    return date.max if day.year + year > date.max.year else date(day.year + year, month + 1, 1) - _DAY


def label(day: date, period: Calendar) -> str:
    """The name of the calendar period that holds `day`: 2026, 2026-Q3 or 2026-09."""
    if period == "year":
        return f"{day.year:04d}"
    if period == "quarter":
        return f"{day.year:04d}-Q{(day.month + 2) // 3}"
    return f"{day.year:04d}-{day.month:02d}"
