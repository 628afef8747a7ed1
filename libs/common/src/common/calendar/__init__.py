"""Statutory days: working days with official holidays and make-up days, periods in days and in months.

All days are days in China (`common.clock.china_date`). The holiday table ends where the State Council's
notices end; an answer that needs a day outside it is given by weekday and marked *provisional*.
"""

from .counting import DateOutOfRange, DayCount, add_days, add_months, add_working_days
from .holidays import HolidayYear, WorkingDay, holiday_years, is_working_day

__all__ = [
    "DateOutOfRange",
    "DayCount",
    "HolidayYear",
    "WorkingDay",
    "add_days",
    "add_months",
    "add_working_days",
    "holiday_years",
    "is_working_day",
]
