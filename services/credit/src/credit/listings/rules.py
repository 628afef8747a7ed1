"""The life of a listing: states, events, who may be listed for what, who is shown. Pure."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from common.calendar import add_months

__all__ = [
    "CODES",
    "ENDED",
    "ENTRIES",
    "HEARING",
    "UNDECIDED",
    "Event",
    "ListName",
    "Removal",
    "Role",
    "State",
    "Steps",
    "age_on",
    "events_allowed",
    "is_minor",
    "next_state",
]


class ListName(StrEnum):
    """Which list: 严重失信 or 轻微失信."""

    SERIOUS = "serious"
    SLIGHT = "slight"


CODES = {
    ListName.SERIOUS: ("SERIOUS_LISTED", "SERIOUS_LISTING_REMOVED"),
    ListName.SLIGHT: ("SLIGHT_LISTED", "SLIGHT_LISTING_REMOVED"),
}
"""The facts by which a list is entered and left."""
ENTRIES = frozenset(entry for entry, _ in CODES.values())


class Role(StrEnum):
    """As what somebody is listed: in its own right, or as a person in charge of a listed entity."""

    SELF = "self"
    PRINCIPAL = "principal"
    LEGAL_REPRESENTATIVE = "legal_representative"
    MANAGER = "manager"
    CONTROLLER = "controller"


class State(StrEnum):
    """Where a listing stands."""

    DRAFT = "draft"
    NOTIFIED = "notified"
    DEFENCE = "defence"
    DEFENCE_REPLIED = "defence_replied"
    DISMISSED = "dismissed"
    DECIDED = "decided"
    LISTED = "listed"
    REMOVED = "removed"


class Event(StrEnum):
    """What happens to a listing."""

    OPEN = "open"
    NOTIFY = "notify"
    STATEMENT = "statement"
    REPLY = "reply"
    DECIDE = "decide"
    DISMISS = "dismiss"
    PUBLISH = "publish"
    REMOVE = "remove"
    ANNUL = "annul"
    LIFT = "lift"
    RESTORE = "restore"
    FLAG = "flag_objection"
    UNFLAG = "unflag_objection"


class Removal(StrEnum):
    """Why a listing ended."""

    EXPIRED = "expired"
    REPAIRED = "repaired"
    REVOKED = "revoked"
    POLICY = "policy"


UNDECIDED = frozenset({State.DRAFT, State.NOTIFIED, State.DEFENCE, State.DEFENCE_REPLIED})
HEARING = (State.NOTIFIED, State.DEFENCE, State.DEFENCE_REPLIED)
ENDED = frozenset({State.DISMISSED, State.REMOVED})

_NEXT: dict[tuple[State, Event], State] = {
    (State.DRAFT, Event.NOTIFY): State.NOTIFIED,
    (State.DRAFT, Event.DISMISS): State.DISMISSED,
    (State.NOTIFIED, Event.STATEMENT): State.DEFENCE,
    (State.DEFENCE, Event.STATEMENT): State.DEFENCE,
    (State.DEFENCE_REPLIED, Event.STATEMENT): State.DEFENCE,
    (State.NOTIFIED, Event.DECIDE): State.DECIDED,
    (State.NOTIFIED, Event.DISMISS): State.DISMISSED,
    (State.DEFENCE, Event.REPLY): State.DEFENCE_REPLIED,
    (State.DEFENCE, Event.DECIDE): State.DECIDED,
    (State.DEFENCE, Event.DISMISS): State.DISMISSED,
    (State.DEFENCE_REPLIED, Event.DECIDE): State.DECIDED,
    (State.DEFENCE_REPLIED, Event.DISMISS): State.DISMISSED,
    (State.DECIDED, Event.PUBLISH): State.LISTED,
    (State.DECIDED, Event.REMOVE): State.REMOVED,
    (State.LISTED, Event.REMOVE): State.REMOVED,
    **{(state, Event.ANNUL): State.REMOVED for state in (State.DECIDED, State.LISTED, State.REMOVED)},
    (State.LISTED, Event.LIFT): State.LISTED,
    (State.LISTED, Event.RESTORE): State.LISTED,
}
_BY_OBJECTION = frozenset({Event.ANNUL})
"""What no officer does to a listing itself: it follows from a sustained objection."""


def next_state(state: State, event: Event) -> State | None:
    """The state after an event; None when the event does not fit."""
    return _NEXT.get((state, event))


def events_allowed(
    state: State, *, lifted: bool = False, silent: bool = False, unheard: bool = False
) -> list[Event]:
    """The events that fit a state, in order; lifting and restoring exclude each other.

    `silent`: the period for a statement is over, or the subject said all. `unheard`: the subject's hearing is
    not done yet, or its defence was accepted, so nobody may decide to list.
    """
    unfit = {Event.LIFT if lifted else Event.RESTORE, *_BY_OBJECTION}
    if silent:
        unfit.add(Event.STATEMENT)
    if unheard:
        unfit.add(Event.DECIDE)
    return [event for event in Event if (state, event) in _NEXT and event not in unfit]


def age_on(birth: date, on: date) -> int:
    """Completed years of age; the birthday itself completes one."""
    return on.year - birth.year - (on < add_months(birth, 12 * (on.year - birth.year)))


def is_minor(birth: date | None, on: date, majority: int) -> bool:
    """Whether somebody must be taken for a minor: under `majority` years, or of an age nobody knows."""
    return birth is None or age_on(birth, on) < majority


@dataclass(frozen=True, slots=True)
class Steps:
    """The instants' days a procedure has reached; each is None until it happens.

    `heard_out`: the statement ended its period; else it was entered from paper, and the period runs on.
    """

    notified_on: date | None = None
    stated_on: date | None = None
    replied_on: date | None = None
    decided_on: date | None = None
    heard_out: bool = True
