"""What crosses the API about campaigns."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from common.web import Day, Model, OneLine
from pydantic import Field, StringConstraints

from credit.subjects.rules import Kind

from .rules import CampaignState

__all__ = [
    "CampaignBrief",
    "CampaignIn",
    "CampaignReport",
    "CampaignView",
    "CloseIn",
    "EntryView",
    "ProgressIn",
    "TargetIn",
    "TargetReport",
    "TaskIn",
    "TaskReport",
]

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=4000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200), OneLine]
Office = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), OneLine]
Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Measured = Literal["inspections", "hazards_closed", "talks", "mystery_visits"]


class TargetIn(Model):
    """A number to be reached, counted by the platform."""

    name: Name
    measure: Measured
    number: Count


class TaskIn(Model):
    """What one department does in a joint campaign; `number` counts what it reports."""

    name: Name
    department: Office
    due_on: Day
    number: Count


class CampaignIn(Model):
    """A special campaign."""

    name: Name
    aim: Words
    region: Region
    kinds: Annotated[list[Kind], Field(min_length=1, max_length=10)]
    starts_on: Day
    ends_on: Day
    targets: Annotated[list[TargetIn], Field(max_length=20)] = Field(default=[])
    tasks: Annotated[list[TaskIn], Field(min_length=1, max_length=50)]


class ProgressIn(Model):
    """How far a task has come: what is done in all so far."""

    task_no: Annotated[int, Field(ge=1, le=50)]
    done: Count
    finished: bool = False
    note: Words


class CloseIn(Model):
    """What the campaign came to, in words; the figures are counted."""

    summary: Words


class EntryView(Model):
    """A report of progress."""

    task_no: int
    done: int
    finished: bool
    note: str
    noted_by: str
    noted_at: datetime


class TargetReport(Model):
    """A target and how far it was reached."""

    name: str
    measure: Measured
    number: int
    reached: int


class TaskReport(Model):
    """A department's task and how far it has come."""

    no: int
    name: str
    department: str
    due_on: date
    number: int
    done: int
    finished: bool
    overdue: bool


class CampaignReport(Model):
    """The figures of a campaign, live until it is closed, then as they were on that day."""

    number: str
    name: str
    region: str
    starts_on: date
    ends_on: date
    as_of: date
    final: bool
    summary: str | None
    targets: list[TargetReport]
    tasks: list[TaskReport]
    inspections: dict[str, int]
    results: dict[str, int]
    by_department: dict[str, int]
    hazards: dict[str, int]
    talks: dict[str, int]
    mystery_visits: int


class CampaignBrief(Model):
    """A campaign in a list."""

    id: UUID
    number: str
    name: str
    region: str
    kinds: list[str]
    starts_on: date
    ends_on: date
    state: CampaignState
    version: int


class CampaignView(CampaignBrief):
    """A campaign with its tasks and progress."""

    aim: str
    targets: list[TargetIn]
    tasks: list[TaskReport]
    entries: list[EntryView]
    created_by: str
    started_by: str | None
    closed_by: str | None
    closed_at: datetime | None
    allowed: list[str]
