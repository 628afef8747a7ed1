"""The states of an enforcement case, its clocks and the band a penalty must lie in. Pure.

Sources: 行政处罚法 arts 42 (two officers), 44, 45 (tell, hear), 51, 52 (on the spot), 57 (decision), 62 (no
decision where rights were skipped), 60, 61, 63, 64, 67 (hearing, terms).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from common.calendar import DayCount, add_days, add_working_days

from .policy import Band, PenaltyPolicy, SummaryProcedure, Violation

__all__ = [
    "RESPONDENT_EVENTS",
    "TOLD_EVENTS",
    "TOLD_STATES",
    "Event",
    "Past",
    "Procedure",
    "State",
    "allowed",
    "breaks_band",
    "deadlines",
    "following",
    "hearing_is_pending",
    "is_summary",
    "may_be_summary",
    "rights_open_until",
    "unpaid",
]


class Procedure(StrEnum):
    """By which procedure a penalty is imposed: on the spot (简易程序), or the ordinary one (普通程序)."""

    SUMMARY = "summary"
    ORDINARY = "ordinary"


class State(StrEnum):
    """Where a case stands."""

    CLUE = "clue"
    FILED = "filed"
    INVESTIGATED = "investigated"
    PROPOSED = "proposed"
    NOTIFIED = "notified"
    HEARD = "heard"
    DECIDED = "decided"
    SERVED = "served"
    CLOSED = "closed"
    DISMISSED = "dismissed"


class Event(StrEnum):
    """What can happen to a case."""

    FILE = "file"
    DISMISS = "dismiss"
    ADD_EVIDENCE = "add_evidence"
    CONCLUDE = "conclude"
    PROPOSE = "propose"
    NOTIFY_RIGHTS = "notify_rights"
    STATEMENT = "statement"
    REQUEST_HEARING = "request_hearing"
    WAIVE_RIGHTS = "waive_rights"
    HOLD_HEARING = "hold_hearing"
    DECIDE = "decide"
    RETURN = "return"
    SERVE = "serve"
    PAY = "pay"
    CLOSE = "close"


TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.CLUE: {Event.FILE: State.FILED, Event.DISMISS: State.DISMISSED},
    State.FILED: {
        Event.ADD_EVIDENCE: State.FILED,
        Event.CONCLUDE: State.INVESTIGATED,
        Event.DISMISS: State.DISMISSED,
    },
    State.INVESTIGATED: {Event.PROPOSE: State.PROPOSED, Event.DISMISS: State.DISMISSED},
    State.PROPOSED: {Event.NOTIFY_RIGHTS: State.NOTIFIED, Event.PROPOSE: State.PROPOSED},
    State.NOTIFIED: {
        Event.STATEMENT: State.NOTIFIED,
        Event.REQUEST_HEARING: State.NOTIFIED,
        Event.WAIVE_RIGHTS: State.HEARD,
        Event.HOLD_HEARING: State.HEARD,
        Event.DECIDE: State.DECIDED,
        Event.RETURN: State.INVESTIGATED,
    },
    State.HEARD: {Event.DECIDE: State.DECIDED, Event.RETURN: State.INVESTIGATED},
    State.DECIDED: {Event.SERVE: State.SERVED},
    State.SERVED: {Event.PAY: State.SERVED, Event.CLOSE: State.CLOSED},
    State.CLOSED: {},
    State.DISMISSED: {},
}
RESPONDENT_EVENTS = frozenset({Event.STATEMENT, Event.REQUEST_HEARING, Event.WAIVE_RIGHTS})
TOLD_STATES = (State.NOTIFIED, State.HEARD, State.DECIDED, State.SERVED, State.CLOSED)
"""The states in which the respondent sees its case."""
TOLD_EVENTS = RESPONDENT_EVENTS | {
    Event.PROPOSE,
    Event.NOTIFY_RIGHTS,
    Event.HOLD_HEARING,
    Event.DECIDE,
    Event.SERVE,
    Event.PAY,
    Event.CLOSE,
}
"""What the respondent sees of the history: the proposal with its reasons (art. 44) and what followed."""


@dataclass(frozen=True, slots=True)
class Past:
    """One event of the history: what and on which Chinese day."""

    event: Event
    on: date
    data: Mapping[str, Any]


def allowed(state: State) -> list[Event]:
    """The events that the present state takes."""
    return sorted(TRANSITIONS[state])


def following(state: State, event: Event) -> State | None:
    """The state after `event`, or None when the present state does not take it."""
    return TRANSITIONS[state].get(event)


def breaks_band(violation: Violation, kind: str, amount_fen: int | None, grade: str | None) -> Band | None:
    """The band that a fine leaves, or None when it lies inside (or the penalty is no fine)."""
    if kind != "fine":
        return None
    band = violation.band(grade) or violation.fine
    inside = amount_fen is not None and band.low_fen <= amount_fen <= band.high_fen
    return None if inside else band


def may_be_summary(policy: SummaryProcedure, respondent_key: str, kind: str, amount_fen: int | None) -> bool:
    """Whether the law lets this penalty be imposed on the spot (art. 51)."""
    if kind not in policy.kinds:
        return False
    return kind != "fine" or (amount_fen or 0) <= policy.high_fen(respondent_key)


def is_summary(history: Sequence[Past]) -> bool:
    """Whether the penalty last proposed is one imposed on the spot."""
    proposed = _last(history, Event.PROPOSE)
    return proposed is not None and proposed.data.get("procedure") == Procedure.SUMMARY


def rights_open_until(policy: PenaltyPolicy, history: Sequence[Past]) -> DayCount | None:
    """Until when the party may ask for a hearing; None where that is over, was never told, or there is none.

    It ends with a waiver or a held hearing, which must have been asked for. A request keeps the decision back
    until the hearing was held: see `hearing_is_pending`. A penalty on the spot has no hearing (art. 63): the
    party states and defends then and there.
    """
    told = _last(history, Event.NOTIFY_RIGHTS)
    if told is None or is_summary(history) or _after(history, told, Event.WAIVE_RIGHTS, Event.HOLD_HEARING):
        return None
    return add_working_days(told.on, policy.procedure["hearing_request"].working_days or 0)


def hearing_is_pending(history: Sequence[Past]) -> bool:
    """Whether a hearing was asked for and not yet held."""
    asked = _last(history, Event.REQUEST_HEARING)
    return asked is not None and not _after(history, asked, Event.HOLD_HEARING, Event.WAIVE_RIGHTS)


def deadlines(policy: PenaltyPolicy, history: Sequence[Past]) -> dict[str, DayCount]:
    """The terms that run in the present state, by the event that meets them."""
    running: dict[str, DayCount] = {}
    filed, decided = _last(history, Event.FILE), _last(history, Event.DECIDE)
    served = _last(history, Event.SERVE)
    terms = policy.procedure
    ended = any(past.event in {Event.DISMISS, Event.CLOSE} for past in history)
    if filed and not decided and not ended:
        running["decide"] = add_days(filed.on, terms["decide_within"].days or 0)
    if not decided and not ended and (rights := rights_open_until(policy, history)):
        running["request_hearing"] = rights
    if decided and not served:
        running["serve"] = add_days(decided.on, terms["serve_within"].days or 0)
    if served and unpaid(history) and not ended:
        running["pay"] = add_days(served.on, terms["pay_within"].days or 0)
    return running


def unpaid(history: Sequence[Past]) -> int:
    """What is left of the fine last proposed, in fen; 0 for any other penalty."""
    proposed = _last(history, Event.PROPOSE)
    if proposed is None or proposed.data.get("kind") != "fine":
        return 0
    paid = sum(past.data["amount_fen"] for past in history if past.event is Event.PAY)
    return int(proposed.data["amount_fen"]) - int(paid)


def _last(history: Sequence[Past], event: Event) -> Past | None:
    return next((past for past in reversed(history) if past.event is event), None)


def _after(history: Sequence[Past], since: Past, *events: Event) -> bool:
    place = max(number for number, past in enumerate(history) if past is since)
    return any(past.event in events for past in history[place + 1 :])
