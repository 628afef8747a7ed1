"""What crosses the API about repair."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from common.web import Model
from pydantic import Field, StringConstraints

from credit.evidence.schemas import WrittenRequest
from credit.facts.schemas import EvidenceItem
from credit.listings.schemas import DeadlineView, SubjectBrief

from .rules import Commitment, Event, State

__all__ = [
    "BarView",
    "MaterialView",
    "MaterialsIn",
    "MinimumView",
    "OutlookView",
    "RefusalIn",
    "RepairDecisionIn",
    "RepairEventView",
    "RepairIn",
    "RepairView",
    "ResolutionIn",
    "VerificationIn",
]

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=4000)]
Code = Literal["REP-X-4", "REP-X-5", "REP-X-6"]


class RepairIn(Model):
    """An application for the repair of one listing or of one published fact (exactly one is named).

    An officer enters one only on the subject's written `request`.
    """

    listing_id: UUID | None = None
    fact_id: UUID | None = None
    statement: Words
    evidence: Annotated[list[EvidenceItem], Field(min_length=1, max_length=20)]
    commitment: Words | None = None
    training_record: EvidenceItem | None = None
    request: WrittenRequest | None = None


class MaterialsIn(Model):
    """Materials handed in later; by an officer only on the subject's written `request`."""

    evidence: Annotated[list[EvidenceItem], Field(max_length=20)] = Field(default=[])
    commitment: Words | None = None
    training_record: EvidenceItem | None = None
    request: WrittenRequest | None = None


class ResolutionIn(Model):
    """How the regulator settles the conflict over the commitment letter."""

    commitment: Literal[Commitment.NONE, Commitment.REQUIRED]
    reasons: Words


class RefusalIn(Model):
    """Refusal to accept; grounds that can be computed are added to those an officer has found."""

    codes: Annotated[list[Code], Field(max_length=3)] = Field(default=[])
    reasons: Words


class VerificationIn(Model):
    """The verification: online, in writing or on site, with or without a talk."""

    how: Literal["online", "written", "on_site"]
    talk: bool = False
    passed: bool
    findings: Words


class RepairDecisionIn(Model):
    """The decision, by another person than the officer who accepted the application."""

    grant: bool
    codes: Annotated[list[Code], Field(max_length=3)] = Field(default=[])
    reasons: Words


class BarView(Model):
    """A ground of refusal with the last day on which it bars; null: no day ends it."""

    code: str
    barred_until: date | None
    rule: str
    article: str
    status: str


class MinimumView(Model):
    """One rule set's clock: how long it bars an application and lets the information be shown."""

    rule: str
    name: str
    minimum_months: int | None
    runs_from: date
    minimum_until: date | None
    article: str
    publication_until: date | None
    publication_article: str | None
    in_use: bool


class MaterialView(Model):
    """One item of the checklist."""

    item: Literal["application", "evidence", "commitment", "training_record"]
    required: Literal["yes", "no", "regulator_decides"]
    may_be_late: bool
    articles: list[str]


class OutlookView(Model):
    """When a repair can be applied for and what it needs; both clocks side by side."""

    listing_id: UUID | None
    fact_id: UUID | None
    subject_id: UUID
    publicity_class: str
    can_apply: bool
    earliest_on: date | None
    bars: list[BarView]
    clocks: list[MinimumView]
    reading: str
    reading_name: str
    management_until: date | None
    automatic_on: date | None
    commitment: Commitment
    materials: list[MaterialView]
    running_repair: UUID | None


class RepairView(Model):
    """An application with its deadlines and what is missing."""

    id: UUID
    number: str
    subject: SubjectBrief
    listing_id: UUID | None
    fact_id: UUID | None
    state: State
    commitment_rule: Commitment
    missing: list[str]
    evidence: list[EvidenceItem]
    has_commitment: bool
    has_training: bool
    allowed_events: list[Event]
    applied_on: date
    accepted_on: date | None
    verified_on: date | None
    verified_how: str | None
    passed: bool | None
    decided_on: date | None
    lifted_on: date | None
    ended_on: date | None
    accepted_by: str | None
    decided_by: str | None
    codes: list[str]
    deadlines: list[DeadlineView]
    outlook: OutlookView | None
    version: int
    created_at: datetime


class RepairEventView(Model):
    """One step of an application."""

    version: int
    event: Event
    state: State
    on_day: date
    done_by: str | None
    done_at: datetime
    details: dict[str, object]
    texts: dict[str, object]
    papers: list[UUID]
