"""What crosses the API about inspectors."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from common.web import Day, Model, OneLine
from pydantic import Field, StringConstraints

from credit.draws.rules.states import RecusalReason

__all__ = ["InspectorIn", "InspectorPatch", "InspectorView", "RecusalEnd", "RecusalIn", "RecusalView"]

Staff = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]{1,100}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), OneLine]
Card = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=40), OneLine]
Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Skill = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,39}$")]
Skills = Annotated[list[Skill], Field(max_length=20)]


class InspectorIn(Model):
    """A new inspector. `staff_id` is the `sub` of his token; `active_to` is his last day of duty."""

    staff_id: Staff
    name: Words
    department: Words
    region: Region
    card_no: Card
    expertise: Skills = Field(default=[])
    active_from: Day
    active_to: Day | None = None


class InspectorPatch(Model):
    """What changes; `active_to` null means on duty without an end."""

    name: Words | None = None
    department: Words | None = None
    region: Region | None = None
    card_no: Card | None = None
    expertise: Skills | None = None
    active_to: Day | None = None


class RecusalIn(Model):
    """The inspector keeps away from a subject: from today and without end unless days are given."""

    subject_id: UUID
    reason: RecusalReason
    from_on: Day | None = None
    to_on: Day | None = None


class RecusalEnd(Model):
    """The last day of a recusal."""

    to_on: Day


class RecusalView(Model):
    """A recusal."""

    id: UUID
    subject_id: UUID
    reason: RecusalReason
    from_on: date
    to_on: date | None
    noted_by: str
    noted_at: datetime
    ended_by: str | None


class InspectorView(Model):
    """An inspector with his recusals."""

    id: UUID
    staff_id: str
    name: str
    department: str
    region: str
    card_no: str
    expertise: list[str]
    active_from: date
    active_to: date | None
    on_duty: bool
    recusals: list[RecusalView]
    version: int
