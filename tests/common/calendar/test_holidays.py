"""The table of holidays against an independent public table."""

from datetime import date, timedelta

import chinese_calendar  # type: ignore[import-untyped]
import pytest
from common.calendar import HolidayYear, holiday_years, is_working_day
from common.policies import PolicyError

DAYS = [date(2024, 1, 1) + timedelta(n) for n in range(366 + 365 + 365)]


def test_every_day_of_the_table_agrees_with_chinesecalendar() -> None:
    for day in DAYS:
        answer = is_working_day(day)
        assert not answer.provisional
        assert answer.working is chinese_calendar.is_workday(day), day


def test_counts_of_each_year_agree_with_the_notices() -> None:
    for year, working in [(2024, 251), (2025, 248), (2026, 248)]:
        assert sum(is_working_day(day).working for day in DAYS if day.year == year) == working


@pytest.mark.parametrize(
    ("day", "working", "reason"),
    [
        (date(2026, 2, 14), True, "春节调休上班"),
        (date(2026, 2, 23), False, "春节放假"),
        (date(2026, 11, 23), True, "工作日"),
        (date(2026, 11, 22), False, "周末"),
        (date(2025, 10, 8), False, "国庆节、中秋节放假"),
    ],
)
def test_the_reason_is_told(day: date, working: bool, reason: str) -> None:
    answer = is_working_day(day)
    assert (answer.working, str(answer.reason)) == (working, reason)


def test_beyond_the_notices_the_answer_is_provisional() -> None:
    assert is_working_day(date(2027, 1, 1)).working and is_working_day(date(2027, 1, 1)).provisional
    assert not is_working_day(date(2027, 1, 2)).working and is_working_day(date(2027, 1, 2)).provisional
    assert is_working_day(date(2023, 12, 29)).provisional


def test_the_years_name_their_notices() -> None:
    assert [year.version for year in holiday_years()] == ["2024", "2025", "2026"]
    for year, number in zip(holiday_years(), ["2023〕7号", "2024〕12号", "2025〕7号"], strict=True):
        assert number in year.legal_basis[0] and year.status == "verified"


@pytest.mark.parametrize(
    ("first", "last", "make_up", "reason"),
    [
        ("2026-01-01", "2026-01-03", ["2026-01-03"], "stands twice"),
        ("2026-01-01", "2026-01-03", ["2026-01-05"], "no Saturday or Sunday"),
        ("2025-12-31", "2026-01-03", [], "outside the year"),
    ],
)
def test_a_wrong_table_is_refused(first: str, last: str, make_up: list[str], reason: str) -> None:
    content = {
        "id": "public-holidays",
        "version": 2026,
        "effective_from": "2026-01-01",
        "effective_to": "2026-12-31",
        "legal_basis": ["甲"],
        "status": "sample",
        "holidays": [
            {"name": {"zh": "元旦", "en": "New Year"}, "first": first, "last": last, "make_up_days": make_up}
        ],
    }
    with pytest.raises(PolicyError, match=reason):
        HolidayYear.parse(content, file="2026.yaml")
