"""The tables of hazards."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import HazardLevel, HazardState

__all__ = ["Hazard", "HazardAct"]


class Hazard(Base, table=True):
    """A hazard, found in an inspection or by itself.

    `overdue_on`: the day on which lateness was noticed, until more time is given. `missed_on`: the first last
    day that passed before it was put right or handed over; nothing takes it away.
    """

    __tablename__ = "hazards"
    __table_args__ = (
        CheckConstraint(one_of("state", HazardState), "state"),
        CheckConstraint(one_of("level", HazardLevel), "level"),
        CheckConstraint(
            "state = 'found' OR due_on IS NOT NULL OR handed_over_to IS NOT NULL", "ordered_has_due"
        ),
        Index("ix_hazards_region_id", "region", "id", postgresql_ops={"region": "varchar_pattern_ops"}),
        Index("ix_hazards_subject_id", "subject_id"),
        Index("ix_hazards_inspection_id", "inspection_id"),
        Index(
            "ix_hazards_due_on",
            "due_on",
            postgresql_where=text("state = 'ordered' AND overdue_on IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_column=Column(String(24), unique=True, nullable=False))
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    region: str = Field(sa_type=String(6), nullable=False)
    inspection_id: UUID | None = Field(default=None, sa_column=Column(Uuid, ForeignKey("inspections.id")))
    item: str | None = Field(default=None, sa_type=String(40))
    level: str = Field(sa_type=String(16), nullable=False)
    description: str = Field(sa_type=Text, nullable=False)
    department: str = Field(sa_type=String(60), nullable=False)
    found_on: date
    state: str = Field(sa_type=String(16), nullable=False)
    version: int = 1
    due_on: date | None = None
    overdue_on: date | None = None
    missed_on: date | None = None
    order_paper: UUID | None = None
    order_number: str | None = Field(default=None, sa_type=String(40))
    closed_on: date | None = None
    handed_over_to: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    created_by: str = Field(sa_type=Text, nullable=False)
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class HazardAct(Base, table=True):
    """A step in the life of a hazard. Rows are only ever added."""

    __tablename__ = "hazard_acts"

    hazard_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("hazards.id"), primary_key=True))
    version: int = Field(primary_key=True)
    act: str = Field(sa_type=String(16), nullable=False)
    note: str | None = Field(default=None, sa_type=Text)
    data: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    done_by: str = Field(sa_type=Text, nullable=False)
    done_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
