"""Periods: worked examples and laws that hold for every date."""

from datetime import date, timedelta

import pytest
from common.calendar import DateOutOfRange, add_days, add_months, add_working_days, is_working_day
from hypothesis import given
from hypothesis import strategies as st

ONE = timedelta(days=1)
DATES = st.dates(date(2023, 6, 1), date(2027, 12, 31))
PAUSES = st.lists(
    st.tuples(DATES, st.integers(0, 90)).map(lambda p: (p[0], p[0] + timedelta(p[1]))), max_size=4
)


@pytest.mark.parametrize(
    ("event", "n", "due"),
    [
        (date(2026, 11, 20), 2, date(2026, 11, 24)),  # Friday: the weekend is left out
        (date(2026, 2, 13), 2, date(2026, 2, 24)),  # Saturday 14 is a make-up day, then Spring Festival
        (date(2026, 9, 30), 5, date(2026, 10, 13)),  # National Day, then Saturday 10 is worked
        (date(2026, 10, 3), 1, date(2026, 10, 8)),  # received on a holiday: not moved, day one is the 8th
        (date(2026, 11, 23), 0, date(2026, 11, 23)),
    ],
)
def test_working_days(event: date, n: int, due: date) -> None:
    count = add_working_days(event, n)
    assert (count.due_on, count.unit, len(count.counted_days), count.provisional) == (
        due,
        "working_days",
        n,
        False,
    )


@pytest.mark.parametrize(
    ("event", "n", "due"),
    [
        (date(2026, 11, 13), 10, date(2026, 11, 23)),
        (date(2026, 11, 12), 10, date(2026, 11, 23)),  # the tenth day is a Sunday
        (date(2026, 9, 21), 10, date(2026, 10, 8)),  # the tenth day is 1 October
        (date(2026, 2, 4), 10, date(2026, 2, 14)),  # a worked Saturday is not moved
        (date(2026, 11, 22), 0, date(2026, 11, 22)),
    ],
)
def test_days_move_on_from_a_day_that_is_not_worked(event: date, n: int, due: date) -> None:
    count = add_days(event, n)
    assert (count.due_on, count.unit) == (due, "days")
    assert count.counted_days == tuple(event + ONE * k for k in range(1, n + 1))


def test_a_pause_takes_out_its_first_and_its_last_day() -> None:
    pause = (date(2026, 11, 24), date(2026, 11, 25))
    assert add_working_days(date(2026, 11, 23), 2, [pause]).due_on == date(2026, 11, 27)
    count = add_days(date(2026, 11, 23), 2, [pause])
    assert count.counted_days == (date(2026, 11, 26), date(2026, 11, 27))
    # the last day is a Saturday; Monday is paused, so Tuesday is the last
    paused = add_days(date(2026, 11, 26), 2, [(date(2026, 11, 30), date(2026, 11, 30))])
    assert paused.due_on == date(2026, 12, 1)


def test_overlapping_pauses_count_once_and_are_shown_merged() -> None:
    a, b, c = date(2026, 11, 24), date(2026, 11, 26), date(2026, 11, 27)
    count = add_days(date(2026, 11, 23), 1, [(b, c), (a, b)])
    assert count.pauses == ((a, c),)
    with pytest.raises(ValueError, match="ends before"):
        add_days(a, 1, [(b, a)])


def test_provisional_is_said_only_when_an_unknown_day_mattered() -> None:
    assert not add_working_days(date(2026, 12, 30), 1).provisional
    assert add_working_days(date(2026, 12, 30), 2).provisional
    assert not add_days(date(2026, 10, 1), 30).provisional
    assert add_days(date(2026, 12, 30), 2).provisional
    assert not add_days(date(2023, 12, 1), 60).provisional
    assert add_working_days(date(2023, 12, 1), 60).provisional
    pause = (date(2026, 12, 31), date(2027, 2, 1))
    assert add_working_days(date(2026, 12, 29), 2, [pause]).provisional
    assert not add_working_days(date(2026, 12, 29), 1, [pause]).provisional


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2025, 3, 10), 12, date(2026, 3, 10)),
        (date(2026, 9, 30), 6, date(2027, 3, 30)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 5, 5), 0, date(2026, 5, 5)),
    ],
)
def test_months_end_on_the_corresponding_day(start: date, months: int, end: date) -> None:
    assert add_months(start, months) == end


def test_what_no_calendar_holds_is_refused() -> None:
    for count in (add_days, add_working_days, add_months):
        with pytest.raises(ValueError, match="negative"):
            count(date(2026, 1, 1), -1)
        with pytest.raises(DateOutOfRange):
            count(date(9999, 12, 30), 3)
    with pytest.raises(DateOutOfRange):
        add_days(date(2026, 1, 1), 1, [(date(2026, 1, 1), date.max)])


@given(DATES, st.integers(1, 40), PAUSES)
def test_working_days_agree_with_a_plain_count(event: date, n: int, pauses: list[tuple[date, date]]) -> None:
    count = add_working_days(event, n, pauses)
    between = [event + ONE * k for k in range(1, (count.due_on - event).days + 1)]
    free = [d for d in between if not any(a <= d <= b for a, b in pauses)]
    assert tuple(d for d in free if is_working_day(d).working) == count.counted_days
    assert len(count.counted_days) == n and count.counted_days[-1] == count.due_on
    assert count.provisional is any(is_working_day(d).provisional for d in free)


@given(DATES, st.integers(1, 90), PAUSES)
def test_days_agree_with_a_plain_count(event: date, n: int, pauses: list[tuple[date, date]]) -> None:
    count = add_days(event, n, pauses)
    between = [event + ONE * k for k in range(1, (count.due_on - event).days + 1)]
    free = [d for d in between if not any(a <= d <= b for a, b in pauses)]
    assert tuple(free[:n]) == count.counted_days
    assert free[-1] == count.due_on and is_working_day(count.due_on).working
    assert not any(is_working_day(d).working for d in free[n - 1 : -1])


@given(DATES, st.integers(0, 60), PAUSES)
def test_a_longer_period_or_a_further_pause_is_never_shorter(
    event: date, n: int, pauses: list[tuple[date, date]]
) -> None:
    for count in (add_days, add_working_days):
        assert count(event, n, pauses).due_on <= count(event, n + 1, pauses).due_on
        assert count(event, n, pauses[1:]).due_on <= count(event, n, pauses).due_on


@given(DATES, st.integers(0, 600))
def test_months_keep_the_day_or_end_with_the_month(start: date, months: int) -> None:
    end = add_months(start, months)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == months
    assert end.day == start.day or (end.day < start.day and (end + ONE).day == 1)
