"""The rules of objections: states, days by place, appraisals."""

from datetime import date
from itertools import product

import pytest
from credit.objections.policy import ObjectionPolicy
from credit.objections.rules import (
    OPEN,
    Event,
    Standing,
    State,
    Term,
    appraisal_pauses,
    decide_due,
    events_allowed,
    next_state,
    overdue,
    terms_of,
)

from .cases import BOOK

TODAY = date(2026, 11, 23)
SHANXI = BOOK.objections.choose("objections", on=TODAY, region="140105")


def reached(standing: Standing, seen: set[State]) -> set[State]:
    for event in events_allowed(standing):
        after = next_state(standing, event)
        assert after is not None
        if after not in seen:
            seen.add(after)
            reached(Standing(after, False, False), seen)
    return seen


def test_every_state_is_reached_and_what_is_over_stays_so() -> None:
    assert reached(Standing(State.FILED, False, False), {State.FILED}) == set(State)
    for state in (State.REFUSED, State.CLOSED, State.WITHDRAWN):
        assert events_allowed(Standing(state, False, False)) == []
    for state, event in product(State, Event):
        decided = next_state(Standing(state, False, False), event) in (State.SUSTAINED, State.DISMISSED)
        assert not decided or state is State.VERIFIED
    assert State.VERIFIED in OPEN and State.SUSTAINED not in OPEN


def test_an_objection_is_extended_once_and_appraisals_do_not_overlap() -> None:
    assert next_state(Standing(State.ACCEPTED, True, False), Event.EXTEND) is None
    busy = Standing(State.ACCEPTED, False, True)
    assert next_state(busy, Event.START_APPRAISAL) is None
    assert next_state(busy, Event.VERIFY) is None
    assert next_state(busy, Event.END_APPRAISAL) is State.ACCEPTED
    assert next_state(Standing(State.ACCEPTED, False, False), Event.END_APPRAISAL) is None


def test_days_follow_the_place() -> None:
    def due(region: str, *, forwarded: bool = False, extended: bool = False) -> str:
        policy = BOOK.objections.choose("objections", on=TODAY, region=region)
        return decide_due(policy, TODAY, forwarded=forwarded, extended=extended).due_on.isoformat()

    assert [due(one) for one in ("140105", "310000", "370000", "410000", "330000")] == [
        "2026-11-30",
        "2026-11-30",
        "2026-11-26",
        "2026-11-26",
        "2026-11-30",
    ]
    assert due("310000", forwarded=True) == due("370000", forwarded=True) == "2026-12-02"
    assert due("140105", extended=True) == due("330000", extended=True) == "2026-12-21"


def test_each_figure_says_how_sure_we_are_of_it() -> None:
    def of(region: str) -> tuple[str, ...]:
        policy = BOOK.objections.choose("objections", on=TODAY, region=region)
        parts = (policy.flag, policy.forward, policy.decide, policy.remedy)
        return (*(one.status for one in parts), policy.status)

    assert of("310000") == ("verified",) * 5
    assert of("140105") == of("110000") == ("recalled",) * 5
    assert of("370000") == ("sample", "sample", "verified", "verified", "sample")
    assert of("410000") == ("verified", "sample", "verified", "verified", "sample")
    assert of("330000") == ("sample", "sample", "verified", "sample", "sample")
    with pytest.raises(Exception, match="least certain"):
        ObjectionPolicy.parse(SHANXI.content | {"status": "verified"})


def test_an_appraisal_is_not_counted_and_holidays_are_not_either() -> None:
    span = appraisal_pauses([(date(2026, 11, 25), None)], date(2026, 11, 27))
    assert span == [(date(2026, 11, 25), date(2026, 11, 27))]
    paused = decide_due(SHANXI, TODAY, forwarded=False, extended=False, pauses=span)
    assert paused.due_on == date(2026, 12, 3)
    festival = decide_due(SHANXI, date(2026, 9, 30), forwarded=False, extended=False)
    assert festival.due_on > date(2026, 10, 10)


def test_what_a_sustained_objection_leaves_to_be_put_right_has_its_day() -> None:
    decide_by = decide_due(SHANXI, TODAY, forwarded=False, extended=False)

    def remedy(today: date, closed: date | None = None, due_on: date | None = date(2026, 11, 30)) -> Term:
        done = {"flag": TODAY, "decide": date(2026, 11, 25)} | ({"remedy": closed} if closed else {})
        terms = terms_of(SHANXI, TODAY, decide_by, due_on, done, {"remedy"}, today)
        assert overdue(terms) == ("remedy" if terms[-1].late and closed is None else None)
        return terms[-1]

    assert (remedy(date(2026, 11, 30)).due_on, remedy(date(2026, 11, 30)).late) == (date(2026, 11, 30), False)
    assert remedy(date(2026, 12, 1)).late
    closed = remedy(date(2026, 12, 9), date(2026, 12, 1))
    assert (closed.met_on, closed.late) == (date(2026, 12, 1), True)
    assert not remedy(date(2026, 12, 9), date(2026, 11, 27)).late
    dismissed = remedy(date(2026, 12, 9), None, None)
    assert (dismissed.due_on, dismissed.late) == (None, False)
    done = {"flag": TODAY, "decide": date(2026, 12, 30)}
    beyond = terms_of(SHANXI, TODAY, decide_by, date(2027, 1, 4), done, {"remedy"}, date(2026, 12, 30))
    assert beyond[-1].provisional, "no holiday notice covers 2027"


@pytest.mark.parametrize(
    "days",
    [
        {"working_days": 8, "forwarded_working_days": 7, "total_working_days": 20},
        {"working_days": 5, "forwarded_working_days": 21, "total_working_days": 20},
        {"working_days": 0, "forwarded_working_days": 7, "total_working_days": 20},
    ],
)
def test_a_policy_whose_days_fall_does_not_load(days: dict[str, int]) -> None:
    content = SHANXI.content | {"decide": SHANXI.content["decide"] | days}
    with pytest.raises(Exception, match="objections"):
        ObjectionPolicy.parse(content)
