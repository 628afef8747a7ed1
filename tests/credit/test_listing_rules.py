"""The rules of listings: conditions, deadlines in working days, both clocks, the state machine, minors."""

from datetime import date, timedelta
from typing import Any

import pytest
from common.calendar import add_months, add_working_days
from credit.facts.retention import PublicityPolicy
from credit.listings.clocks import clocks_of, deadlines_of, defence_over
from credit.listings.rules import ENDED, Event, State, Steps, age_on, events_allowed, is_minor, next_state
from credit.subjects.rules import Kind
from hypothesis import given
from hypothesis import strategies as st

from .cases import BOOK

DAY = date(2026, 11, 23)
LISTS = BOOK.lists.choose("credit-lists", on=DAY)
SERIOUS, SLIGHT = LISTS.of("serious"), LISTS.of("slight")


def publicity(on: date) -> PublicityPolicy:
    return BOOK.publicity.choose("publicity", on=on)


def due(steps: Steps, today: date, form: Any = SERIOUS) -> dict[str, Any]:
    return {found.event: found for found in deadlines_of(form, steps, today)}


ACTS = ["SEV-C-4-SHOW", "SEV-C-4-VENUE", "SEV-C-4-NET"]
LOCAL = ["L14-SEV-1", "L14-SEV-2", "L14-SEV-3"]


# --- conditions -----------------------------------------------------------------------------------------


def test_every_condition_of_the_provisions_is_there_with_its_own_status() -> None:
    codes = {condition.id: condition for condition in BOOK.listing_conditions}
    assert set(codes) == {
        *(f"SEV-T-{n}" for n in range(1, 7)),
        *(f"SEV-C-{n}" for n in range(1, 6)),
        *ACTS,
        *(f"MIN-{n}" for n in range(1, 7)),
        "ESC-1",
        *LOCAL,
    }
    assert codes["SEV-C-4"].finer == ACTS
    assert {found.region for code, found in codes.items() if code in LOCAL} == {"140000"}
    assert {code for code, found in codes.items() if found.status == "sample"} == set(LOCAL)
    assert {code for code, found in codes.items() if found.status == "verified"} == {
        "SEV-T-1",
        "SEV-T-2",
        "SEV-T-3",
        "SEV-T-4",
        "SEV-T-6",
        *(f"SEV-C-{n}" for n in range(1, 6)),
        *ACTS,
    }
    assert {code for code, found in codes.items() if found.open_clause} == {
        "SEV-T-6",
        "SEV-C-5",
        "MIN-6",
        *LOCAL,
    }
    assert {code for code, found in codes.items() if found.on_list == "slight"} == {
        f"MIN-{n}" for n in range(1, 7)
    }
    assert all(set(found.kinds) <= set(Kind) for found in codes.values())


@pytest.mark.parametrize(
    ("code", "kind", "fits"),
    [
        ("SEV-T-4", "travel_agency", True),
        ("SEV-T-4", "tour_guide", True),
        ("SEV-T-4", "star_hotel", False),
        ("SEV-T-2", "tour_guide", False),
        ("SEV-T-5", "unlicensed_operator", True),
        ("MIN-3", "tour_guide", False),
        ("SEV-T-6", "coach_company", True),
        ("SEV-T-3", "natural_person", True),
        ("SEV-T-2", "natural_person", False),
        ("SEV-T-4", "natural_person", False),
        ("MIN-3", "natural_person", False),
        ("MIN-4", "natural_person", True),
    ],
)
def test_a_condition_fits_the_kinds_that_the_provisions_name(code: str, kind: str, fits: bool) -> None:
    assert BOOK.listing_conditions.choose(code, on=DAY).fits(kind) is fits


# --- procedure: deadlines in working days ---------------------------------------------------------------


