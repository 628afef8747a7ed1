"""The tables of inspections."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import InspectionKind, InspectionState, Result

__all__ = ["Inspection", "InspectionAct", "InspectionDraw", "InspectionRecord"]


class Inspection(Base, table=True):
    """One visit to one subject: who goes, by when, what for, and what came of it.

    `record_id` and `revision` are those of the field record, which the phone numbers; `record_cipher` is its
    newest revision, encrypted, with the time at which each entry arrived. `proposal` is a change of the team,
    or giving a drawn visit up, that waits for a second person.
    """

    __tablename__ = "inspections"
    __table_args__ = (
        CheckConstraint(one_of("kind", InspectionKind), "kind"),
        CheckConstraint(one_of("state", InspectionState), "state"),
        CheckConstraint(one_of("result", Result), "result"),
        CheckConstraint("cardinality(inspectors) >= 2", "inspectors"),
        CheckConstraint("(kind = 'drawn') = (trigger IS NULL)", "outside_the_draw_has_trigger"),
        CheckConstraint("(finished_on IS NULL) = (result IS NULL)", "finished_has_result"),
        CheckConstraint("(published_at IS NULL) = (published_by IS NULL)", "published_by_someone"),
        Index("ix_inspections_region_id", "region", "id", postgresql_ops={"region": "varchar_pattern_ops"}),
        Index("ix_inspections_subject_id", "subject_id"),
        Index("ix_inspections_campaign_id", "campaign_id"),
        Index("ix_inspections_inspectors", "inspectors", postgresql_using="gin"),
        Index(
            "ix_inspections_due_on",
            "due_on",
            postgresql_where=text("state IN ('assigned', 'in_progress')"),
        ),
        Index(
            "ix_inspections_publish_by",
            "publish_by",
            postgresql_where=text("published_at IS NULL AND publish_by IS NOT NULL"),
        ),
        Index("ix_inspections_published", "id", postgresql_where=text("published_at IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_column=Column(String(24), unique=True, nullable=False))
    kind: str = Field(sa_type=String(16), nullable=False)
    trigger: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    campaign_id: UUID | None = Field(default=None, sa_column=Column(Uuid, ForeignKey("campaigns.id")))
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    region: str = Field(sa_type=String(6), nullable=False)
    department: str = Field(sa_type=String(60), nullable=False)
    items: list[str] = Field(sa_column=Column(ARRAY(String(40)), nullable=False))
    inspectors: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    batch: int | None = None
    proposal: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    measure: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    due_on: date
    state: str = Field(sa_type=String(16), nullable=False)
    version: int = 1
    record_id: UUID | None = None
    revision: int = 0
    record_cipher: str | None = Field(default=None, sa_type=Text)
    record_sha256: str | None = Field(default=None, sa_type=String(64))
    result: str | None = Field(default=None, sa_type=String(24))
    finished_on: date | None = None
    finished_by: str | None = Field(default=None, sa_type=Text)
    publish_by: date | None = None
    publish_by_provisional: bool = False
    reminded_on: date | None = None
    decided_by: str | None = Field(default=None, sa_type=Text)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    fact_id: UUID | None = None
    published_by: str | None = Field(default=None, sa_type=Text)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_by: str = Field(sa_type=Text, nullable=False)
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class InspectionDraw(Base, table=True):
    """Which draw chose a subject, and into which visit it went: several items are merged into one visit."""

    __tablename__ = "inspection_draws"
    __table_args__ = (Index("ix_inspection_draws_inspection_id", "inspection_id"),)

    draw_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("draws.id"), primary_key=True))
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), primary_key=True))
    inspection_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("inspections.id"), nullable=False))
    place: int
    number: str = Field(sa_type=String(32), nullable=False)
    task: str | None = Field(default=None, sa_type=String(24))


class InspectionRecord(Base, table=True):
    """A revision of a field record as it arrived. Rows are only ever added."""

    __tablename__ = "inspection_records"
    __table_args__ = (CheckConstraint("revision >= 1", "revision"),)

    inspection_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("inspections.id"), primary_key=True))
    revision: int = Field(primary_key=True)
    record_id: UUID
    content_cipher: str = Field(sa_type=Text, nullable=False)
    sha256: str = Field(sa_type=String(64), nullable=False)
    device_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    received_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    sent_by: str = Field(sa_type=Text, nullable=False)


class InspectionAct(Base, table=True):
    """A step in the life of an inspection. Rows are only ever added."""

    __tablename__ = "inspection_acts"

    inspection_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("inspections.id"), primary_key=True))
    version: int = Field(primary_key=True)
    act: str = Field(sa_type=String(16), nullable=False)
    note: str | None = Field(default=None, sa_type=Text)
    data: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    done_by: str = Field(sa_type=Text, nullable=False)
    done_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
