"""What crosses the API about commitments."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from common.web import Day, Model, OneLine
from pydantic import Field, StringConstraints

from credit.evidence.schemas import StatementOnRecord, WrittenStatement
from credit.facts.schemas import EvidenceItem
from credit.listings.schemas import DeadlineView, SubjectBrief

from .rules import Event, Kind, Result, State

__all__ = [
    "CommitmentDecisionIn",
    "CommitmentIn",
    "CommitmentStatementIn",
    "CommitmentStep",
    "CommitmentView",
    "PublicCommitment",
    "PublicCommitmentEntry",
    "VerificationIn",
]

Item = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=4000)]
Version = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), OneLine]


class CommitmentIn(Model):
    """A commitment to put on record; from `start_on` to `end_on`, both inside."""

    subject_id: UUID
    kind: Kind
    template_version: Version
    items: Annotated[list[Item], Field(min_length=1, max_length=30)]
    start_on: Day
    end_on: Day
    publicly_shown: bool = False


class VerificationIn(Model):
    """What an officer found: kept or broken, with evidence. A breach is told to the subject, in writing."""

    result: Literal[Result.KEPT, Result.BROKEN]
    evidence: Annotated[list[EvidenceItem], Field(min_length=1, max_length=20)]
    note: Words


class CommitmentStatementIn(Model):
    """What the subject says to the breach that was found; an officer enters it from the written statement."""

    text: Words
    request: WrittenStatement | None = None


class CommitmentDecisionIn(Model):
    """Whether a second person confirms the finding; if not, it goes back."""

    confirm: bool
    note: Words


class CommitmentStep(Model):
    """One step of a commitment."""

    version: int
    event: Event
    state: State
    proposed: Result | None
    note: str | None
    paper_id: UUID | None
    request: StatementOnRecord | None
    done_by: str | None
    done_at: datetime


class CommitmentView(Model):
    """A commitment; *due* when its time is over and nobody has verified it yet.

    `hearing`: the period for a statement once a breach was found; before it is over, or a statement made,
    nobody may confirm the breach.
    """

    id: UUID
    number: str
    subject: SubjectBrief
    kind: Kind
    template_version: str
    items: list[str]
    start_on: date
    end_on: date
    publicly_shown: bool
    state: State
    result: Result
    proposed: Result | None
    result_on: date | None
    notified_on: date | None
    stated_on: date | None
    hearing: DeadlineView | None
    evidence: list[EvidenceItem]
    allowed_events: list[Event]
    verified_by: str | None
    decided_by: str | None
    steps: list[CommitmentStep]
    version: int
    created_at: datetime


class PublicCommitment(Model):
    """A promise as anyone sees it; numbers of persons in it are masked. `result` is *pending* or *kept*."""

    number: str
    kind: Kind
    items: list[str]
    start_on: date
    end_on: date
    result: Result


class PublicCommitmentEntry(PublicCommitment):
    """A promise in the list of all, with who gave it."""

    name: str
    key: str | None
    subject_kind: str
    region: str
    region_name: str
