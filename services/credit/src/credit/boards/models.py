"""Board runs and their entries."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Numeric, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import Side, State

__all__ = ["Board", "BoardEntry"]


class Board(Base, table=True):
    """One run of a board: of a calendar period, or of one subject after a major event."""

    __tablename__ = "boards"
    __table_args__ = (
        CheckConstraint(one_of("state", State), "state"),
        CheckConstraint("trigger IN ('period', 'event')", "trigger"),
        CheckConstraint("(trigger = 'event') = (event_fact IS NOT NULL)", "event_has_fact"),
        CheckConstraint("(trigger = 'event') = (subject_id IS NOT NULL)", "event_has_subject"),
        CheckConstraint("first_on <= last_on", "period"),
        CheckConstraint("published_by <> opened_by", "two_people"),
        Index("uq_boards_number", "number", unique=True),
        Index(
            "uq_boards_period",
            "policy_id",
            "region",
            "period",
            unique=True,
            postgresql_where=text("trigger = 'period' AND state <> 'withdrawn'"),
        ),
        Index(
            "uq_boards_event",
            "policy_id",
            "event_fact",
            unique=True,
            postgresql_where=text("trigger = 'event' AND state <> 'withdrawn'"),
        ),
        Index(
            "ix_boards_working",
            "id",
            postgresql_where=text("state IN ('entering', 'ranking', 'judging', 'publishing')"),
        ),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_type=String(40), nullable=False)
    policy_id: str = Field(sa_type=String(100), nullable=False)
    policy_version: str = Field(sa_type=String(40), nullable=False)
    policy_region: str = Field(sa_type=String(6), nullable=False)
    card_id: str = Field(sa_type=String(100), nullable=False)
    region: str = Field(sa_type=String(6), nullable=False)
    trigger: str = Field(sa_type=String(8), nullable=False)
    event_fact: UUID | None = None
    subject_id: UUID | None = Field(default=None, sa_column=Column(Uuid, ForeignKey("subjects.id")))
    period: str = Field(sa_type=String(10), nullable=False)
    first_on: date
    last_on: date
    due_on: date
    provisional: bool = False
    state: str = Field(sa_type=String(12), nullable=False)
    cursor: UUID | None = None
    previous_id: UUID | None = None
    opened_by: str = Field(sa_type=Text, nullable=False)
    opened_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    ranked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    published_by: str | None = Field(default=None, sa_type=Text)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    note: str | None = Field(default=None, sa_type=Text)
    version: int = 1


class BoardEntry(Base, table=True):
    """A subject in a run: ranks, what the card proposes and why, and what people made of it.

    A removal before the next run is asked for by one person and ordered by another.
    """

    __tablename__ = "board_entries"
    __table_args__ = (
        CheckConstraint(one_of("proposed", Side), "proposed"),
        CheckConstraint(one_of("decided", Side), "decided"),
        CheckConstraint("(removal_reason IS NULL) = (removal_asked_by IS NULL)", "removal_has_both"),
        CheckConstraint("removed_by <> removal_asked_by", "two_people_remove"),
        Index("ix_board_entries_subject_id", "subject_id"),
    )

    board_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("boards.id"), primary_key=True))
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), primary_key=True))
    ranks: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    score: Decimal | None = Field(default=None, sa_type=Numeric(10, 4))
    grade: str | None = Field(default=None, sa_type=String(16))
    proposed: str | None = Field(default=None, sa_type=String(8))
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    result_hash: str | None = Field(default=None, sa_type=String(64))
    decided: str | None = Field(default=None, sa_type=String(8))
    note: str | None = Field(default=None, sa_type=Text)
    reviewed_by: str | None = Field(default=None, sa_type=Text)
    recorded: bool = False
    removal_reason: str | None = Field(default=None, sa_type=Text)
    removal_asked_by: str | None = Field(default=None, sa_type=Text)
    removed_by: str | None = Field(default=None, sa_type=Text)
    paper_id: UUID | None = None
    ended_on: date | None = None
    ended_because: str | None = Field(default=None, sa_type=Text)
