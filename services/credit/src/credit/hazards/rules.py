"""The life of a hazard."""

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["HazardAction", "HazardLevel", "HazardState", "acts_allowed", "next_state"]


class HazardState(StrEnum):
    """Where a hazard stands."""

    FOUND = "found"
    ORDERED = "ordered"
    CLOSED = "closed"
    HANDED_OVER = "handed_over"


class HazardLevel(StrEnum):
    """How grave it is."""

    GENERAL = "general"
    MAJOR = "major"


class HazardAction(StrEnum):
    """What can be done about a hazard."""

    ORDER = "order"
    EXTEND = "extend"
    RECHECK = "recheck"
    HAND_OVER = "hand-over"


_NEXT: Mapping[tuple[HazardState, HazardAction], HazardState] = {
    (HazardState.FOUND, HazardAction.ORDER): HazardState.ORDERED,
    (HazardState.FOUND, HazardAction.HAND_OVER): HazardState.HANDED_OVER,
    (HazardState.ORDERED, HazardAction.EXTEND): HazardState.ORDERED,
    (HazardState.ORDERED, HazardAction.RECHECK): HazardState.ORDERED,
    (HazardState.ORDERED, HazardAction.HAND_OVER): HazardState.HANDED_OVER,
    # Whoever enforces it now says when it was put right; until somebody has looked, it lasts.
    (HazardState.HANDED_OVER, HazardAction.RECHECK): HazardState.HANDED_OVER,
}


def next_state(state: HazardState, act: HazardAction, *, passed: bool = False) -> HazardState | None:
    """Where an act leads; a re-check that is passed closes the hazard. None when it does not fit."""
    after = _NEXT.get((state, act))
    return HazardState.CLOSED if after is not None and act is HazardAction.RECHECK and passed else after


def acts_allowed(state: HazardState) -> list[str]:
    """What can be done in a state."""
    return [str(act) for (before, act) in _NEXT if before is state]
