"""The tables of regulatory talks and mystery visits."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import TalkState

__all__ = ["MysteryVisit", "Talk"]


class Talk(Base, table=True):
    """A regulatory talk: the invitation, then what was said, or that nobody came."""

    __tablename__ = "talks"
    __table_args__ = (
        CheckConstraint(one_of("state", TalkState), "state"),
        CheckConstraint("(state = 'held') = (minutes_cipher IS NOT NULL)", "held_has_minutes"),
        Index("ix_talks_region_id", "region", "id", postgresql_ops={"region": "varchar_pattern_ops"}),
        Index("ix_talks_subject_id", "subject_id"),
        Index("ix_talks_campaign_id", "campaign_id"),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_column=Column(String(24), unique=True, nullable=False))
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    region: str = Field(sa_type=String(6), nullable=False)
    campaign_id: UUID | None = Field(default=None, sa_column=Column(Uuid, ForeignKey("campaigns.id")))
    about: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    reason: str = Field(sa_type=Text, nullable=False)
    legal_basis: str = Field(sa_type=Text, nullable=False)
    department: str = Field(sa_type=String(60), nullable=False)
    place: str = Field(sa_type=Text, nullable=False)
    planned_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    state: str = Field(sa_type=String(16), nullable=False)
    version: int = 1
    held_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    minutes_cipher: str | None = Field(default=None, sa_type=Text)
    commitments: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    closing_note: str | None = Field(default=None, sa_type=Text)
    invitation_paper: UUID | None = None
    record_paper: UUID | None = None
    created_by: str = Field(sa_type=Text, nullable=False)
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    closed_by: str | None = Field(default=None, sa_type=Text)


class MysteryVisit(Base, table=True):
    """An unannounced visit in plain clothes. Rows are only ever added."""

    __tablename__ = "mystery_visits"
    __table_args__ = (
        CheckConstraint("cardinality(visitors) >= 2", "visitors"),
        Index(
            "ix_mystery_visits_region_id", "region", "id", postgresql_ops={"region": "varchar_pattern_ops"}
        ),
        Index("ix_mystery_visits_subject_id", "subject_id"),
        Index("ix_mystery_visits_campaign_id", "campaign_id"),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_column=Column(String(24), unique=True, nullable=False))
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    region: str = Field(sa_type=String(6), nullable=False)
    campaign_id: UUID | None = Field(default=None, sa_column=Column(Uuid, ForeignKey("campaigns.id")))
    visited_on: date
    visitors: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    observations: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    advice: str = Field(sa_type=String(16), nullable=False)
    noted_by: str = Field(sa_type=Text, nullable=False)
    noted_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class MysteryVisitWithdrawal(Base, table=True):
    """That a mystery visit was recorded wrongly, such as of another subject. Rows are only ever added."""

    __tablename__ = "mystery_visit_withdrawals"

    visit_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("mystery_visits.id"), primary_key=True, nullable=False)
    )
    reason: str = Field(sa_type=Text, nullable=False)
    withdrawn_by: str = Field(sa_type=Text, nullable=False)
    withdrawn_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
