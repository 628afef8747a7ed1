"""What crosses the API about qualifications and training."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from common.web import Day, Model, OneLine
from pydantic import Field, StringConstraints

from credit.subjects.schemas import EvidenceRef

from .rules import QualificationKind, TrainingKind

__all__ = [
    "EndIn",
    "EndView",
    "QualificationIn",
    "QualificationView",
    "TrainingHours",
    "TrainingIn",
    "TrainingView",
]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), OneLine]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), OneLine]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]
Evidence = Annotated[list[EvidenceRef], Field(max_length=50)]


class QualificationIn(Model):
    """A card or certificate of a person. Without `expires_on` it runs as long as the rules say."""

    kind: QualificationKind
    number: Number
    level: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16), OneLine] | None
    ) = None
    authority: Name
    issued_on: Day
    expires_on: Day | None = None
    evidence: Evidence = Field(default=[])


class EndIn(Model):
    """The last day of a qualification, and why: revoked, given back, replaced."""

    on: Day
    reason: Reason


class EndView(Model):
    """How a qualification ended."""

    on: date
    reason: str
    recorded_at: datetime


class QualificationView(QualificationIn):
    """A qualification; `valid` on the day asked for, renewable from `renewal_opens_on`."""

    id: UUID
    valid: bool
    renewal_opens_on: date | None
    legal_basis: list[str]
    status: str
    ended: EndView | None
    recorded_at: datetime


class TrainingIn(Model):
    """A training that was completed; `certificate_no` is its proof's own number."""

    kind: TrainingKind
    course: Name
    hours: Annotated[float, Field(gt=0, le=1000, multiple_of=0.5)]
    completed_on: Day
    authority: Name
    certificate_no: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), OneLine
    ]
    evidence: Evidence = Field(default=[])


class WithdrawalIn(Model):
    """Why a training was recorded wrongly."""

    reason: Reason


class TrainingView(TrainingIn):
    """A training as recorded; `fact_id` is how it stands in the archive. A withdrawn one counts no more."""

    id: UUID
    fact_id: UUID
    recorded_at: datetime
    withdrawn_at: datetime | None
    withdrawal_reason: str | None


class TrainingHours(Model):
    """Hours of training in a calendar year, and how many are needed; None where none are."""

    year: int
    hours: float
    required_hours: int | None
    missing_hours: float
    legal_basis: list[str]
    status: str | None
