"""Warnings and what was done with them; rules written through the API; nightly sweeps."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import Act, Outcome, State

__all__ = ["Warning", "WarningAct", "WarningRuleVersion", "WarningSource", "WarningSweep"]


class Warning(Base, table=True):
    """A clue about a subject, or a proposal to a person. It never scores and is never public.

    At most one is open per rule, subject and `window_key`: what comes later is added to it.
    """

    __tablename__ = "warnings"
    __table_args__ = (
        CheckConstraint(one_of("state", State), "state"),
        CheckConstraint("severity IN ('low', 'medium', 'high')", "severity"),
        CheckConstraint("kind IN ('clue', 'proposal')", "kind"),
        CheckConstraint(one_of("outcome", Outcome), "outcome"),
        CheckConstraint("(state = 'resolved') = (outcome IS NOT NULL)", "resolved_has_outcome"),
        Index("uq_warnings_rule_id_source_reference", "rule_id", "source_reference", unique=True),
        Index(
            "uq_warnings_open",
            "rule_id",
            "subject_id",
            "window_key",
            unique=True,
            postgresql_where=text("state <> 'resolved'"),
        ),
        Index("ix_warnings_subject_id", "subject_id"),
        Index("ix_warnings_state_id", "state", "id"),
        Index("ix_warnings_due_on", "due_on", postgresql_where=text("state <> 'resolved'")),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    rule_id: str = Field(sa_type=String(100), nullable=False)
    rule_version: str = Field(sa_type=String(40), nullable=False)
    kind: str = Field(sa_type=String(8), nullable=False)
    source_reference: str = Field(sa_type=String(120), nullable=False)
    window_key: str = Field(sa_type=String(120), nullable=False)
    severity: str = Field(sa_type=String(8), nullable=False)
    state: str = Field(sa_type=String(16), nullable=False)
    occurred_on: date
    acknowledge_by: date
    resolve_by: date
    due_on: date
    interview_on: date | None = None
    escalated_to: str | None = Field(default=None, sa_type=String(6))
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    outcome: str | None = Field(default=None, sa_type=String(16))
    version: int = 1
    raised_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class WarningSource(Base, table=True):
    """Evidence that a rule has seen, once: what raised a warning or was added to an open one."""

    __tablename__ = "warning_sources"
    __table_args__ = (Index("ix_warning_sources_warning_id", "warning_id"),)

    rule_id: str = Field(sa_column=Column(String(100), primary_key=True))
    source_reference: str = Field(sa_column=Column(String(120), primary_key=True))
    warning_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("warnings.id"), nullable=False))
    occurred_on: date
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    seen_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class WarningAct(Base, table=True):
    """One step in the handling of a warning. Rows are only ever added."""

    __tablename__ = "warning_acts"
    __table_args__ = (
        CheckConstraint(one_of("act", Act), "act"),
        ForeignKeyConstraint(["warning_id"], ["warnings.id"]),
    )

    warning_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    act: str = Field(sa_type=String(16), nullable=False)
    note: str = Field(sa_type=Text, nullable=False)
    outcome: str | None = Field(default=None, sa_type=String(16))
    day: date | None = None
    paper_id: UUID | None = None
    done_by: str = Field(sa_type=Text, nullable=False)
    done_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class WarningRuleVersion(Base, table=True):
    """A rule version written through the API; it counts from its activation by a second person on."""

    __tablename__ = "warning_rule_versions"
    __table_args__ = (
        CheckConstraint("(activated_by IS NULL) = (activated_at IS NULL)", "activated_whole"),
        CheckConstraint("activated_by <> written_by", "two_people"),
        Index("uq_warning_rule_versions_version", "rule_id", "region", "version", unique=True),
        Index("uq_warning_rule_versions_serial", "rule_id", "region", "serial", unique=True),
    )

    id: UUID = Field(primary_key=True)
    rule_id: str = Field(sa_type=String(100), nullable=False)
    region: str = Field(sa_type=String(6), nullable=False)
    serial: int
    version: str = Field(sa_type=String(40), nullable=False)
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    hash: str = Field(sa_type=String(64), nullable=False)
    written_by: str = Field(sa_type=Text, nullable=False)
    written_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    activated_by: str | None = Field(default=None, sa_type=Text)
    activated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class WarningSweep(Base, table=True):
    """How far a rule's sweep of one day has come. A restart goes on after `cursor`."""

    __tablename__ = "warning_sweeps"

    day: date = Field(primary_key=True)
    rule_id: str = Field(sa_column=Column(String(100), primary_key=True))
    region: str = Field(sa_column=Column(String(6), primary_key=True))
    version: str = Field(sa_column=Column(String(40), primary_key=True))
    cursor: str | None = Field(default=None, sa_type=Text)
    found: int = 0
    raised: int = 0
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
