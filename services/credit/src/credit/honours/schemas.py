"""What crosses the API about honours."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from common.web import Model
from pydantic import Field, StringConstraints

from credit.evidence.schemas import StatementOnRecord, WrittenStatement

__all__ = [
    "CriterionView",
    "DecisionIn",
    "HonourActView",
    "HonourIn",
    "HonourView",
    "NoteIn",
    "PublicHonourView",
    "ReviewIn",
    "StatementIn",
]

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=2000)]


class HonourIn(Model):
    """An application by the subject, or an officer's proposal. A pledge (承诺) needs its text."""

    honour: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    subject_id: UUID
    pledge: Note | None = Field(default=None)


class NoteIn(Model):
    """Why, or what was said."""

    note: Note


class StatementIn(NoteIn):
    """What the subject says; an officer enters it from the written statement."""

    request: WrittenStatement | None = None


class ReviewIn(NoteIn):
    """What the reviewer recommends."""

    recommend: bool


class DecisionIn(NoteIn):
    """The end of a revocation procedure: revoke, or let the honour stand."""

    revoke: bool


class HonourActView(Model):
    """One step."""

    act: str
    note: str
    paper_id: UUID | None
    request: StatementOnRecord | None
    done_by: str | None
    done_at: datetime


class CriterionView(Model):
    """A criterion and whether it holds today."""

    id: str
    met: bool
    must_last: bool
    reason: str


class HonourView(Model):
    """An honour of a subject with its procedure. `due_on` is the last day for the next step.

    To who does not see what is internal it is *granted*, without criteria and steps.
    """

    id: UUID
    number: str
    honour: str
    honour_version: str
    name: str
    form: str
    level: str
    legal_basis: list[str]
    status: str
    subject_id: UUID
    subject_name: str
    region: str
    pledge: str | None
    state: str
    allowed: list[str]
    criteria: list[CriterionView]
    recommended: bool | None
    granted_on: date | None
    expires_on: date | None
    notified_on: date | None
    ended_on: date | None
    due_on: date | None
    provisional: bool
    overdue: bool
    failing: list[str]
    applied_at: datetime
    acts: list[HonourActView]


class PublicHonourView(Model):
    """A held honour, as anyone sees it."""

    number: str
    honour: str
    name: str
    form: str
    level: str
    subject_name: str
    subject_key: str | None
    region: str
    region_name: str
    granted_on: date
    expires_on: date
    pledge: str | None
