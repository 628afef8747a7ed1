"""What crosses the API about subjects."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from common.web import Day, Model, OneLine
from pydantic import Field, StringConstraints

from .rules import KeyState, Kind, MergeAct, Scope, Status, TraceKind

__all__ = [
    "EvidenceRef",
    "KeyCorrectionIn",
    "KeyCorrectionView",
    "KeyDecisionIn",
    "MergeIn",
    "MergerView",
    "PersonIn",
    "PersonMasked",
    "PersonRevealed",
    "RevealIn",
    "SubjectIn",
    "SubjectPatch",
    "SubjectView",
    "TraceIn",
    "TraceRevealed",
    "TraceView",
    "UnmergeIn",
]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), OneLine]
Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=24), OneLine]
Level = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16), OneLine]
Headcount = Annotated[int, Field(ge=0, le=1_000_000)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9-]{5,20}$")]


class PersonIn(Model):
    """Personal data of a natural person; stored encrypted."""

    id_number: Identifier | None = None
    phone: Phone | None = None


class TraceIn(Model):
    """A name, number or account under which somebody without a licence works; stored encrypted."""

    kind: TraceKind
    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100), OneLine]


class TraceView(Model):
    """A trace as everyone sees it."""

    id: UUID
    kind: TraceKind
    masked: str
    recorded_at: datetime


class SubjectIn(Model):
    """A subject to register. `headcount` is how many it employs; traces are for provisional subjects."""

    kind: Kind
    key: Identifier | None = None
    name: Name
    region: Region
    license_no: Identifier | None = None
    business_scope: list[Scope] = Field(default=[])
    level: Level | None = None
    status: Status = Status.ACTIVE
    licensed_on: Day | None = None
    license_expires_on: Day | None = None
    headcount: Headcount | None = None
    person: PersonIn | None = None
    traces: Annotated[list[TraceIn], Field(max_length=20)] = Field(default=[])


class SubjectPatch(Model):
    """The fields to change; what is left out stays. `key` only for a subject that has none."""

    key: Identifier | None = None
    name: Name | None = None
    region: Region | None = None
    license_no: Identifier | None = None
    business_scope: list[Scope] | None = None
    level: Level | None = None
    status: Status | None = None
    licensed_on: Day | None = None
    license_expires_on: Day | None = None
    headcount: Headcount | None = None
    person: PersonIn | None = None


class PersonMasked(Model):
    """Personal data as everyone sees it."""

    id_number: str | None
    phone: str | None


class SubjectView(Model):
    """A subject with its present grade. A natural person's name and numbers are masked."""

    id: UUID
    kind: str
    key: str | None
    name: str
    license_no: str | None
    region: str
    region_name: str
    business_scope: list[str]
    level: str | None
    status: str
    licensed_on: date | None
    license_expires_on: date | None
    headcount: int | None
    merged_into: UUID | None
    score: float | None
    grade: str | None
    tier: str | None
    grade_version: int
    scored_on: date | None
    next_change_on: date | None
    person: PersonMasked | None
    version: int
    created_at: datetime
    updated_at: datetime


class TraceRevealed(Model):
    """A trace in the clear."""

    kind: TraceKind
    value: str


class EvidenceRef(Model):
    """A piece of evidence by the hash of its bytes."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), OneLine]


class MergeIn(Model):
    """The subject that this one turned out to be, and what shows it."""

    into: UUID
    reason: Reason
    evidence: Annotated[list[EvidenceRef], Field(max_length=50)] = Field(default=[])


class UnmergeIn(Model):
    """Why the two are not one after all."""

    reason: Reason
    evidence: Annotated[list[EvidenceRef], Field(max_length=50)] = Field(default=[])


class MergerView(Model):
    """One merger, or its undoing."""

    id: UUID
    subject_id: UUID
    survivor_id: UUID
    act: MergeAct
    undoes: UUID | None
    reason: str
    evidence: list[EvidenceRef]
    done_at: datetime
    done_by: str


class KeyCorrectionIn(Model):
    """The right key of a subject that was registered with a wrong one, and what shows it."""

    key: Identifier
    reason: Reason
    evidence: Annotated[list[EvidenceRef], Field(max_length=50)] = Field(default=[])


class KeyDecisionIn(Model):
    """Why a correction is confirmed or refused."""

    reason: Reason


class KeyCorrectionView(Model):
    """A correction of a key; `decision` says why it was confirmed or refused."""

    id: UUID
    subject_id: UUID
    old_key: str
    new_key: str
    reason: str
    evidence: list[EvidenceRef]
    state: KeyState
    proposed_at: datetime
    proposed_by: str
    decided_at: datetime | None
    decided_by: str | None
    decision: str | None


class RevealIn(Model):
    """Why personal data must be read in the clear; the purpose is kept in the audit trail."""

    purpose: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200), OneLine]


class PersonRevealed(Model):
    """Personal data in the clear, for one reading."""

    name: str
    id_number: str | None
    phone: str | None
    traces: list[TraceRevealed] = Field(default=[])
