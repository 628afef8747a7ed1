"""What crosses the API about hazards."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from common.web import Day, Model, OneLine
from pydantic import Field, StringConstraints

from credit.facts.schemas import EvidenceItem

from .rules import HazardLevel, HazardState

__all__ = [
    "ExtendIn",
    "HandOverIn",
    "HazardActView",
    "HazardBrief",
    "HazardIn",
    "HazardView",
    "OrderIn",
    "RecheckIn",
]

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=2000)]
Office = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), OneLine]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), OneLine]
Staff = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]{1,100}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9-]{2,39}$")]


class HazardIn(Model):
    """A hazard, found in an inspection or by itself; today if `found_on` is not given."""

    subject_id: UUID
    inspection_id: UUID | None = None
    item: Code | None = None
    level: HazardLevel
    description: Words
    department: Office
    found_on: Day | None = None


class OrderIn(Model):
    """What is to be put right, and by when."""

    requirement: Words
    due_on: Day


class RecheckIn(Model):
    """A re-check by at least two inspectors of the library; one that fails may set a new day.

    One that is passed names evidence, uploaded since the order, of what was put right, and who found or
    ordered it tells of it only as one of the inspectors. Of a hazard that was handed over its
    receiver reports back: `reference` is that of the report, and a passed re-check needs it besides evidence
    uploaded since the handing over, and somebody who neither found nor ordered it nor handed it over.
    """

    passed: bool
    inspectors: Annotated[list[Staff], Field(min_length=2, max_length=10)]
    note: Words
    evidence: Annotated[list[EvidenceItem], Field(max_length=20)] = Field(default=[])
    new_due_on: Day | None = None
    reference: Reference | None = None


class ExtendIn(Model):
    """More time, with the reason."""

    due_on: Day
    reason: Words


class HandOverIn(Model):
    """To whom the hazard is handed over for enforcement, under which reference."""

    authority: Reference
    reference: Reference
    reason: Words


class HazardActView(Model):
    """A step that was taken."""

    act: str
    note: str | None
    data: dict[str, Any]
    done_by: str
    done_at: datetime


class HazardBrief(Model):
    """A hazard in a list; `overdue_on` is the day on which the platform noticed that it is late.

    `missed_on` is the first last day that passed; more time given later does not take it away.
    """

    id: UUID
    number: str
    subject_id: UUID
    subject_name: str
    region: str
    inspection_id: UUID | None
    item: str | None
    level: HazardLevel
    description: str
    department: str
    found_on: date
    state: HazardState
    due_on: date | None
    overdue: bool
    overdue_on: date | None
    missed_on: date | None
    order_paper: UUID | None
    order_number: str | None
    closed_on: date | None
    handed_over_to: dict[str, Any] | None
    version: int


class HazardView(HazardBrief):
    """A hazard with its steps."""

    acts: list[HazardActView]
    allowed: list[str]
