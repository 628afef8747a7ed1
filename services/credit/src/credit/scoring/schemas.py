"""What crosses the API about scores. A score itself is canonical JSON; these models describe it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.web import Model

__all__ = [
    "ContributionView",
    "GradeAt",
    "GradeView",
    "PathView",
    "PolicyRef",
    "ScoreAnswer",
    "ScoreAt",
    "ScoreResult",
    "StepView",
    "VetoView",
]


class ContributionView(Model):
    """A counted fact: the rule, its points, why, on what legal basis, and the last day on which it counts."""

    fact_id: UUID
    rule: str
    points: float
    reason: str
    legal_basis: list[str]
    expires_on: date | None


class VetoView(Model):
    """A fact that sets the grade directly."""

    fact_id: UUID
    rule: str
    grade: str
    reason: str
    legal_basis: list[str]
    expires_on: date | None


class ScoreAt(Model):
    """Score and grade from a day on."""

    on: date
    score: float
    grade: str


class GradeAt(Model):
    """The grade from a day on."""

    on: date
    grade: str


class PolicyRef(Model):
    """The scorecard used, by id, version and hash; `status` says whether it is published or a sample."""

    id: str
    version: str
    hash: str
    status: str
    readings: dict[str, str]


class ScoreResult(Model):
    """The canonical result: the same bytes for ever for the same arguments."""

    score: float | None
    grade: str | None
    tier: str | None
    rated: bool
    contributions: list[ContributionView]
    vetoes: list[VetoView]
    next_change: ScoreAt | None
    next_grade_change: GradeAt | None
    policy: PolicyRef
    inputs_hash: str
    valid_at: date
    known_at: datetime


class ScoreAnswer(Model):
    """A result with its hash, and the log's receipt once this very result was published and included."""

    result: ScoreResult
    result_hash: str
    receipt: dict[str, Any] | None = None


class GradeView(Model):
    """One published grade. `logged_as` is its id and version in the transparency log."""

    version: int
    grade: str
    tier: str
    score: float
    policy_id: str
    policy_version: str
    valid_at: date
    known_at: datetime
    result_hash: str
    cause: str
    fact_id: UUID | None
    published_at: datetime


class StepView(Model):
    """One thing to do or to wait for, with the first day on which it can be done."""

    action: str
    fact_id: UUID | None
    code: str | None
    rule: str
    earliest: date


class PathView(Model):
    """One way to the next better grade: `grade` is reached on `on` when all steps are done."""

    grade: str
    on: date
    cost: int
    steps: list[StepView]
