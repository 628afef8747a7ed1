"""What crosses the API about inspections."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from common.web import Day, Instant, Model, OneLine
from pydantic import Field, StringConstraints

from .rules import InspectionKind, InspectionState, Result, TriggerKind

__all__ = [
    "ActView",
    "EntryIn",
    "FinishIn",
    "InspectionBrief",
    "InspectionView",
    "NoteIn",
    "PublicInspection",
    "ReassignIn",
    "RecordIn",
    "RecordView",
    "SignatureIn",
    "TargetedIn",
    "TriggerIn",
]

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=2000)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), OneLine]
Office = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), OneLine]
Staff = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]{1,100}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9-]{2,39}$")]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Team = Annotated[list[Staff], Field(min_length=2, max_length=10)]


class TriggerIn(Model):
    """What calls for a check outside the draw: a complaint case, a transfer, data, a campaign ..."""

    kind: TriggerKind
    reference: Short
    note: Words | None = None


class TargetedIn(Model):
    """A check outside the draw (Article 54 ¶2), apart from random inspections in every list and figure."""

    subject_id: UUID
    trigger: TriggerIn
    items: Annotated[list[Code], Field(min_length=1, max_length=20)]
    inspectors: Team
    department: Office
    campaign_id: UUID | None = None
    due_on: Day | None = None


class EntryIn(Model):
    """One entry, made on the phone: an answer to a check, or a note. `id` is the phone's own."""

    id: UUID
    device_at: Instant
    check: Code | None = None
    finding: Literal["ok", "problem", "not_applicable"] | None = None
    text: Annotated[str, StringConstraints(max_length=4000)] = ""
    photos: Annotated[list[Hash], Field(max_length=50)] = Field(default=[])


class SignatureIn(Model):
    """A signature by the hash of its image, or, for the subject, why there is none."""

    who: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]{1,100}$")] = Field(
        description="staff id of an inspector, or `subject`"
    )
    file: Hash | None = None
    refusal: Words | None = None
    device_at: Instant


class RecordIn(Model):
    """A whole revision of the field record. `record_id` is the phone's; `revision` counts from 1."""

    record_id: UUID
    revision: Annotated[int, Field(ge=1, le=100_000)]
    device_at: Instant
    place: Annotated[str, StringConstraints(max_length=200)] = ""
    entries: Annotated[list[EntryIn], Field(max_length=500)] = Field(default=[])
    signatures: Annotated[list[SignatureIn], Field(max_length=20)] = Field(default=[])


class RecordView(Model):
    """The server's revision of a field record. `missing_files` are still to be uploaded."""

    inspection_id: UUID
    record_id: UUID | None
    revision: int
    sha256: str | None
    device_at: datetime | None
    received_at: datetime | None
    place: str
    entries: list[dict[str, Any]]
    signatures: list[dict[str, Any]]
    missing_files: list[str]


class FinishIn(Model):
    """What came of the visit."""

    result: Result
    note: Words | None = None


class NoteIn(Model):
    """Why."""

    note: Words


class ReassignIn(Model):
    """Who goes instead, and why."""

    inspectors: Team
    reason: Words


class ActView(Model):
    """A step that was taken."""

    act: str
    note: str | None
    data: dict[str, Any]
    done_by: str
    done_at: datetime


class InspectionBrief(Model):
    """An inspection in a list."""

    id: UUID
    number: str
    kind: InspectionKind
    subject_id: UUID
    subject_name: str
    region: str
    department: str
    items: list[str]
    inspectors: list[str]
    state: InspectionState
    batch: int | None
    due_on: date
    overdue: bool
    result: Result | None
    finished_on: date | None
    publish_by: date | None
    publish_by_provisional: bool
    publication_overdue: bool
    reminded_on: date | None
    published_at: datetime | None
    version: int


class InspectionView(InspectionBrief):
    """An inspection with its sources, checks and steps; `measure` is the one it was drawn under.

    `proposal` is what one person asked for and waits for a second.
    """

    trigger: TriggerIn | None
    campaign_id: UUID | None
    draws: list[dict[str, Any]]
    measure: dict[str, Any] | None
    proposal: dict[str, Any] | None
    checks: list[dict[str, str]]
    revision: int
    fact_id: UUID | None
    acts: list[ActView]
    allowed: list[str]


class PublicInspection(Model):
    """A published result: no inspector, no findings in words, and of natural persons a masked name only."""

    number: str
    kind: InspectionKind
    subject_key: str | None
    subject_name: str
    region: str
    department: str
    items: list[str]
    result: Result
    result_name: str
    finished_on: date
    published_on: date
    shown_until: date
