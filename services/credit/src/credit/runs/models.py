"""Runs, with how far they are, and what they found for each subject."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Numeric, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import Purpose, RunState

__all__ = ["ScoringResult", "ScoringRun"]


class ScoringRun(Base, table=True):
    """One run. `cursor` is the last subject whose effects are stored: it moves in the chunk's transaction.

    A simulation carries the draft's document as it was when asked for. `worked_ms` is the time spent inside
    chunks, so an estimate does not count the hours in which the service was down.
    """

    __tablename__ = "scoring_runs"
    __table_args__ = (
        CheckConstraint(one_of("purpose", Purpose), "purpose"),
        CheckConstraint(one_of("state", RunState), "state"),
        CheckConstraint("region ~ '^[0-9]{6}$'", "region"),
        CheckConstraint("(purpose = 'simulation') = (draft_id IS NOT NULL)", "simulates_a_draft"),
        CheckConstraint("done BETWEEN 0 AND total", "done"),
        Index(
            "ix_scoring_runs_active",
            "requested_at",
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
        Index("ix_scoring_runs_draft_id", "draft_id", "id", postgresql_where=text("draft_id IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    purpose: str = Field(sa_type=String(12), nullable=False)
    state: str = Field(sa_type=String(12), nullable=False)
    region: str = Field(sa_type=String(6), nullable=False)
    kinds: list[str] = Field(sa_column=Column(ARRAY(String(24)), nullable=False))
    card_id: str | None = Field(default=None, sa_type=String(100))
    draft_id: UUID | None = Field(default=None, sa_column=Column(Uuid, ForeignKey("scorecards.id")))
    document: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    card_hash: str | None = Field(default=None, sa_type=String(64))
    valid_at: date
    cursor: UUID | None = None
    total: int = 0
    done: int = 0
    changed: int = 0
    differing: int = 0
    worked_ms: int = 0
    methods: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    statistics: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    reason: str = Field(sa_type=Text, nullable=False)
    requested_by: str = Field(sa_type=Text, nullable=False)
    requested_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failure: str | None = Field(default=None, sa_type=Text)


class ScoringResult(Base, table=True):
    """What a run found for one subject: a trial keeps all, a run for the record those that differ.

    Neither id is a foreign key: checking them would cost more than finding the results.
    """

    __tablename__ = "scoring_results"

    run_id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(primary_key=True)
    score_before: Decimal | None = Field(default=None, sa_type=Numeric(10, 4))
    grade_before: str | None = Field(default=None, sa_type=String(16))
    score: Decimal | None = Field(default=None, sa_type=Numeric(10, 4))
    grade: str | None = Field(default=None, sa_type=String(16))
    tier: str | None = Field(default=None, sa_type=String(16))
    vetoes: list[str] | None = Field(default=None, sa_column=Column(ARRAY(Text)))
    look_again_on: date | None = None
    known_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    changed: bool = Field(nullable=False)
