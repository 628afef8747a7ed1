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
    """Where a commitment stands: running, due for verification, proposed by one officer, decided."""

    OPEN = "open"
    DUE = "due"
    PROPOSED = "proposed"
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
    CONFIRM = "confirm"
    RETURN = "return"


_NEXT: dict[tuple[State, Event], State] = {
    (State.OPEN, Event.EXPIRE): State.DUE,
    (State.OPEN, Event.VERIFY): State.PROPOSED,
    (State.DUE, Event.VERIFY): State.PROPOSED,
    (State.PROPOSED, Event.CONFIRM): State.DECIDED,
    (State.PROPOSED, Event.RETURN): State.OPEN,
}


def next_state(state: State, event: Event) -> State | None:
    """The state after an event; None when the event does not fit."""
    return _NEXT.get((state, event))


def events_allowed(state: State) -> list[Event]:
    """The events that fit a state, in order; expiry comes by itself."""
    return [event for event in Event if (state, event) in _NEXT and event is not Event.EXPIRE]


def state_on(end_on: date, today: date) -> State:
    """Where a commitment without a result stands: the last day is still inside."""
    return State.OPEN if today <= end_on else State.DUE
