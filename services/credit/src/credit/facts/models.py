"""The tables of the archive: facts, and which of them others were told."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import Action

__all__ = ["Fact", "Showing"]


class Fact(Base, table=True):
    """One version of a fact. Rows are only ever added; the last one known says what stands.

    `disputed` holds the periods of dispute known with this version, as [first day, last day or null].

    Scoring reads all versions of one subject at once and however old, so the table is indexed by subject and
    not partitioned by month.
    """

    __tablename__ = "facts"
    __table_args__ = (
        CheckConstraint(one_of("action", Action), "action"),
        CheckConstraint("(version = 1) = (action = 'record')", "first_version_records"),
        CheckConstraint("version >= 1", "version"),
        CheckConstraint("(version = 1) = (correction IS NULL)", "corrections_say_why"),
        Index(
            "uq_facts_source",
            "source_kind",
            "source_reference",
            "code",
            unique=True,
            postgresql_where=text("version = 1"),
        ),
        Index("ix_facts_later_versions", "subject_id", "id", "version", postgresql_where=text("version > 1")),
        Index("ix_facts_repaired", "subject_id", postgresql_where=text("code = 'REPAIRED'")),
        Index("uq_facts_subject_id_recorded_at", "subject_id", "recorded_at", unique=True),
    )

    id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    action: str = Field(sa_type=String(8), nullable=False)
    code: str = Field(sa_type=String(48), nullable=False)
    occurred_on: date
    recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    recorded_by: str = Field(sa_type=Text, nullable=False)
    source_kind: str = Field(sa_type=String(32), nullable=False)
    source_authority: str = Field(sa_type=String(100), nullable=False)
    source_reference: str = Field(sa_type=String(120), nullable=False)
    payload: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    evidence: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    content_hash: str = Field(sa_type=String(64), nullable=False)
    correction: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    disputed: list[list[str | None]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'"))
    )


class Showing(Base, table=True):
    """What others (the feed of changes, other systems) were told of a fact whose code is published.

    `version` is the last version they were told of, none while there was none; `standing` whether they hold
    it as standing, `public` whether the public is shown it. `because` is why not, `next_on` the first day on
    which the calendar may change that.
    """

    __tablename__ = "fact_showings"
    __table_args__ = (
        CheckConstraint("NOT standing OR version IS NOT NULL", "told"),
        CheckConstraint("standing = (because IS NULL)", "because"),
        Index("ix_fact_showings_subject_id", "subject_id"),
        Index("ix_fact_showings_next_on", "next_on", postgresql_where=text("next_on IS NOT NULL")),
    )

    fact_id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    version: int | None = None
    standing: bool
    public: bool
    because: str | None = Field(default=None, sa_type=String(24))
    next_on: date | None = None
