"""The life of a warning, and the rules that raise one."""

from enum import StrEnum
from typing import Annotated, Literal

from common.policies import CompiledWith, Condition, Policy
from common.problems import Text
from pydantic import Field

__all__ = ["Act", "Outcome", "State", "WarningRule", "next_state"]


class State(StrEnum):
    """Where a warning stands."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    INTERVIEWED = "interviewed"
    RESOLVED = "resolved"


class Act(StrEnum):
    """What an officer does with a warning."""

    ACKNOWLEDGE = "acknowledge"
    INTERVIEW = "interview"
    RESOLVE = "resolve"


class Outcome(StrEnum):
    """What a resolved warning turned out to be."""

    CONFIRMED = "confirmed"
    UNFOUNDED = "unfounded"
    CORRECTED = "corrected"


_NEXT = {
    (State.RAISED, Act.ACKNOWLEDGE): State.ACKNOWLEDGED,
    (State.ACKNOWLEDGED, Act.INTERVIEW): State.INTERVIEWED,
    (State.INTERVIEWED, Act.INTERVIEW): State.INTERVIEWED,
    (State.ACKNOWLEDGED, Act.RESOLVE): State.RESOLVED,
    (State.INTERVIEWED, Act.RESOLVE): State.RESOLVED,
}

_FACTS = frozenset({"rule_ids", "ratio", "region", "steps_down", "tier"})


class WarningRule(Policy):
    """When an event becomes a warning, how serious it is, and how soon somebody must look at it.

    A price alert gives `rule_ids`, `ratio` (null when there is none) and `region`; a change of grade gives
    `steps_down` (how many grades worse, negative for better), `tier` and `region`.
    """

    trigger: Literal["price_alert_raised", "grade_changed"]
    when: Annotated[Condition, CompiledWith(_FACTS)]
    severity: Literal["low", "medium", "high"]
    acknowledge_within_working_days: int = Field(ge=1, le=60)
    name: Text
    advice: Text


def next_state(state: State, act: Act) -> State | None:
    """The state after `act`, or None when it does not fit."""
    return _NEXT.get((state, act))


def acts_allowed(state: State) -> list[Act]:
    """What may be done in `state`."""
    return [act for (held, act) in _NEXT if held is state]
