"""Periods: from the day of an event to the last day inside.

The event's own day is never counted (Civil Code, Art. 201). A period in working days counts holidays out
and make-up days in. A period in days counts every day, and when its last day is not worked the next working
day is the last (Art. 203). A period in months ends on the corresponding day, or on the month's last day where
there is none (Art. 202); it is not prolonged by holidays.
"""

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Literal

from common.problems import Problem, Text

from .holidays import is_working_day

__all__ = ["DateOutOfRange", "DayCount", "add_days", "add_months", "add_working_days"]

Pause = tuple[date, date]


class DateOutOfRange(Problem):
    """The period leads beyond the years a calendar can hold."""

    type = "/problems/date-out-of-range"
    title = Text("日期超出可计算范围", "The date is out of range")
    status = 422


@dataclass(frozen=True, slots=True)
class DayCount:
    """A deadline and how it was counted.

    `counted_days` are the days that make up the period; in a period of days `due_on` may lie behind the last
    of them. `pauses` are the given ones, in order, overlapping ones merged. `provisional`: a day was needed
    that no holiday notice covers.
    """

    due_on: date
    unit: Literal["working_days", "days"]
    counted_days: tuple[date, ...]
    pauses: tuple[Pause, ...]
    provisional: bool


def add_working_days(event_day: date, n: int, pauses: Iterable[Pause] = ()) -> DayCount:
    """The n-th working day after `event_day`, paused days left out.

    Zero is the day itself. Raises ValueError for a negative count or a pause that ends before it starts,
    DateOutOfRange beyond the year 9999.
    """
    _check_length(n)
    merged = _merge(pauses)
    days = _unpaused_days(event_day, merged)
    counted: list[date] = []
    provisional = False
    while len(counted) < n:
        day = next(days)
        answer = is_working_day(day)
        provisional |= answer.provisional
        if answer.working:
            counted.append(day)
    return DayCount(
        counted[-1] if counted else event_day, "working_days", tuple(counted), merged, provisional
    )


def add_days(event_day: date, n: int, pauses: Iterable[Pause] = ()) -> DayCount:
    """The n-th day after `event_day`, paused days left out, moved on to a working day that is not paused.

    Zero is the day itself and is not moved. Raises as `add_working_days`.
    """
    _check_length(n)
    merged = _merge(pauses)
    days = _unpaused_days(event_day, merged)
    counted = tuple(islice(days, n))
    if not counted:
        return DayCount(event_day, "days", (), merged, provisional=False)
    due_on = counted[-1]
    answer = is_working_day(due_on)
    provisional = answer.provisional
    while not answer.working:
        due_on = next(days)
        answer = is_working_day(due_on)
        provisional |= answer.provisional
    return DayCount(due_on, "days", counted, merged, provisional)


def add_months(start: date, months: int) -> date:
    """The corresponding day `months` later: the last day inside a period that began with `start`.

    Always count from the first date: 30 September and 6 months is 30 March, 31 January and 1 month the end of
    February. Raises ValueError for a negative count, DateOutOfRange beyond the year 9999.
    """
    _check_length(months)
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    if year > date.max.year:
        raise DateOutOfRange
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def _merge(pauses: Iterable[Pause]) -> tuple[Pause, ...]:
    merged: list[Pause] = []
    for first, last in sorted(pauses):
        if last < first:
            raise ValueError("a pause ends before it starts")
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def _check_length(n: int) -> None:
    if n < 0:
        raise ValueError("a period has no negative length")


def _unpaused_days(event_day: date, pauses: tuple[Pause, ...]) -> Iterator[date]:
    """The days after `event_day` that no pause takes out."""
    day = event_day
    while True:
        day = _next(day)
        for first, last in pauses:
            if first <= day <= last:
                day = _next(last)
        yield day


def _next(day: date) -> date:
    if day == date.max:
        raise DateOutOfRange
    return day + timedelta(days=1)
