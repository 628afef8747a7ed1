"""Qualifications of persons, and their training."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Numeric, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import QualificationKind, TrainingKind

__all__ = ["Qualification", "Training"]

_HOLDS = "ended_at IS NULL"


class Qualification(Base, table=True):
    """A certificate or card of a person. An end is written beside what was recorded, never over it."""

    __tablename__ = "qualifications"
    __table_args__ = (
        CheckConstraint(one_of("kind", QualificationKind), "kind"),
        CheckConstraint("expires_on >= issued_on", "period"),
        CheckConstraint(
            "(ended_at IS NULL) = (ended_on IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)",
            "ended_by_somebody",
        ),
        Index("ix_qualifications_subject_id", "subject_id"),
        Index("uq_qualifications_kind_number", "kind", "number", unique=True, postgresql_where=text(_HOLDS)),
        Index("ix_qualifications_expires_on", "expires_on", postgresql_where=text(_HOLDS)),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    kind: str = Field(sa_type=String(24), nullable=False)
    number: str = Field(sa_type=String(40), nullable=False)
    level: str | None = Field(default=None, sa_type=String(16))
    authority: str = Field(sa_type=String(100), nullable=False)
    issued_on: date
    expires_on: date | None = None
    evidence: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    recorded_by: str = Field(sa_type=Text, nullable=False)
    ended_on: date | None = None
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: str | None = Field(default=None, sa_type=Text)
    end_reason: str | None = Field(default=None, sa_type=Text)


class Training(Base, table=True):
    """A training that a person or a business completed; each is a fact too.

    One that was recorded wrongly is withdrawn: it counts no more, and its certificate may be recorded again.
    """

    __tablename__ = "trainings"
    __table_args__ = (
        CheckConstraint(one_of("kind", TrainingKind), "kind"),
        CheckConstraint("hours > 0", "hours"),
        Index("ix_trainings_subject_id_completed_on", "subject_id", "completed_on"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", "withdrawn"),
        Index(
            "uq_trainings_authority_certificate_no",
            "authority",
            "certificate_no",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    kind: str = Field(sa_type=String(16), nullable=False)
    course: str = Field(sa_type=String(100), nullable=False)
    hours: Decimal = Field(sa_type=Numeric(6, 1), nullable=False)
    completed_on: date
    authority: str = Field(sa_type=String(100), nullable=False)
    certificate_no: str = Field(sa_type=String(80), nullable=False)
    evidence: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    fact_id: UUID
    recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    recorded_by: str = Field(sa_type=Text, nullable=False)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_by: str | None = Field(default=None, sa_type=Text)
    withdrawal_reason: str | None = Field(default=None, sa_type=Text)
