"""What crosses the API about warnings."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from common.web import Model
from pydantic import StringConstraints

from .rules import Outcome, State

__all__ = ["ActView", "NoteIn", "ResolveIn", "State", "WarningView"]

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=2000)]


class NoteIn(Model):
    """What was found or said."""

    note: Note


class ResolveIn(Model):
    """How a warning ended, and why."""

    outcome: Outcome
    note: Note


class ActView(Model):
    """One step in the handling of a warning."""

    act: str
    note: str
    outcome: str | None
    done_by: str
    done_at: datetime


class WarningView(Model):
    """A warning: a clue that never scores."""

    id: UUID
    subject_id: UUID
    subject_name: str
    region: str
    rule: str
    rule_version: str
    name: str
    advice: str
    legal_basis: list[str]
    severity: str
    state: State
    occurred_on: date
    acknowledge_by: date
    source_reference: str
    details: dict[str, Any]
    outcome: str | None
    acts: list[ActView]
    raised_at: datetime
