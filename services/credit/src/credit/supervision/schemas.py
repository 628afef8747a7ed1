"""What crosses the API about supervision."""

from datetime import date
from uuid import UUID

from common.web import Model

__all__ = ["MeasureView", "PolicyView", "SupervisionView"]


class MeasureView(Model):
    """A measure in force: why, on what basis, and its last day if nothing new is recorded."""

    code: str
    name: str
    because: str
    legal_basis: list[str]
    ends_on: date | None


class PolicyView(Model):
    """The supervision policy used."""

    id: str
    version: str
    hash: str
    status: str


class SupervisionView(Model):
    """How a subject is supervised today. The sampling ratio is in basis points: 200 is 2 %."""

    subject_id: UUID
    valid_at: date
    rated: bool
    grade: str | None
    tier: str | None
    sampling_bp: int
    routine_checks_per_year: int
    measures: list[MeasureView]
    next_grade_change_on: date | None
    policy: PolicyView
