"""Clocks of both rule sets: pure, by hand-counted examples and by properties."""

from datetime import date, timedelta

import pytest
from common.calendar import is_working_day
from common.policies import PolicyNotInForce
from complaints.cases.clocks import Deadline, Happened, deadlines, next_due
from complaints.cases.policy import ProcedureBook
from complaints.policybook import POLICIES
from hypothesis import given, settings
from hypothesis import strategies as st

BOOK = ProcedureBook(POLICIES)
FIRST = date(2024, 1, 2)
DAYS = st.dates(FIRST, date(2026, 9, 30))


def clocks(
    *history: tuple[str, date], region: str | None = None, as_of: date | None = None
) -> dict[str, Deadline]:
    events = [Happened(event, on) for event, on in history]
    received_on = events[0].on
    found = deadlines(
        events,
        BOOK.national(received_on),
        BOOK.local(received_on, region),
        as_of=as_of or events[-1].on,
    )
    return {deadline.event: deadline for deadline in found}


@pytest.mark.parametrize(
    ("received_on", "due_on", "rule"),
    [
        (date(2026, 11, 23), date(2026, 11, 25), "TCM_2026.accept"),
        (date(2026, 3, 13), date(2026, 3, 20), "TCM_2010.accept"),
        (date(2026, 3, 14), date(2026, 3, 20), "TCM_2010.accept"),
        (date(2026, 3, 15), date(2026, 3, 17), "TCM_2026.accept"),
        (date(2026, 9, 30), date(2026, 10, 9), "TCM_2026.accept"),
        (date(2025, 9, 30), date(2025, 10, 14), "TCM_2010.accept"),
    ],
)
def test_the_day_of_receipt_chooses_the_rule_set(received_on: date, due_on: date, rule: str) -> None:
    """Holidays 1-7 October 2026 and 1-8 October 2025, each with its make-up days."""
    accept = clocks(("submit", received_on))["accept"]
    assert (accept.due_on, accept.rule, accept.unit) == (due_on, rule, "working_days")
    assert accept.article


def test_before_the_first_rule_set_there_is_none() -> None:
    with pytest.raises(PolicyNotInForce):
        BOOK.national(date(2010, 6, 30))


def test_the_reply_term_differs_between_the_rule_sets() -> None:
    old = clocks(("submit", date(2025, 6, 2)), ("accept", date(2025, 6, 3)), ("serve", date(2025, 6, 4)))
    assert (old["reply"].unit, old["reply"].due_on) == ("days", date(2025, 6, 16))
    new = clocks(("submit", date(2026, 6, 1)), ("accept", date(2026, 6, 2)), ("serve", date(2026, 6, 3)))
    assert (new["reply"].unit, new["reply"].due_on) == ("working_days", date(2026, 6, 10))


def test_sixty_days_that_end_in_the_october_week_end_after_it() -> None:
    accepted = date(2026, 8, 3)
    conclude = clocks(("submit", accepted), ("accept", accepted))["conclude"]
    assert conclude.counted_days[-1] == date(2026, 10, 2)
    assert conclude.due_on == date(2026, 10, 8)
    assert len(conclude.counted_days) == 60


def test_an_appraisal_takes_its_days_out() -> None:
    accepted = date(2026, 4, 1)
    plain = clocks(("submit", accepted), ("accept", accepted))["conclude"]
    paused = clocks(
        ("submit", accepted),
        ("accept", accepted),
        ("start_appraisal", date(2026, 4, 10)),
        ("appraisal_done", date(2026, 4, 19)),
    )["conclude"]
    assert paused.pauses == ((date(2026, 4, 10), date(2026, 4, 19)),)
    assert paused.counted_days[-1] == plain.counted_days[-1] + timedelta(days=10)
    assert not set(paused.counted_days) & {date(2026, 4, 10) + timedelta(days=n) for n in range(10)}


def test_a_running_appraisal_makes_the_end_provisional() -> None:
    accepted = date(2026, 4, 1)
    conclude = clocks(
        ("submit", accepted),
        ("accept", accepted),
        ("start_appraisal", date(2026, 4, 10)),
        as_of=date(2026, 5, 20),
    )["conclude"]
    assert conclude.provisional
    assert conclude.pauses == ((date(2026, 4, 10), date(2026, 5, 20)),)


