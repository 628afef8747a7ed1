"""Commitments and what was found about them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import Event, Kind, Result, State

__all__ = ["Commitment", "CommitmentEvent"]


class Commitment(Base, table=True):
    """One written promise of a subject. What it promises is encrypted: it may name persons.

    `notified_on`: the subject was told of a breach that somebody found; `stated_on`: it answered.
    """

    __tablename__ = "commitments"
    __table_args__ = (
        CheckConstraint(one_of("kind", Kind), "kind"),
        CheckConstraint(one_of("state", State), "state"),
        CheckConstraint(one_of("result", Result), "result"),
        CheckConstraint(one_of("proposed", Result), "proposed"),
        CheckConstraint("(state = 'decided') = (result <> 'pending')", "decided_has_result"),
        CheckConstraint(
            "(state IN ('proposed', 'notified', 'heard', 'decided')) = (proposed IS NOT NULL)",
            "proposed_says_what",
        ),
        CheckConstraint("result <> 'broken' OR notified_on IS NOT NULL", "broken_was_told"),
        CheckConstraint("decided_by IS NULL OR decided_by <> verified_by", "second_person_decides"),
        CheckConstraint("start_on <= end_on", "period"),
        CheckConstraint("version >= 1", "version"),
        Index("ix_commitments_subject_id", "subject_id", "id"),
        Index("ix_commitments_state_id", "state", "id"),
        Index("ix_commitments_public", "id", postgresql_where=text("publicly_shown AND result <> 'broken'")),
        Index("ix_commitments_end_on", "end_on", postgresql_where=text("state = 'open'")),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_column=Column(String(40), unique=True, nullable=False))
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    kind: str = Field(sa_type=String(24), nullable=False)
    template_version: str = Field(sa_type=String(40), nullable=False)
    items_cipher: str = Field(sa_type=Text, nullable=False)
    start_on: date
    end_on: date
    publicly_shown: bool
    state: str = Field(sa_type=String(16), nullable=False)
    result: str = Field(sa_type=String(8), nullable=False)
    proposed: str | None = Field(default=None, sa_type=String(8))
    given_by: str = Field(sa_type=Text, nullable=False)
    verified_by: str | None = Field(default=None, sa_type=Text)
    notified_on: date | None = None
    stated_on: date | None = None
    heard_out: bool = False
    decided_by: str | None = Field(default=None, sa_type=Text)
    result_on: date | None = None
    evidence: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    version: int = 1
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class CommitmentEvent(Base, table=True):
    """One step of a commitment. Rows are only ever added; what people wrote is encrypted.

    `request`: the written statement that an officer entered for the subject.
    """

    __tablename__ = "commitment_events"
    __table_args__ = (
        CheckConstraint(one_of("event", Event), "event"),
        CheckConstraint(one_of("state", State), "state"),
    )

    commitment_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("commitments.id"), primary_key=True))
    version: int = Field(primary_key=True)
    event: str = Field(sa_type=String(16), nullable=False)
    state: str = Field(sa_type=String(16), nullable=False)
    proposed: str | None = Field(default=None, sa_type=String(8))
    note_cipher: str | None = Field(default=None, sa_type=Text)
    paper_id: UUID | None = None
    request: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    done_by: str = Field(sa_type=Text, nullable=False)
    done_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