def test_statement_within_ten_working_days_of_the_notice() -> None:
    found = due(Steps(notified_on=date(2026, 9, 28)), date(2026, 9, 28))["statement"]
    # 1 to 7 October are holidays; 10 October is a make-up Saturday by the notice for 2026.
    assert found.due_on == add_working_days(date(2026, 9, 28), 10).due_on
    assert (found.unit, len(found.counted_days), found.status) == ("working_days", 10, "open")
    assert found.counted_days[-1] == found.due_on and date(2026, 10, 1) not in found.counted_days
    assert (found.rule, found.rule_status) == ("ORDER7-DEFENCE", "recalled")


def test_silence_is_a_waiver_from_the_day_after_and_starts_the_decision_period() -> None:
    steps = Steps(notified_on=DAY)
    last = due(steps, DAY)["statement"].due_on
    assert defence_over(SERIOUS, DAY, last) is None
    assert defence_over(SERIOUS, DAY, last + timedelta(days=1)) == last
    assert "decide" not in due(steps, last)
    found = due(steps, last + timedelta(days=1))
    assert found["statement"].status == "waived"
    assert found["decide"].started_on == last and len(found["decide"].counted_days) == 15


def test_reply_within_fifteen_working_days_and_decision_within_fifteen_of_the_reply() -> None:
    steps = Steps(notified_on=DAY, stated_on=date(2026, 11, 25))
    assert due(steps, DAY)["reply"].due_on == add_working_days(date(2026, 11, 25), 15).due_on
    assert "decide" not in due(steps, date(2027, 6, 1))
    replied = Steps(DAY, date(2026, 11, 25), date(2026, 12, 1))
    found = due(replied, date(2026, 12, 1))
    assert found["decide"].due_on == add_working_days(date(2026, 12, 1), 15).due_on
    assert (found["reply"].status, found["decide"].status) == ("met", "open")


def test_a_passed_deadline_is_shown_and_decides_nothing() -> None:
    replied = Steps(DAY, date(2026, 11, 25), date(2026, 12, 1))
    assert due(replied, date(2027, 6, 1))["decide"].status == "overdue"
    late = Steps(DAY, date(2026, 11, 25), date(2026, 12, 1), date(2027, 6, 1))
    assert due(late, date(2027, 6, 2))["decide"].status == "met_late"


def test_a_deadline_beyond_the_holiday_table_is_provisional() -> None:
    assert due(Steps(notified_on=date(2031, 1, 2)), date(2031, 1, 2))["statement"].provisional
    assert not due(Steps(notified_on=date(2026, 11, 23)), DAY)["statement"].provisional


def test_a_serious_decision_needs_expert_legal_review_and_discussion_a_slight_one_does_not() -> None:
    assert SERIOUS.steps == ["expert", "legal_review", "discussion"] and SERIOUS.reply_required
    assert SLIGHT.steps == [] and not SLIGHT.reply_required and set(SLIGHT.terms) == {"defence"}
    assert "decide" not in due(Steps(DAY, DAY, DAY), DAY, SLIGHT)


@given(
    notified=st.dates(date(2022, 1, 1), date(2026, 6, 30)),
    stated=st.integers(0, 20),
    replied=st.integers(0, 40),
    later=st.integers(0, 120),
)
def test_deadlines_never_lie_before_what_starts_them(
    notified: date, stated: int, replied: int, later: int
) -> None:
    said = notified + timedelta(days=stated)
    answered = said + timedelta(days=replied)
    found = deadlines_of(SERIOUS, Steps(notified, said, answered), answered + timedelta(days=later))
    assert [one.event for one in found] == ["statement", "reply", "decide"]
    for one in found:
        assert one.started_on < one.due_on == one.counted_days[-1]
        assert one.due_on == add_working_days(one.started_on, len(one.counted_days)).due_on


# --- management period and the two clocks ---------------------------------------------------------------


