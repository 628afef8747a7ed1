"""The tables of the library of inspectors."""

from datetime import date, datetime
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from credit.db import Base, one_of
from credit.draws.rules.states import RecusalReason

__all__ = ["Inspector", "InspectorRecusal"]


class Inspector(Base, table=True):
    """One inspector. `staff_id` is the `sub` of his token and the name by which he is drawn."""

    __tablename__ = "inspectors"
    __table_args__ = (
        CheckConstraint("region ~ '^[0-9]{6}$'", "region"),
        CheckConstraint("active_to IS NULL OR active_to >= active_from", "active_period"),
        Index("ix_inspectors_region_id", "region", "id", postgresql_ops={"region": "varchar_pattern_ops"}),
    )

    id: UUID = Field(primary_key=True)
    staff_id: str = Field(sa_column=Column(Text, unique=True, nullable=False))
    name: str = Field(sa_type=Text, nullable=False)
    department: str = Field(sa_type=String(60), nullable=False)
    region: str = Field(sa_type=String(6), nullable=False)
    card_no: str = Field(sa_column=Column(String(40), unique=True, nullable=False))
    expertise: list[str] = Field(sa_column=Column(ARRAY(String(40)), nullable=False))
    active_from: date
    active_to: date | None = None
    version: int = 1
    created_by: str = Field(sa_type=Text, nullable=False)
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    updated_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class InspectorRecusal(Base, table=True):
    """An inspector keeps away from a subject, from one day to another."""

    __tablename__ = "inspector_recusals"
    __table_args__ = (
        CheckConstraint(one_of("reason", RecusalReason), "reason"),
        CheckConstraint("to_on IS NULL OR to_on >= from_on", "period"),
        Index("ix_inspector_recusals_inspector_id", "inspector_id"),
        Index("ix_inspector_recusals_subject_id", "subject_id"),
    )

    id: UUID = Field(primary_key=True)
    inspector_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("inspectors.id"), nullable=False))
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    reason: str = Field(sa_type=String(24), nullable=False)
    from_on: date
    to_on: date | None = None
    noted_by: str = Field(sa_type=Text, nullable=False)
    noted_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    ended_by: str | None = Field(default=None, sa_type=Text)
