"""The life of an objection, its days, and who may decide it.

Filed, then accepted or refused; an accepted one may be forwarded to the source, is verified, and is sustained
or dismissed; either ends it, and its closing is the service of the decision. The days are policy data
(`policies/objections.yaml`); working days are counted by the official calendar.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from common.calendar import DayCount, add_working_days

from .policy import ObjectionPolicy

__all__ = [
    "OPEN",
    "Event",
    "RippleState",
    "State",
    "Target",
    "appraisal_pauses",
    "decide_due",
    "events_allowed",
    "next_state",
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