def test_waiting_for_a_supplement_stops_the_decision() -> None:
    accept = clocks(
        ("submit", date(2026, 11, 23)),
        ("ask_supplement", date(2026, 11, 24)),
        ("supplement", date(2026, 11, 27)),
    )["accept"]
    assert accept.due_on == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("region", "rule", "days"),
    [
        ("310101", "local-310000.conclude", 45),
        ("370102", "local-370000.conclude", 45),
        ("140105", "TCM_2026.conclude", 60),
    ],
)
def test_a_shorter_local_term_binds(region: str, rule: str, days: int) -> None:
    accepted = date(2026, 4, 1)
    conclude = clocks(("submit", accepted), ("accept", accepted), region=region)["conclude"]
    assert conclude.rule == rule
    assert len(conclude.counted_days) == days


def test_a_longer_local_term_does_not() -> None:
    accept = clocks(("submit", date(2026, 4, 1)), region="370102")["accept"]
    assert accept.rule == "TCM_2026.accept"
    before = clocks(("submit", date(2025, 4, 8)), region="370102")["accept"]
    assert before.rule == "local-370000.accept"
    assert len(before.counted_days) == 3


def test_an_extension_needs_the_local_regulation() -> None:
    accepted = date(2026, 4, 1)
    history = (("submit", accepted), ("accept", accepted), ("extend", date(2026, 5, 1)))
    extended = clocks(*history, region="370102")["conclude"]
    assert len(extended.counted_days) == 75
    assert extended.rule == "local-370000.conclude+extension"
    assert clocks(*history, region="140105")["conclude"].rule == "TCM_2026.conclude"


def test_what_is_met_late_or_dropped_says_so() -> None:
    day = date(2026, 6, 1)
    late = clocks(("submit", day), ("accept", day + timedelta(days=9)))
    assert (late["accept"].status, late["accept"].met_on) == ("late", day + timedelta(days=9))
    withdrawn = clocks(("submit", day), ("withdraw", day))
    assert withdrawn["accept"].status == "dropped"
    assert next_due(list(withdrawn.values())) is None
    overdue = clocks(("submit", day), as_of=day + timedelta(days=30))
    assert overdue["accept"].status == "overdue"


def test_days_beyond_the_published_holidays_are_provisional() -> None:
    accept = clocks(("submit", date(2026, 12, 31)))["accept"]
    assert accept.provisional
    assert not clocks(("submit", date(2026, 11, 23)))["accept"].provisional


@settings(max_examples=200, deadline=None)
@given(received_on=DAYS)
def test_working_days_are_counted_as_by_hand(received_on: date) -> None:
    """Against a second, naive count: walk day by day and count what is worked."""
    accept = clocks(("submit", received_on))["accept"]
    wanted = 2 if received_on >= date(2026, 3, 15) else 5
    day, counted = received_on, []
    while len(counted) < wanted:
        day += timedelta(days=1)
        if is_working_day(day).working:
            counted.append(day)
    assert accept.counted_days == tuple(counted)
    assert accept.due_on == counted[-1] > received_on


@settings(max_examples=200, deadline=None)
@given(accepted_on=DAYS, gap=st.integers(0, 40), length=st.integers(0, 60))
def test_a_pause_moves_the_end_by_its_own_length(accepted_on: date, gap: int, length: int) -> None:
    start = accepted_on + timedelta(days=1 + gap)
    end = start + timedelta(days=length)
    base = (("submit", accepted_on), ("accept", accepted_on))
    plain = clocks(*base)["conclude"]
    paused = clocks(*base, ("start_appraisal", start), ("appraisal_done", end))["conclude"]
    assert paused.counted_days[-1] - plain.counted_days[-1] == timedelta(days=length + 1)
    assert len(paused.counted_days) == len(plain.counted_days) == 60
    assert paused.due_on >= paused.counted_days[-1]


@settings(max_examples=150, deadline=None)
@given(received_on=DAYS, region=st.sampled_from(["140105", "310101", "370102", "410102", "410302"]))
def test_a_local_term_never_prolongs_the_national_one(received_on: date, region: str) -> None:
    history = (("submit", received_on), ("accept", received_on))
    national, local = clocks(*history), clocks(*history, region=region)
    assert set(national) == set(local)
    assert all(local[event].due_on <= national[event].due_on for event in national)


@settings(max_examples=150, deadline=None)
@given(received_on=DAYS, waits=st.lists(st.integers(0, 20), min_size=4, max_size=4))
def test_deadlines_depend_on_the_history_alone(received_on: date, waits: list[int]) -> None:
    """A later reading changes what is open or overdue, never when something was due."""
    day, history = received_on, [("submit", received_on)]
    for event, wait in zip(("accept", "serve", "reply", "mediate"), waits, strict=True):
        day += timedelta(days=wait)
        history.append((event, day))
    now, later = clocks(*history), clocks(*history, as_of=day + timedelta(days=400))
    assert {event: found.due_on for event, found in now.items()} == {
        event: found.due_on for event, found in later.items()
    }
