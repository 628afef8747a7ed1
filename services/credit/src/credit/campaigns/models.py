"""The tables of special campaigns."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import CampaignState

__all__ = ["Campaign", "CampaignEntry"]


class Campaign(Base, table=True):
    """A special campaign. `report` is written once, when it is closed."""

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint(one_of("state", CampaignState), "state"),
        CheckConstraint("ends_on >= starts_on", "period"),
        CheckConstraint("(state = 'closed') = (report IS NOT NULL)", "closed_has_report"),
        Index("ix_campaigns_region_id", "region", "id", postgresql_ops={"region": "varchar_pattern_ops"}),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_column=Column(String(24), unique=True, nullable=False))
    name: str = Field(sa_type=Text, nullable=False)
    aim: str = Field(sa_type=Text, nullable=False)
    region: str = Field(sa_type=String(6), nullable=False)
    kinds: list[str] = Field(sa_column=Column(ARRAY(String(24)), nullable=False))
    starts_on: date
    ends_on: date
    targets: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    tasks: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = Field(sa_type=String(16), nullable=False)
    version: int = 1
    report: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    created_by: str = Field(sa_type=Text, nullable=False)
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    started_by: str | None = Field(default=None, sa_type=Text)
    closed_by: str | None = Field(default=None, sa_type=Text)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CampaignEntry(Base, table=True):
    """A report of progress on one task of a campaign. Rows are only ever added."""

    __tablename__ = "campaign_entries"
    __table_args__ = (CheckConstraint("done >= 0", "done"),)

    campaign_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("campaigns.id"), primary_key=True))
    version: int = Field(primary_key=True)
    task_no: int
    done: int
    finished: bool
    note: str = Field(sa_type=Text, nullable=False)
    noted_by: str = Field(sa_type=Text, nullable=False)
    noted_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
