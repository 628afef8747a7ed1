"""What crosses the API about the exchange."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.web import Day, Model

from .rules import RetriedState, System

__all__ = [
    "DecisionView",
    "DecisionsOfDay",
    "ReconcileIn",
    "Reconciliation",
    "RecordView",
    "SystemView",
]


class SystemView(Model):
    """A system on the other side, whether it is connected, and how many records stand how."""

    system: str
    name: str
    connected: bool
    sends: list[str]
    records: dict[str, int]
    decisions: dict[str, int]


class RecordView(Model):
    """A record that is sent: both numbers, where it stands, what was answered."""

    id: UUID
    system: str
    kind: str
    our_number: str
    version: int
    subject_id: UUID
    region: str
    content: dict[str, Any]
    sha256: str
    state: str
    attempts: int
    next_attempt_at: datetime
    their_number: str | None
    reason: str | None
    created_at: datetime
    settled_at: datetime | None


class DecisionView(Model):
    """A decision of another system and what became of it."""

    id: UUID
    system: str
    their_number: str
    version: int
    kind: str
    subject_key: str
    subject_id: UUID | None
    decided_on: date
    authority: str
    content: dict[str, Any]
    state: str
    reason: str | None
    received_at: datetime
    settled_at: datetime | None


class RetriesIn(Model):
    """Which records of a system are sent again: those given up, or those it refused."""

    state: RetriedState = "failed"


class Retries(Model):
    """How many records wait to be sent again; `more`: there may be further ones, ask once more."""

    retried: int
    more: bool


class ReconcileIn(Model):
    """A Chinese day of which both sides are compared."""

    day: Day


class DecisionsOfDay(Model):
    """The other side's decisions of one day, by their `number/version`.

    `missing_here`: it says that it decided, and we were not told. `open`: we were told, and it is not applied
    (it waits for its subject, or does not fit).
    """

    ours: int
    theirs: int
    missing_here: list[str]
    missing_there: list[str]
    different: list[str]
    open: list[str]


class Reconciliation(Model):
    """Both sides of one day, as far as the caller's regions go; records by `number/version`.

    `agrees`: neither our records nor their decisions differ.
    """

    system: System
    day: date
    ours: int
    theirs: int
    missing_there: list[str]
    missing_here: list[str]
    different: list[str]
    decisions: DecisionsOfDay
    agrees: bool
