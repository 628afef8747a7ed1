"""The life of a hazard."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

__all__ = [
    "DueStep",
    "HazardAction",
    "HazardLevel",
    "HazardState",
    "acts_allowed",
    "is_late",
    "next_state",
    "term_of",
]


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


def is_late(state: str, due_on: date | None, today: date) -> bool:
    """Whether an ordered hazard's last day has passed; what was handed over in time is another's to do."""
    return state == HazardState.ORDERED and due_on is not None and due_on < today


@dataclass(frozen=True, slots=True)
class DueStep:
    """A step of a hazard: on which day, the last day it set, whether it ended the duty of its department."""

    on: date
    due_on: date | None
    ends: bool


def term_of(steps: Iterable[DueStep]) -> tuple[date, date | None] | None:
    """By which day a hazard had to be put right, and on which it was, or was handed over; None if unordered.

    More time moves the day only while the day before it has not passed: given later, the hazard may still be
    put right, but it is late for good.
    """
    due, done = None, None
    for step in steps:
        if done is None and step.due_on is not None and (due is None or step.on <= due):
            due = step.due_on
        if done is None and step.ends:
            done = step.on
    return None if due is None else (due, done)
