"""Subjects, what they were before a change, traces of unlicensed operators, and mergers."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Numeric,
    String,
    Text,
    Uuid,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped
from sqlmodel import Field, col

from credit.db import Base, one_of

from .rules import KeyState, Kind, MergeAct, Status, TraceKind

__all__ = ["KeyCorrection", "Subject", "SubjectMerge", "SubjectState", "SubjectTrace", "of_family"]


class Subject(Base, table=True):
    """One supervised subject with its present grade.

    `name` is an entity's name, or a natural person's masked one; a person's real name, number and phone
    stand encrypted, with keyed indexes for exact search. `last_recorded_at` is the instant up to which the
    archive of this subject is closed: every new fact is recorded strictly after it, and after `asked_up_to`,
    the latest moment of knowledge beyond it for which a score or the facts were asked.
    """

    __tablename__ = "subjects"
    __table_args__ = (
        CheckConstraint(one_of("kind", Kind), "kind"),
        CheckConstraint(one_of("status", Status), "status"),
        CheckConstraint("region ~ '^[0-9]{6}$'", "region"),
        CheckConstraint("length(name) BETWEEN 1 AND 200", "name"),
        CheckConstraint("version >= 1", "version"),
        CheckConstraint("(grade IS NULL) = (tier IS NULL)", "grade_with_tier"),
        CheckConstraint("headcount BETWEEN 0 AND 1000000", "headcount"),
        CheckConstraint("license_expires_on >= licensed_on", "licence_period"),
        CheckConstraint("merged_into <> id", "merged_into_another"),
        Index(
            "ix_subjects_name_search",
            "name_search",
            postgresql_using="gin",
            postgresql_ops={"name_search": "gin_trgm_ops"},
        ),
        Index("ix_subjects_name_grams", "name_grams", postgresql_using="gin"),
        Index("ix_subjects_region_id", "region", "id", postgresql_ops={"region": "varchar_pattern_ops"}),
        Index("ix_subjects_kind_id", "kind", "id"),
        Index("ix_subjects_kind_grade_id", "kind", "grade", "id"),
        Index(
            "ix_subjects_look_again_on",
            "look_again_on",
            postgresql_where=text("look_again_on IS NOT NULL"),
        ),
        Index("ix_subjects_name_index", "name_index", postgresql_where=text("name_index IS NOT NULL")),
        Index(
            "ix_subjects_id_number_index",
            "id_number_index",
            postgresql_where=text("id_number_index IS NOT NULL"),
        ),
        Index(
            "uq_subjects_natural_person",
            "id_number_index",
            unique=True,
            postgresql_where=text("kind = 'natural_person' AND merged_into IS NULL"),
        ),
        Index("ix_subjects_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        Index(
            "ix_subjects_license_expires_on",
            "license_expires_on",
            postgresql_where=text("license_expires_on IS NOT NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=String(24), nullable=False)
    key: str | None = Field(default=None, sa_column=Column(String(24), unique=True))
    name: str = Field(sa_type=Text, nullable=False)
    name_search: str = Field(sa_type=Text, nullable=False)
    name_grams: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    name_cipher: str | None = Field(default=None, sa_type=Text)
    name_index: str | None = Field(default=None, sa_type=String(64))
    id_number_cipher: str | None = Field(default=None, sa_type=Text)
    id_number_index: str | None = Field(default=None, sa_type=String(64))
    phone_cipher: str | None = Field(default=None, sa_type=Text)
    license_no: str | None = Field(default=None, sa_column=Column(String(24), unique=True))
    region: str = Field(sa_type=String(6), nullable=False)
    business_scope: list[str] = Field(sa_column=Column(ARRAY(String(16)), nullable=False))
    level: str | None = Field(default=None, sa_type=String(16))
    licensed_on: date | None = None
    license_expires_on: date | None = None
    headcount: int | None = None
    merged_into: UUID | None = Field(default=None, sa_column=Column(Uuid, ForeignKey("subjects.id")))
    status: str = Field(sa_type=String(16), nullable=False)
    score: Decimal | None = Field(default=None, sa_type=Numeric(10, 4))
    grade: str | None = Field(default=None, sa_type=String(16))
    tier: str | None = Field(default=None, sa_type=String(16))
    grade_version: int = 0
    scored_on: date | None = None
    next_change_on: date | None = None
    look_again_on: date | None = None
    scored_by: str | None = Field(default=None, sa_type=String(64))
    version: int = 1
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    updated_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    last_recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    asked_up_to: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SubjectState(Base, table=True):
    """What a subject was, as far as scores depend on it, until a change became known.

    The row holds for every moment of knowledge before `until_at`; a subject without rows has never changed.
    Rows are only ever added.
    """

    __tablename__ = "subject_states"

    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), primary_key=True))
    until_at: datetime = Field(sa_type=UtcDateTime, primary_key=True)
    region: str = Field(sa_type=String(6), nullable=False)
    business_scope: list[str] = Field(sa_column=Column(ARRAY(String(16)), nullable=False))
    level: str | None = Field(default=None, sa_type=String(16))
    licensed_on: date | None = None
    headcount: int | None = None


class SubjectTrace(Base, table=True):
    """A name, number or account under which an unlicensed operator works: encrypted, found exactly."""

    __tablename__ = "subject_traces"
    __table_args__ = (
        CheckConstraint(one_of("kind", TraceKind), "kind"),
        CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", "removed_by_somebody"),
        Index("ix_subject_traces_subject_id", "subject_id"),
        Index("ix_subject_traces_value_index", "value_index", postgresql_where=text("removed_at IS NULL")),
        Index(
            "uq_subject_traces_value",
            "subject_id",
            "kind",
            "value_index",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    kind: str = Field(sa_type=String(8), nullable=False)
    value_cipher: str = Field(sa_type=Text, nullable=False)
    value_index: str = Field(sa_type=String(64), nullable=False)
    recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    recorded_by: str = Field(sa_type=Text, nullable=False)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    removed_by: str | None = Field(default=None, sa_type=Text)


class SubjectMerge(Base, table=True):
    """A provisional subject found to be another, or such a finding undone. Rows are only ever added.

    `status` is what the merged subject's was before.
    """

    __tablename__ = "subject_merges"
    __table_args__ = (
        CheckConstraint(one_of("act", MergeAct), "act"),
        CheckConstraint(one_of("status", Status), "status"),
        CheckConstraint("(act = 'unmerge') = (undoes IS NOT NULL)", "unmerge_undoes"),
        Index("ix_subject_merges_subject_id", "subject_id", "done_at"),
        Index("ix_subject_merges_survivor_id", "survivor_id"),
        Index("uq_subject_merges_undoes", "undoes", unique=True),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    survivor_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    act: str = Field(sa_type=String(8), nullable=False)
    undoes: UUID | None = Field(
        default=None, sa_column=Column(Uuid, ForeignKey("subject_merges.id"), nullable=True)
    )
    status: str = Field(sa_type=String(16), nullable=False)
    reason: str = Field(sa_type=Text, nullable=False)
    evidence: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    done_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    done_by: str = Field(sa_type=Text, nullable=False)


class KeyCorrection(Base, table=True):
    """A wrong key and the right one: proposed by one person, decided on by another, kept for ever."""

    __tablename__ = "key_corrections"
    __table_args__ = (
        CheckConstraint(one_of("state", KeyState), "state"),
        CheckConstraint("old_key <> new_key", "keys_differ"),
        CheckConstraint("(state = 'proposed') = (decided_at IS NULL)", "decided"),
        CheckConstraint("state <> 'confirmed' OR decided_by <> proposed_by", "second_person"),
        Index("ix_key_corrections_subject_id", "subject_id", "id"),
        Index(
            "uq_key_corrections_proposed",
            "subject_id",
            unique=True,
            postgresql_where=text("state = 'proposed'"),
        ),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    old_key: str = Field(sa_type=String(24), nullable=False)
    new_key: str = Field(sa_type=String(24), nullable=False)
    reason: str = Field(sa_type=Text, nullable=False)
    evidence: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = Field(sa_type=String(12), nullable=False)
    proposed_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    proposed_by: str = Field(sa_type=Text, nullable=False)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: str | None = Field(default=None, sa_type=Text)
    decision: str | None = Field(default=None, sa_type=Text)


def of_family(column: ColumnElement[UUID] | Mapped[UUID], subject_id: UUID) -> ColumnElement[bool]:
    """Whether a column names a subject or somebody who was merged into it."""
    tree = select(col(Subject.id)).where(col(Subject.id) == subject_id).cte("tree", recursive=True)
    tree = tree.union_all(select(col(Subject.id)).join(tree, col(Subject.merged_into) == tree.c.id))
    return column.in_(select(tree.c.id))
