"""Which days are worked: the table of public holidays and make-up days, one file a year."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from common.policies import Policy, PolicySet
from common.problems import Text

__all__ = ["HolidayYear", "WorkingDay", "holiday_years", "is_working_day"]

_YEARS = Path(__file__).parent / "years"
_SATURDAY = 5


class _Name(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    zh: str
    en: str


class _Holiday(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: _Name
    first: date
    last: date
    make_up_days: list[date]

    def days_off(self) -> list[date]:
        return [self.first + timedelta(n) for n in range((self.last - self.first).days + 1)]


class HolidayYear(Policy):
    """The holidays of one year as the State Council's notice sets them."""

    holidays: list[_Holiday]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        off = [day for holiday in self.holidays for day in holiday.days_off()]
        worked = [day for holiday in self.holidays for day in holiday.make_up_days]
        if len({*off, *worked}) != len(off) + len(worked):
            raise ValueError("a day stands twice in the table")
        if any(day.weekday() < _SATURDAY for day in worked):
            raise ValueError("a make-up day is no Saturday or Sunday")
        if any(not self.in_force(day) for day in off + worked):
            raise ValueError("a day lies outside the year")
        return self


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """Whether a day is worked. `provisional`: no notice covers it, so the weekday alone decided."""

    working: bool
    provisional: bool
    reason: Text


@cache
def holiday_years() -> PolicySet[HolidayYear]:
    """The years in the table, as policies with their notices."""
    return PolicySet.load(_YEARS, HolidayYear)


@cache
def _table() -> tuple[frozenset[int], dict[date, WorkingDay]]:
    table: dict[date, WorkingDay] = {}
    for year in holiday_years():
        for holiday in year.holidays:
            name = holiday.name
            free = WorkingDay(False, False, Text(f"{name.zh}放假", f"{name.en} holiday"))
            worked = WorkingDay(True, False, Text(f"{name.zh}调休上班", f"make-up day for {name.en}"))
            table |= dict.fromkeys(holiday.days_off(), free) | dict.fromkeys(holiday.make_up_days, worked)
    return frozenset(year.effective_from.year for year in holiday_years()), table


def is_working_day(day: date) -> WorkingDay:
    """Whether offices work on `day`: holidays and make-up days by the notices, else Monday to Friday."""
    years, table = _table()
    if known := table.get(day):
        return known
    working = day.weekday() < _SATURDAY
    reason = Text("工作日", "weekday") if working else Text("周末", "weekend")
    return WorkingDay(working, day.year not in years, reason)
