"""Commitments: their kinds, states and results. Pure."""

from datetime import date
from enum import StrEnum

__all__ = ["Event", "Kind", "Result", "State", "events_allowed", "next_state", "state_on"]


class Kind(StrEnum):
    """The kinds in common use: approval-substitute 审批替代型, proof-notification 证明事项告知承诺, voluntary
    publication 主动公示型, trade self-discipline 行业自律型, repair 信用修复型."""

    APPROVAL_SUBSTITUTE = "approval_substitute"
    PROOF_NOTIFICATION = "proof_notification"
    VOLUNTARY_PUBLICATION = "voluntary_publication"
    SELF_DISCIPLINE = "self_discipline"
    REPAIR = "repair"


class State(StrEnum):
    """Where a commitment stands: running, due for verification, found kept by one officer, or found broken:
    its subject told, and heard; decided."""

    OPEN = "open"
    DUE = "due"
    PROPOSED = "proposed"
    NOTIFIED = "notified"
    HEARD = "heard"
    DECIDED = "decided"


class Result(StrEnum):
    """Whether it was kept; *pending* until a second person has decided."""

    PENDING = "pending"
    KEPT = "kept"
    BROKEN = "broken"


class Event(StrEnum):
    """What happens to a commitment."""

    GIVE = "give"
    EXPIRE = "expire"
    VERIFY = "verify"
    NOTIFY = "notify"
    STATEMENT = "statement"
    CONFIRM = "confirm"
    RETURN = "return"


_FOUND = (State.PROPOSED, State.NOTIFIED, State.HEARD)
"""One officer has found something; another has to decide on it."""
_NEXT: dict[tuple[State, Event], State] = {
    (State.OPEN, Event.EXPIRE): State.DUE,
    **{(state, Event.VERIFY): State.PROPOSED for state in (State.OPEN, State.DUE)},
    **{(state, Event.NOTIFY): State.NOTIFIED for state in (State.OPEN, State.DUE)},
    **{(state, Event.STATEMENT): State.HEARD for state in (State.NOTIFIED, State.HEARD)},
    **{(state, Event.CONFIRM): State.DECIDED for state in _FOUND},
    **{(state, Event.RETURN): State.OPEN for state in _FOUND},
}
_NOT_ASKED_FOR = frozenset({Event.EXPIRE, Event.NOTIFY})
"""Expiry comes by itself; the notice goes out with the verification that finds a breach."""


def next_state(state: State, event: Event) -> State | None:
    """The state after an event; None when the event does not fit."""
    return _NEXT.get((state, event))


def events_allowed(state: State, *, running: bool = False) -> list[Event]:
    """The events that fit a state, in order. `running`: the subject may still be heard.

    Who was told and may still be heard is not decided against; silence is a waiver.
    """
    fit = [event for event in Event if (state, event) in _NEXT and event not in _NOT_ASKED_FOR]
    if state in (State.NOTIFIED, State.HEARD):
        fit.remove(Event.CONFIRM if running else Event.STATEMENT)
    return fit


def state_on(end_on: date, today: date) -> State:
    """Where a commitment without a result stands: the last day is still inside."""
    return State.OPEN if today <= end_on else State.DUE
