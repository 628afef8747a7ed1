"""What crosses the API about the item list, the library of objects and plans."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from common.web import Day, Model, OneLine
from pydantic import Field, StringConstraints

from credit.draws.rules.states import ExclusionReason
from credit.subjects.rules import Kind

from .rules import PlanState, TaskType

__all__ = [
    "Batch",
    "CheckView",
    "FileIn",
    "ItemView",
    "ItemsView",
    "ObjectView",
    "PlanBrief",
    "PlanChange",
    "PlanIn",
    "PlanVersionView",
    "PlanView",
    "Task",
    "TaskView",
]

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200), OneLine]
Office = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), OneLine]
Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9-]{2,39}$")]
Tier = Annotated[str, StringConstraints(min_length=1, max_length=16)]
TaskNo = Annotated[str, StringConstraints(pattern=r"^[0-9]{7,8}-[0-9]{2}$")]


class Batch(Model):
    """Visits that are made by a day; drawn objects go round the batches in the order drawn."""

    name: Words
    due_on: Day


class Task(Model):
    """One task of a plan.

    `ratio_bp` is one ratio for all objects in basis points; null takes the ratio of each object's tier from
    the supervision policy, under the caps of the item list. Joint offices mean that inspectors of at least
    two departments go to every object. `no` is given by the platform; name it to change a task.
    """

    no: TaskNo | None = None
    name: Words
    type: TaskType
    items: Annotated[list[Code], Field(min_length=1, max_length=20)]
    kinds: Annotated[list[Kind], Field(min_length=1, max_length=10)]
    region: Region
    tiers: Annotated[list[Tier], Field(max_length=20)] = Field(default=[])
    ratio_bp: Annotated[int, Field(ge=1, le=10_000)] | None = None
    lead_office: Office
    joint_offices: Annotated[list[Office], Field(max_length=10)] = Field(default=[])
    inspectors_per_object: Annotated[int, Field(ge=2, le=10)] = 2
    months: Annotated[list[Annotated[int, Field(ge=1, le=12)]], Field(min_length=1, max_length=12)]
    batches: Annotated[list[Batch], Field(min_length=1, max_length=24)]


class PlanIn(Model):
    """A new annual plan."""

    year: Annotated[int, Field(ge=2000, le=2100)]
    region: Region
    name: Words
    tasks: Annotated[list[Task], Field(min_length=1, max_length=99)]


class PlanChange(Model):
    """The plan anew. After filing, this is a new version that must be filed again."""

    name: Words
    tasks: Annotated[list[Task], Field(min_length=1, max_length=99)]
    reason: Words


class FileIn(Model):
    """With which superior the plan is filed."""

    filed_with: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100), OneLine
    ]


class PlanBrief(Model):
    """A plan in a list."""

    id: UUID
    number: str
    year: int
    region: str
    name: str
    state: PlanState
    version: int
    filed_with: str | None
    filed_at: datetime | None


class TaskView(Task):
    """A task with its number and the draw made of it."""

    draw_id: UUID | None
    draw_number: str | None


class PlanView(PlanBrief):
    """A plan with its tasks; `filed_version` is the version that the superior has."""

    tasks: list[TaskView]
    filed_version: int | None
    drafted_by: str
    filed_by: str | None
    allowed: list[str]


class PlanVersionView(Model):
    """What a plan said in a version."""

    version: int
    name: str
    tasks: list[Task]
    reason: str | None
    drafted_by: str
    drafted_at: datetime


class CheckView(Model):
    """One line of a checklist."""

    code: str
    name: str


class ItemView(Model):
    """One item: general with the cap of its ratio in basis points, or key without one."""

    code: str
    name: str
    item_class: str
    max_ratio_bp: int | None
    kinds: list[str]
    expertise: list[str]
    legal_basis: list[str]
    checks: list[CheckView]


class ItemsView(Model):
    """The published item list in force, with its version."""

    id: str
    version: str
    hash: str
    status: str
    effective_from: date
    region: str
    above_cap_tiers: list[str]
    items: list[ItemView]


class ObjectView(Model):
    """A subject of the library of objects; `exclusion` says why it would not be drawn today."""

    subject_id: UUID
    name: str
    kind: str
    region: str
    tier: str | None
    status: str
    sampling_bp: int
    exclusion: ExclusionReason | None
    last_inspected_on: date | None
