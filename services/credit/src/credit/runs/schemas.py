"""What crosses the API about runs."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from common.web import Model
from pydantic import Field, StringConstraints

from credit.subjects.rules import Kind

from .rules import Method, Purpose, RunState

__all__ = ["MethodView", "ResultView", "RunIn", "RunView"]

Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class RunIn(Model):
    """What to score: without `kinds` all; a `scorecard` that gives no grade of record on trial only."""

    region: Region
    kinds: Annotated[list[Kind], Field(min_length=1)] | None = None
    scorecard: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    dry_run: bool = Field(default=False, description="find what would change, and change nothing")


class MethodView(Model):
    """How the subjects of a kind were scored: `set` by the database at once, `engine` one by one."""

    kind: str
    method: Method
    scorecards: list[str]


class RunView(Model):
    """A run with how far it is; `eta_seconds` at the pace so far.

    `differing` counts subjects for which the engine did not confirm the set-based score (the engine's holds).
    """

    id: UUID
    purpose: Purpose
    state: RunState
    region: str
    kinds: list[str]
    scorecard: str | None
    card_hash: str | None
    valid_at: date
    total: int
    done: int
    changed: int
    differing: int
    eta_seconds: int | None
    worked_seconds: float
    methods: list[MethodView]
    reason: str
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    failure: str | None


class ResultView(Model):
    """What a run found for a subject, beside what was stored before."""

    subject_id: UUID
    name: str
    key: str | None
    kind: str
    region: str
    score_before: float | None
    grade_before: str | None
    score: float | None
    grade: str | None
    tier: str | None
    vetoes: list[str]
    changed: bool
