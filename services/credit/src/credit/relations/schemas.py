"""What crosses the API about relations."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from common.web import Day, Model
from pydantic import Field, StringConstraints

from credit.subjects.schemas import EvidenceRef

from .rules import RelationKind

__all__ = ["EndIn", "EndView", "PartyView", "Post", "RelationIn", "RelationView"]

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class RelationIn(Model):
    """A relation of the subject in the path with another one, who is named by `to` or by `from`."""

    kind: RelationKind
    to: UUID | None = None
    from_: UUID | None = Field(default=None, alias="from")
    starts_on: Day
    ends_on: Day | None = None
    note: Note | None = None
    evidence: Annotated[list[EvidenceRef], Field(max_length=50)] = Field(default=[])


class EndIn(Model):
    """The last day of a relation, and why it ended."""

    on: Day
    reason: Note


class PartyView(Model):
    """One end of a relation; a natural person's name is masked."""

    id: UUID
    kind: str
    name: str
    key: str | None
    region: str


class EndView(Model):
    """How a relation ended; `on` before its start says that it never held."""

    on: date
    reason: str
    recorded_at: datetime


class RelationView(Model):
    """A relation as known at the moment asked for."""

    id: UUID
    kind: RelationKind
    from_: PartyView = Field(alias="from")
    to: PartyView
    starts_on: date
    ends_on: date | None
    note: str | None
    evidence: list[EvidenceRef]
    recorded_at: datetime
    ended: EndView | None


@dataclass(frozen=True, slots=True)
class Post:
    """A person's post in a business, or a guide's contract: for rooms whose measures follow the role."""

    relation_id: UUID
    kind: RelationKind
    person_id: UUID
    subject_id: UUID
    starts_on: date
    ends_on: date | None
