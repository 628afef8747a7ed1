"""The life of an honour, and which criteria a subject fails; pure."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from common.calendar import add_months

from .policy import Criterion

__all__ = ["HELD", "NEVER", "SHOWN", "Act", "State", "after", "allowed", "failed", "whole_months"]

NEVER = 9999


class State(StrEnum):
    """Where an honour stands."""

    APPLIED = "applied"
    REVIEWED = "reviewed"
    GRANTED = "granted"
    SUSPENDED = "suspended"
    NOTIFIED = "notified"
    STATED = "stated"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Act(StrEnum):
    """What is done with an honour."""

    REVIEW = "review"
    GRANT = "grant"
    REFUSE = "refusal"
    WITHDRAW = "withdrawal"
    SUSPEND = "suspension"
    RESUME = "resumption"
    NOTIFY = "notice"
    STATE = "statement"
    REVOKE = "revocation"
    KEEP = "retention"
    EXPIRE = "expiry"


HELD = (State.GRANTED, State.SUSPENDED, State.NOTIFIED, State.STATED)
SHOWN = (State.GRANTED, State.NOTIFIED, State.STATED)
"""States in which anyone is shown an honour, unless it is suspended."""
_NEXT = {
    (State.APPLIED, Act.REVIEW): State.REVIEWED,
    (State.APPLIED, Act.WITHDRAW): State.WITHDRAWN,
    (State.REVIEWED, Act.REVIEW): State.REVIEWED,
    (State.REVIEWED, Act.GRANT): State.GRANTED,
    (State.REVIEWED, Act.REFUSE): State.REFUSED,
    (State.REVIEWED, Act.WITHDRAW): State.WITHDRAWN,
    (State.GRANTED, Act.SUSPEND): State.SUSPENDED,
    (State.SUSPENDED, Act.RESUME): State.GRANTED,
    (State.GRANTED, Act.NOTIFY): State.NOTIFIED,
    (State.SUSPENDED, Act.NOTIFY): State.NOTIFIED,
    (State.NOTIFIED, Act.STATE): State.STATED,
    (State.STATED, Act.STATE): State.STATED,
    (State.NOTIFIED, Act.REVOKE): State.REVOKED,
    (State.NOTIFIED, Act.KEEP): State.GRANTED,
    (State.STATED, Act.REVOKE): State.REVOKED,
    (State.STATED, Act.KEEP): State.GRANTED,
    (State.NOTIFIED, Act.SUSPEND): State.NOTIFIED,
    (State.STATED, Act.SUSPEND): State.STATED,
    **{(state, Act.EXPIRE): State.EXPIRED for state in HELD},
}


_DECISIONS = frozenset({Act.REVOKE, Act.KEEP})


def after(state: State, act: Act, *, suspended: bool = False, heard_out: bool = False) -> State | None:
    """The state after `act`, or None when it does not fit.

    `suspended`: what is suspended is not suspended again; what a criterion suspends stays so when the
    honour is let stand. `heard_out`: there is nothing more to state.
    """
    if (suspended and act is Act.SUSPEND) or (heard_out and act is Act.STATE):
        return None
    following = _NEXT.get((state, act))
    return State.SUSPENDED if suspended and act is Act.KEEP and following else following


def allowed(state: State, *, suspended: bool = False, heard_out: bool = False) -> list[str]:
    """The routes that fit a state; expiry comes by itself."""
    acts = [
        act
        for held, act in _NEXT
        if held is state
        and act is not Act.EXPIRE
        and after(state, act, suspended=suspended, heard_out=heard_out)
    ]
    return list(dict.fromkeys("decision" if act in _DECISIONS else str(act) for act in acts))


def failed(criteria: Iterable[Criterion], about: Mapping[str, Any]) -> list[Criterion]:
    """The criteria that do not hold."""
    return [one for one in criteria if not one.when.evaluate(about)]


def whole_months(since: date | None, on: date) -> int:
    """Whole months after `since` that are over on `on`: the corresponding day still belongs to them."""
    if since is None:
        return NEVER
    months = (on.year - since.year) * 12 + on.month - since.month
    while months > 0 and add_months(since, months) >= on:
        months -= 1
    return max(0, months)
