"""The tables of plans, and the counters from which this service's inspection papers take their numbers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import PlanState

__all__ = ["InspectionNumber", "Plan", "PlanVersion"]


class InspectionNumber(Base, table=True):
    """The last serial given in a series and year; taken in the transaction that uses it, so without gaps."""

    __tablename__ = "inspection_numbers"

    series: str = Field(sa_column=Column(String(24), primary_key=True))
    year: int = Field(primary_key=True)
    last: int


class Plan(Base, table=True):
    """An annual plan in its present version. `filed_version` is the last one filed with the superior."""

    __tablename__ = "inspection_plans"
    __table_args__ = (
        CheckConstraint(one_of("state", PlanState), "state"),
        CheckConstraint("version >= 1", "version"),
        CheckConstraint("state = 'draft' OR filed_version = version", "in_force_is_filed"),
        Index("uq_inspection_plans_region_number", "region", "number", unique=True),
        Index(
            "ix_inspection_plans_region_id", "region", "id", postgresql_ops={"region": "varchar_pattern_ops"}
        ),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_type=String(16), nullable=False)
    year: int
    region: str = Field(sa_type=String(6), nullable=False)
    name: str = Field(sa_type=Text, nullable=False)
    state: str = Field(sa_type=String(16), nullable=False)
    version: int = 1
    tasks: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    drafted_by: str = Field(sa_type=Text, nullable=False)
    filed_version: int | None = None
    filed_with: str | None = Field(default=None, sa_type=String(100))
    filed_by: str | None = Field(default=None, sa_type=Text)
    filed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    updated_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class PlanVersion(Base, table=True):
    """What a plan said in a version. Rows are only ever added."""

    __tablename__ = "inspection_plan_versions"

    plan_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("inspection_plans.id"), primary_key=True))
    version: int = Field(primary_key=True)
    name: str = Field(sa_type=Text, nullable=False)
    tasks: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    reason: str | None = Field(default=None, sa_type=Text)
    drafted_by: str = Field(sa_type=Text, nullable=False)
    drafted_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
