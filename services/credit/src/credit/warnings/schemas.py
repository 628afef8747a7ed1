"""What crosses the API about warnings."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from common.problems import Text
from common.web import Day, Model
from pydantic import Field, StringConstraints, model_validator

from .rules import Outcome, State

__all__ = [
    "ActView",
    "DeadlineView",
    "InterviewIn",
    "NoteIn",
    "ProposalView",
    "ResolveIn",
    "SourceView",
    "State",
    "WarningView",
]

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=2000)]


class NoteIn(Model):
    """What was found or said."""

    note: Note


class InterviewIn(NoteIn):
    """An invitation to a regulatory talk, or the record of one that was held."""

    invite_for: Day | None = Field(default=None, description="invite for this Chinese day")
    held_on: Day | None = Field(default=None, description="held on this Chinese day; by default today")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.invite_for is not None and self.held_on is not None:
            raise ValueError(
                Text("invite_for（约谈日期）和 held_on（已约谈日期）只填一项", "Either invite_for or held_on")
            )
        return self


class ResolveIn(Model):
    """How a warning ended, and why."""

    outcome: Outcome
    note: Note


class ActView(Model):
    """One step in the handling of a warning; `day` is the talk's."""

    act: str
    note: str
    outcome: str | None
    day: date | None
    paper_id: UUID | None
    done_by: str
    done_at: datetime


class SourceView(Model):
    """One piece of evidence."""

    reference: str
    occurred_on: date
    details: dict[str, Any]
    seen_at: datetime


class DeadlineView(Model):
    """By when something has to be done, in working days from the warning; an invitation's is its own day."""

    act: str
    due_on: date
    provisional: bool
    done: bool
    overdue: bool


class ProposalView(Model):
    """What a proposal proposes."""

    what: str
    on_list: str | None
    condition: str | None


class WarningView(Model):
    """A warning: a clue or a proposal that never scores."""

    id: UUID
    subject_id: UUID
    subject_name: str
    region: str
    rule: str
    rule_version: str
    kind: str
    proposes: ProposalView | None
    name: str
    advice: str
    legal_basis: list[str]
    severity: str
    state: State
    occurred_on: date
    acknowledge_by: date
    deadlines: list[DeadlineView]
    overdue: bool
    escalated_to: str | None
    source_reference: str
    sources: list[SourceView]
    details: dict[str, Any]
    outcome: str | None
    acts: list[ActView]
    raised_at: datetime
