"""Published grades."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Numeric, String, Uuid
from sqlmodel import Field

from credit.db import Base, one_of

from .rules.causes import Cause

__all__ = ["PublishedGrade"]


class PublishedGrade(Base, table=True):
    """One grade a subject has had, with the result it came from. Rows are only ever added.

    The log holds `(subject_id, version)` with the hash of the canonical result for `valid_at` and `known_at`.
    """

    __tablename__ = "published_grades"
    __table_args__ = (
        CheckConstraint("version >= 1", "version"),
        CheckConstraint(one_of("cause", Cause), "cause"),
        Index("ix_published_grades_published_at", "published_at"),
    )

    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), primary_key=True))
    version: int = Field(primary_key=True)
    grade: str = Field(sa_type=String(16), nullable=False)
    tier: str = Field(sa_type=String(16), nullable=False)
    score: Decimal = Field(sa_type=Numeric(10, 4), nullable=False)
    policy_id: str = Field(sa_type=String(100), nullable=False)
    policy_version: str = Field(sa_type=String(40), nullable=False)
    valid_at: date
    known_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    result_hash: str = Field(sa_type=String(64), nullable=False)
    cause: str = Field(sa_type=String(16), nullable=False)
    fact_id: UUID | None = None
    published_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
