"""The life of an objection, its days, and who may decide it.

Filed, then accepted or refused; an accepted one may be forwarded to the source, is verified, and is sustained
or dismissed; either ends it, and its closing is the service of the decision. The days are policy data
(`policies/objections.yaml`); working days are counted by the official calendar.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from common.calendar import DayCount, add_working_days

from .policy import DecisionDays, ObjectionPolicy, StepDays

__all__ = [
    "OPEN",
    "TOLD",
    "Event",
    "RippleState",
    "State",
    "Target",
    "Term",
    "appraisal_pauses",
    "decide_due",
    "events_allowed",
    "next_state",
    "overdue",
    "terms_of",
]


class Target(StrEnum):
    """What an objection is against."""

    FACT = "fact"
    GRADE = "grade"
    LISTING = "listing"
    PAGE = "page"


class State(StrEnum):
    """Where an objection stands."""

    FILED = "filed"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    FORWARDED = "forwarded"
    VERIFIED = "verified"
    SUSTAINED = "sustained"
    DISMISSED = "dismissed"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Event(StrEnum):
    """What happens to an objection."""

    FILE = "file"
    ACCEPT = "accept"
    REFUSE = "refuse"
    FORWARD = "forward"
    EXTEND = "extend"
    START_APPRAISAL = "start_appraisal"
    END_APPRAISAL = "end_appraisal"
    VERIFY = "verify"
    SUSTAIN = "sustain"
    DISMISS = "dismiss"
    WITHDRAW = "withdraw"
    CLOSE = "close"


class RippleState(StrEnum):
    """How far the listing of what depended on the fact has come."""

    RUNNING = "running"
    DONE = "done"


OPEN = (State.FILED, State.ACCEPTED, State.FORWARDED, State.VERIFIED)
"""The states in which nothing is decided; one objection at a time is open against the same thing."""

TOLD = ("grade", "tier", "listing", "measure", "honour", "certificate", "page", "fact", "rank", "reliance")
"""The kinds of effects that a subject is told of itself as they are; the rest is internal or unfinished."""

_UNDER_WAY = (State.ACCEPTED, State.FORWARDED)
_NEXT: dict[tuple[State, Event], State] = {
    (State.FILED, Event.ACCEPT): State.ACCEPTED,
    (State.FILED, Event.REFUSE): State.REFUSED,
    (State.ACCEPTED, Event.FORWARD): State.FORWARDED,
    **{(state, Event.EXTEND): state for state in (*_UNDER_WAY, State.VERIFIED)},
    **{(state, Event.START_APPRAISAL): state for state in _UNDER_WAY},
    **{(state, Event.END_APPRAISAL): state for state in _UNDER_WAY},
    **{(state, Event.VERIFY): State.VERIFIED for state in _UNDER_WAY},
    (State.VERIFIED, Event.SUSTAIN): State.SUSTAINED,
    (State.VERIFIED, Event.DISMISS): State.DISMISSED,
    **{(state, Event.WITHDRAW): State.WITHDRAWN for state in OPEN},
    (State.SUSTAINED, Event.CLOSE): State.CLOSED,
    (State.DISMISSED, Event.CLOSE): State.CLOSED,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What of an objection decides which events fit."""

    state: State
    extended: bool
    in_appraisal: bool


def next_state(standing: Standing, event: Event) -> State | None:
    """The state after `event`, or None when it does not fit.

    An objection is extended once; an appraisal ends before another begins and before the verification.
    """
    if event is Event.EXTEND and standing.extended:
        return None
    if standing.in_appraisal and event in (Event.START_APPRAISAL, Event.VERIFY):
        return None
    if event is Event.END_APPRAISAL and not standing.in_appraisal:
        return None
    return _NEXT.get((standing.state, event))


def events_allowed(standing: Standing) -> list[Event]:
    """The events that fit now."""
    return [event for event in Event if next_state(standing, event) is not None]


def appraisal_pauses(appraisals: Iterable[tuple[date, date | None]], today: date) -> list[tuple[date, date]]:
    """The days of appraisals, which no period counts; one under way lasts until today at least."""
    return [(first, last if last is not None else max(first, today)) for first, last in appraisals]


def decide_due(
    policy: ObjectionPolicy,
    filed_on: date,
    *,
    forwarded: bool,
    extended: bool,
    pauses: Iterable[tuple[date, date]] = (),
) -> DayCount:
    """The last day for the decision, counted from the day of filing.

    Forwarding to the source and extending give the longer periods of the policy, never more than its total;
    time for an expert's appraisal is not counted.
    """
    days = policy.decide.forwarded_working_days if forwarded else policy.decide.working_days
    if extended:
        days = policy.decide.total_working_days
    return add_working_days(filed_on, min(days, policy.decide.total_working_days), pauses)


@dataclass(frozen=True, slots=True)
class Term:
    """A step's time: its last day, when it was done, by which article, and how sure we are of the figure.

    Handing on is due only where another unit must verify, so it is late only when it was done late.
    """

    event: Literal["flag", "forward", "decide", "remedy"]
    working_days: int
    due_on: date | None
    met_on: date | None
    late: bool
    provisional: bool
    article: str
    status: str


def terms_of(
    policy: ObjectionPolicy,
    filed_on: date,
    decide_by: DayCount,
    remedy_due: date | None,
    done: Mapping[str, date],
    waiting: Collection[str],
    today: date,
) -> list[Term]:
    """The terms of an objection.

    `done` gives the days on which it was flagged, forwarded, decided and, as its closing tells, put right,
    `waiting` which of these must still be done. What was not sustained leaves nothing to be put right.
    """

    def term(
        event: Literal["flag", "forward", "decide", "remedy"], part: StepDays | DecisionDays, count: DayCount
    ) -> Term:
        met_on = done.get(event)
        late = met_on > count.due_on if met_on else event in waiting and today > count.due_on
        days = len(count.counted_days)
        return Term(event, days, count.due_on, met_on, late, count.provisional, part.article, part.status)

    counted = [add_working_days(filed_on, part.working_days) for part in (policy.flag, policy.forward)]
    remedy, decided_on = policy.remedy, done.get("decide")
    put_right = Term("remedy", remedy.working_days, None, None, False, False, remedy.article, remedy.status)
    if remedy_due is not None and decided_on is not None:
        put_right = term("remedy", remedy, add_working_days(decided_on, remedy.working_days))
    return [
        term("flag", policy.flag, counted[0]),
        term("forward", policy.forward, counted[1]),
        term("decide", policy.decide, decide_by),
        put_right,
    ]


def overdue(terms: Iterable[Term]) -> Literal["flag", "decide", "remedy"] | None:
    """Which step's last day has passed without it: the decision's, the flag's, the correction's."""
    late = {term.event for term in terms if term.late and term.met_on is None}
    order: tuple[Literal["flag", "decide", "remedy"], ...] = ("decide", "flag", "remedy")
    return next((event for event in order if event in late), None)
