"""What crosses the API about scores. A score itself is canonical JSON; these models describe it."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from common.web import Model
from pydantic import Field

__all__ = [
    "ActionView",
    "ContributionView",
    "DimensionView",
    "FlagView",
    "GradeAt",
    "GradeView",
    "NotRatedView",
    "PathView",
    "PeriodView",
    "PolicyRef",
    "ScoreAnswer",
    "ScoreAt",
    "ScoreResult",
    "StepView",
    "UnmetView",
    "VetoView",
]


class ContributionView(Model):
    """A counted fact, or a condition that holds: the rule, its points, why, and the last day it counts."""

    fact_id: UUID | None
    rule: str
    points: float
    reason: str
    legal_basis: list[str]
    expires_on: date | None


class VetoView(Model):
    """A fact, or a condition with the facts behind it, that sets the grade directly."""

    fact_id: UUID | None
    facts: list[UUID]
    rule: str
    effect: str
    grade: str | None
    reason: str
    legal_basis: list[str]
    expires_on: date | None


class ScoreAt(Model):
    """Score and grade from a day on; null where none is rated then."""

    on: date
    score: float | None
    grade: str | None


class GradeAt(Model):
    """The grade from a day on; null where none is rated then."""

    on: date
    grade: str | None


class NotRatedView(Model):
    """Why a subject is not rated: `no_card`, `not_eligible` or `cancelled`."""

    code: str
    rule: str | None
    reason: str
    legal_basis: list[str]


class DimensionView(Model):
    """A part of the score with its own total."""

    id: str
    score: float
    weight: float | None


class UnmetView(Model):
    """A grade that the points reached and a prerequisite refused."""

    rule: str
    grade: str
    unmet: list[str]
    to_grade: str
    reason: str
    legal_basis: list[str]


class ActionView(Model):
    """What a fact or a total calls for, beside the grade."""

    action: str
    rule: str
    fact_id: UUID | None
    reason: str
    legal_basis: list[str]
    expires_on: date | None


class FlagView(Model):
    """What a reader must know: a disputed fact (counted or not), a payload without the number asked for."""

    flag: str
    fact_id: UUID
    rule: str | None
    counted: bool


class PeriodView(Model):
    """The period whose evaluation holds; `extra` when a fact called for it, with the term for making it."""

    from_: date = Field(alias="from")
    to: date
    extra: bool
    within_working_days: int | None


class PolicyRef(Model):
    """The scorecard used, by id, version and hash; `status` says whether it is published or a sample."""

    id: str
    version: str
    hash: str
    status: str
    readings: dict[str, str]


class ScoreResult(Model):
    """The canonical result: the same bytes for ever for the same arguments. Without a card no policy."""

    score: float | None
    grade: str | None
    tier: str | None
    rated: bool
    state: Literal["rated", "not_rated", "cancelled"]
    not_rated_because: NotRatedView | None
    contributions: list[ContributionView]
    vetoes: list[VetoView]
    dimensions: list[DimensionView]
    prerequisites_unmet: list[UnmetView]
    actions: list[ActionView]
    flags: list[FlagView]
    period: PeriodView | None
    next_change: ScoreAt | None
    next_grade_change: GradeAt | None
    policy: PolicyRef | None
    inputs_hash: str
    valid_at: date
    known_at: datetime


class ScoreAnswer(Model):
    """A result with its hash, and the log's receipt once this very result was published and included."""

    result: ScoreResult
    result_hash: str
    receipt: dict[str, Any] | None = None


class GradeView(Model):
    """One published grade; its points and the fact behind it only for those who see what is internal."""

    version: int
    grade: str
    tier: str
    score: float | None
    policy_id: str
    policy_version: str
    valid_at: date
    known_at: datetime
    result_hash: str
    cause: str
    fact_id: UUID | None
    published_at: datetime


class StepView(Model):
    """One thing to do or to wait for, with the first day on which it can be done.

    `code` is the fact that doing it records. `rule` is the card's, or the fact's code for a duty that no rule
    of the card counts.
    """

    action: Literal["finish_duty", "repair", "wait", "earn"]
    fact_id: UUID | None
    code: str | None
    rule: str
    earliest: date


class PathView(Model):
    """One way to the next better grade: `grade` is reached on `on` when all steps are done.

    `cheapest` is false where there were too many combinations to try them all: every repair and earned fact
    of such a path is needed, but another combination may cost less.
    """

    grade: str
    on: date
    cost: int
    cheapest: bool
    steps: list[StepView]
