"""Objections, what happened to them, and what a sustained one touched."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import OPEN, Event, RippleState, State, Target

__all__ = ["Objection", "ObjectionAct", "ObjectionEffect"]

_OPEN = ", ".join(repr(str(state)) for state in OPEN)


class Objection(Base, table=True):
    """An objection with its deadlines. `target_key` names what it is against inside its subject.

    `flagged` says that its acceptance opened the dispute of the fact; `since` is the instant from which what
    depended on a wrong fact is looked for; `ripple_at` where that search has come to.
    """

    __tablename__ = "objections"
    __table_args__ = (
        CheckConstraint(one_of("target", Target), "target"),
        CheckConstraint(one_of("state", State), "state"),
        CheckConstraint(one_of("ripple", RippleState), "ripple"),
        CheckConstraint("region ~ '^[0-9]{6}$'", "region"),
        CheckConstraint("(target IN ('fact', 'page')) = (fact_id IS NOT NULL)", "fact"),
        CheckConstraint("(target = 'grade') = (grade_version IS NOT NULL)", "grade"),
        CheckConstraint("(target = 'listing') = (listing_id IS NOT NULL)", "listing"),
        Index(
            "uq_objections_open",
            "subject_id",
            "target_key",
            unique=True,
            postgresql_where=text(f"state IN ({_OPEN})"),
        ),
        Index("ix_objections_subject_id", "subject_id"),
        Index("ix_objections_fact_id", "fact_id", postgresql_where=text("fact_id IS NOT NULL")),
        Index("ix_objections_ripple", "ripple", "id", postgresql_where=text("ripple = 'running'")),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_column=Column(String(40), unique=True, nullable=False))
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    region: str = Field(sa_type=String(6), nullable=False)
    target: str = Field(sa_type=String(8), nullable=False)
    target_key: str = Field(sa_type=String(64), nullable=False)
    fact_id: UUID | None = None
    grade_version: int | None = None
    listing_id: UUID | None = None
    statement_cipher: str = Field(sa_type=Text, nullable=False)
    state: str = Field(sa_type=String(12), nullable=False)
    filed_by: str = Field(sa_type=Text, nullable=False)
    filed_on: date
    filed_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    policy_id: str = Field(sa_type=String(100), nullable=False)
    policy_version: str = Field(sa_type=String(40), nullable=False)
    policy_region: str = Field(sa_type=String(6), nullable=False)
    flag_due: date
    decide_due: date
    remedy_due: date | None = None
    provisional: bool
    extended: bool = False
    appraisals: list[list[str | None]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'"))
    )
    forwarded_to: str | None = Field(default=None, sa_type=String(100))
    flagged: bool = False
    first_officer: str | None = Field(default=None, sa_type=Text)
    verified_by: str | None = Field(default=None, sa_type=Text)
    decided_by: str | None = Field(default=None, sa_type=Text)
    decided_on: date | None = None
    remedy: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ripple: str | None = Field(default=None, sa_type=String(8))
    ripple_at: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    effects: int = 0
    paper_id: UUID | None = None
    version: int = 1


class ObjectionAct(Base, table=True):
    """One step of an objection. Rows are only ever added."""

    __tablename__ = "objection_acts"
    __table_args__ = (CheckConstraint(one_of("event", Event), "event"),)

    objection_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("objections.id"), primary_key=True))
    version: int = Field(primary_key=True)
    event: str = Field(sa_type=String(16), nullable=False)
    note: str | None = Field(default=None, sa_type=Text)
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    done_by: str = Field(sa_type=Text, nullable=False)
    done_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class ObjectionEffect(Base, table=True):
    """One thing that a wrong fact entered: what it is, when it was made, what it was and would have been."""

    __tablename__ = "objection_effects"

    objection_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("objections.id"), primary_key=True))
    position: int = Field(primary_key=True)
    kind: str = Field(sa_type=String(16), nullable=False)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    target_id: UUID | None = None
    number: str | None = Field(default=None, sa_type=String(64))
    at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    what: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    was: str | None = Field(default=None, sa_type=String(40))
    would_be: str | None = Field(default=None, sa_type=String(40))
