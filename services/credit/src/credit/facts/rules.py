"""Bitemporal folding of the archive: which facts stood at a given moment of knowledge.

A fact is a sequence of versions that is only ever appended to. A version says what was known from its
`recorded_at` on; a revocation undoes the fact from its start for every day, once known, and a later
restoration brings it back. A dispute leaves the content as it is and opens a period of days in which the fact
is disputed; the next version closes it on the day before its own. Each version carries everything: the
content and all periods of dispute that are known with it, so the latest known version alone says what stood.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

import rfc8785

__all__ = [
    "REPAIRED",
    "Action",
    "DayPeriod",
    "FactVersion",
    "Hidden",
    "action_allowed",
    "actions_allowed",
    "content_hash",
    "disputes_after",
    "harmed_tourists",
    "known",
    "repaired_fact",
]

DayPeriod = tuple[date, date | None]
"""First and last day, both inside; None while it has no end yet."""

REPAIRED = "REPAIRED"
"""The code of the fact that a repair records; its payload names the repaired fact in `fact_id`."""


class Action(StrEnum):
    """What a version does to its fact."""

    RECORD = "record"
    AMEND = "amend"
    REVOKE = "revoke"
    RESTORE = "restore"
    DISPUTE = "dispute"
    SETTLE = "settle"


class Hidden(StrEnum):
    """Why others are not shown a fact.

    Its procedure has not let it out, or has taken it back: `unpublished` (the result of an inspection that
    nobody has published), `withheld` (taken off the page by a sustained objection), `suspended` (an honour),
    `expired`, `removed`, `lifted`, `repaired` (an honour, an entry in a list). By the archive: `ended` (by a
    closing fact), `repaired`, `revoked`, `merged` (it stands at the survivor). By its day and its code:
    `not_yet` (it lies ahead), `publication_ended`, `not_published` (its code is never), `not_public` (it is
    of a class that the public is not shown; authorities are).
    """

    UNPUBLISHED = "unpublished"
    WITHHELD = "withheld"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REMOVED = "removed"
    LIFTED = "lifted"
    REPAIRED = "repaired"
    ENDED = "ended"
    REVOKED = "revoked"
    MERGED = "merged"
    NOT_YET = "not_yet"
    PUBLICATION_ENDED = "publication_ended"
    NOT_PUBLISHED = "not_published"
    NOT_PUBLIC = "not_public"


_STANDING = (Action.AMEND, Action.REVOKE, Action.DISPUTE)
_AFTER: dict[Action, tuple[Action, ...]] = {
    Action.RECORD: _STANDING,
    Action.AMEND: _STANDING,
    Action.RESTORE: _STANDING,
    Action.SETTLE: _STANDING,
    Action.DISPUTE: (Action.AMEND, Action.REVOKE, Action.SETTLE),
    Action.REVOKE: (Action.RESTORE,),
}


@dataclass(frozen=True, slots=True)
class FactVersion:
    """One row of the archive as rules see it. `occurred_on` is a Chinese day, `recorded_at` an instant.

    `disputed` are the periods of dispute known with this version, in order, not overlapping. Whether a
    disputed fact counts and is flagged, or is suspended on the days of a period, is the card's to say.
    """

    id: UUID
    version: int
    action: Action
    code: str
    occurred_on: date
    recorded_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    disputed: tuple[DayPeriod, ...] = ()

    def disputed_on(self, day: date) -> bool:
        """Whether `day` lies in a period of dispute."""
        return any(first <= day and (last is None or day <= last) for first, last in self.disputed)


def known(versions: Iterable[FactVersion], known_at: datetime) -> list[FactVersion]:
    """The facts that stood at `known_at`: per fact the latest version recorded by then, unless it revokes.

    A row is known when its `recorded_at` is not after `known_at`. The answer is ordered by id, so that the
    order in which rows were read never matters.
    """
    latest: dict[UUID, FactVersion] = {}
    for row in versions:
        if row.recorded_at <= known_at:
            held = latest.get(row.id)
            if held is None or row.version > held.version:
                latest[row.id] = row
    standing = [row for row in latest.values() if row.action is not Action.REVOKE]
    return sorted(standing, key=lambda row: row.id)


def repaired_fact(payload: Mapping[str, Any]) -> UUID | None:
    """The fact that a repair names; None where it names none."""
    try:
        return UUID(str(payload.get("fact_id")))
    except ValueError:
        return None


def harmed_tourists(payload: Mapping[str, Any]) -> bool | None:
    """Whether a penalty was for harming tourists' rights, as its payload says; None where it does not say."""
    said = payload.get("harmed_tourists")
    return said if isinstance(said, bool) else None


def action_allowed(present: Action, wanted: Action) -> bool:
    """Whether a correction fits: only a standing fact is amended, revoked or disputed, only a disputed one
    settled, only a revoked one restored."""
    return wanted in _AFTER[present]


def actions_allowed(present: Action) -> tuple[Action, ...]:
    """What a fact whose last version did `present` may be followed by."""
    return _AFTER[present]


def disputes_after(periods: tuple[DayPeriod, ...], action: Action, on: date) -> tuple[DayPeriod, ...]:
    """The periods of dispute once a version of `action` has its day `on`.

    A dispute begins on its day and lasts to the day before the next version's; one that would end before it
    begins leaves no period.
    """
    closed = tuple(
        (first, on - timedelta(days=1)) if last is None else (first, last)
        for first, last in periods
        if last is not None or first < on
    )
    return (*closed, (on, None)) if action is Action.DISPUTE else closed


def content_hash(
    subject_id: UUID, occurred_on: date, payload: Mapping[str, Any], evidence: Iterable[Mapping[str, Any]]
) -> str:
    """What a source said, as one hash: saying something else is a conflict, not a repetition."""
    content: dict[str, Any] = {
        "subject_id": str(subject_id),
        "occurred_on": occurred_on.isoformat(),
        "payload": dict(payload),
        "evidence": [dict(item) for item in evidence],
    }
    return sha256(rfc8785.dumps(content)).hexdigest()