def test_three_years_and_one_year_the_corresponding_day_is_the_last_inside() -> None:
    served = date(2026, 12, 1)
    assert clocks_of(SERIOUS, served, served, publicity(served)).management_until == date(2029, 12, 1)
    assert clocks_of(SLIGHT, served, served, publicity(served)).management_until == date(2027, 12, 1)
    leap = date(2024, 2, 29)
    assert clocks_of(SERIOUS, leap, leap, publicity(leap)).management_until == date(2027, 2, 28)


def test_a_longer_restriction_of_another_law_prevails_a_shorter_does_not() -> None:
    day = date(2026, 12, 1)
    longer = clocks_of(SERIOUS, day, day, publicity(day), date(2031, 12, 1))
    assert (longer.management_until, longer.management.rule) == (date(2031, 12, 1), "ORDER7-PERIOD-LONGER")
    shorter = clocks_of(SERIOUS, day, day, publicity(day), date(2028, 1, 1))
    assert (shorter.management_until, shorter.management.rule) == (date(2029, 12, 1), "ORDER7-PERIOD-SERIOUS")


def test_publication_runs_from_the_document_the_list_from_service() -> None:
    made, served = date(2026, 11, 23), date(2026, 12, 10)
    found = clocks_of(SERIOUS, served, made, publicity(made))
    assert (found.management_until, found.publication_until) == (date(2029, 12, 10), date(2029, 11, 23))
    assert found.publication is not None and found.publication.rule == "ORDER36-PUBLICATION"


def test_before_order_36_publication_ends_with_the_list() -> None:
    made = date(2026, 3, 31)
    found = clocks_of(SERIOUS, made, made, publicity(made))
    assert found.publication_until == found.management_until
    assert found.publication is not None and found.publication.rule == "ORDER7-PERIOD-SERIOUS"


def test_slight_listings_are_not_published() -> None:
    assert clocks_of(SLIGHT, DAY, DAY, publicity(DAY)).publication_until is None


@given(served=st.dates(date(2022, 1, 1), date(2030, 1, 1)), before=st.integers(0, 60))
def test_publication_never_outlasts_the_list(served: date, before: int) -> None:
    made = served - timedelta(days=before)
    found = clocks_of(SERIOUS, served, made, publicity(made))
    assert found.publication_until is not None
    assert found.publication_until <= found.management_until == add_months(served, 36)


# --- state machine --------------------------------------------------------------------------------------


def test_the_state_machine_reaches_a_listing_only_through_notice_and_decision() -> None:
    allowed = {state: events_allowed(state) for state in State}
    assert allowed[State.DRAFT] == [Event.NOTIFY, Event.DISMISS]
    assert allowed[State.DECIDED] == [Event.PUBLISH, Event.REMOVE]
    assert allowed[State.LISTED] == [Event.REMOVE, Event.LIFT]
    assert events_allowed(State.LISTED, lifted=True) == [Event.REMOVE, Event.RESTORE]
    assert all(allowed[state] == [] for state in ENDED)
    assert next_state(State.DRAFT, Event.DECIDE) is None


@given(st.lists(st.sampled_from([e for e in Event if e is not Event.OPEN]), max_size=12))
def test_no_walk_lists_anybody_unheard(events: list[Event]) -> None:
    state, walked = State.DRAFT, [State.DRAFT]
    for event in events:
        state = next_state(state, event) or state
        walked.append(state)
    if State.LISTED in walked:
        assert walked.index(State.NOTIFIED) < walked.index(State.DECIDED) < walked.index(State.LISTED)


# --- what may be shown ----------------------------------------------------------------------------------


def test_minors_and_persons_of_unknown_age_are_minors_to_the_public() -> None:
    assert age_on(date(2008, 11, 23), DAY) == 18 and not is_minor(date(2008, 11, 23), DAY, 18)
    assert age_on(date(2008, 11, 24), DAY) == 17 and is_minor(date(2008, 11, 24), DAY, 18)
    assert BOOK.lists.choose("credit-lists", on=DAY).majority.years == 18
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 18
    assert is_minor(None, DAY, 18)
