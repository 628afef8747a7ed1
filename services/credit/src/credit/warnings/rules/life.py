"""The life of a warning: states, what an officer does, and to whom it goes when nobody does it."""

from enum import StrEnum

__all__ = ["Act", "Outcome", "State", "acts_allowed", "next_state", "parent_region"]


class State(StrEnum):
    """Where a warning stands."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    INVITED = "invited"
    INTERVIEWED = "interviewed"
    RESOLVED = "resolved"


class Act(StrEnum):
    """What is done with a warning. To invite and to hold a talk (约谈) are both the route `interview`."""

    ACKNOWLEDGE = "acknowledge"
    INVITE = "invite"
    INTERVIEW = "interview"
    ESCALATE = "escalate"
    RESOLVE = "resolve"


class Outcome(StrEnum):
    """What a resolved warning turned out to be."""

    CONFIRMED = "confirmed"
    FALSE_ALARM = "false_alarm"
    HANDED_OVER = "handed_over"
    NO_ACTION = "no_action"


_WORKING = (State.ACKNOWLEDGED, State.INVITED, State.INTERVIEWED)
_NEXT = {
    (State.RAISED, Act.ACKNOWLEDGE): State.ACKNOWLEDGED,
    **{(state, Act.INVITE): State.INVITED for state in _WORKING},
    **{(state, Act.INTERVIEW): State.INTERVIEWED for state in _WORKING},
    **{(state, Act.RESOLVE): State.RESOLVED for state in _WORKING},
}
_ROUTES = {Act.INVITE: Act.INTERVIEW}


def next_state(state: State, act: Act) -> State | None:
    """The state after `act`, or None when it does not fit."""
    return _NEXT.get((state, act))


def acts_allowed(state: State) -> list[Act]:
    """The routes that may be called in `state`."""
    return list(dict.fromkeys(_ROUTES.get(act, act) for held, act in _NEXT if held is state))


def parent_region(region: str) -> str:
    """The next higher level: county to city, city to province, province to the country."""
    if not region.endswith("00"):
        return region[:4] + "00"
    return "000000" if region.endswith("0000") else region[:2] + "0000"
