"""Warnings and what was done with them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, String, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base

from .rules import Act, Outcome, State

__all__ = ["Warning", "WarningAct"]


class Warning(Base, table=True):
    """A clue about a subject. It never scores and is never public."""

    __tablename__ = "warnings"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(str(s)) for s in State)})", "state"),
        CheckConstraint("severity IN ('low', 'medium', 'high')", "severity"),
        CheckConstraint(f"outcome IN ({', '.join(repr(str(o)) for o in Outcome)})", "outcome"),
        CheckConstraint("(state = 'resolved') = (outcome IS NOT NULL)", "resolved_has_outcome"),
        Index("uq_warnings_rule_id_source_reference", "rule_id", "source_reference", unique=True),
        Index("ix_warnings_subject_id", "subject_id"),
        Index("ix_warnings_state_id", "state", "id"),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    rule_id: str = Field(sa_type=String(100), nullable=False)
    rule_version: str = Field(sa_type=String(40), nullable=False)
    source_reference: str = Field(sa_type=String(120), nullable=False)
    severity: str = Field(sa_type=String(8), nullable=False)
    state: str = Field(sa_type=String(16), nullable=False)
    occurred_on: date
    acknowledge_by: date
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    outcome: str | None = Field(default=None, sa_type=String(16))
    version: int = 1
    raised_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class WarningAct(Base, table=True):
    """One step in the handling of a warning. Rows are only ever added."""

    __tablename__ = "warning_acts"
    __table_args__ = (
        CheckConstraint(f"act IN ({', '.join(repr(str(a)) for a in Act)})", "act"),
        ForeignKeyConstraint(["warning_id"], ["warnings.id"]),
    )

    warning_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    act: str = Field(sa_type=String(16), nullable=False)
    note: str = Field(sa_type=Text, nullable=False)
    outcome: str | None = Field(default=None, sa_type=String(16))
    done_by: str = Field(sa_type=Text, nullable=False)
    done_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
