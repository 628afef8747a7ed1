"""Drafts and published versions of scorecards."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, Index, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import State

__all__ = ["CardDraft"]


class CardDraft(Base, table=True):
    """One version of a scorecard: a draft that may change, then published for ever, or withdrawn.

    `published_at` is the instant from which the version is known; `taken_up_on` the day for which the
    rescoring of its first day was ordered.
    """

    __tablename__ = "scorecards"
    __table_args__ = (
        CheckConstraint(one_of("state", State), "state"),
        CheckConstraint("hash ~ '^[0-9a-f]{64}$'", "hash"),
        CheckConstraint("version >= 1", "version"),
        CheckConstraint("(published_at IS NULL) = (published_by IS NULL)", "published_by_somebody"),
        CheckConstraint("state <> 'published' OR published_at IS NOT NULL", "published_has_time"),
        CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", "withdrawn_has_time"),
        Index(
            "uq_scorecards_card_version",
            "card_id",
            "region",
            "card_version",
            unique=True,
            postgresql_where=text("published_at IS NOT NULL"),
        ),
        Index(
            "uq_scorecards_first_day",
            "card_id",
            "region",
            "effective_from",
            unique=True,
            postgresql_where=text("state = 'published'"),
        ),
        Index(
            "ix_scorecards_not_taken_up",
            "effective_from",
            postgresql_where=text("state = 'published' AND taken_up_on IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    card_id: str = Field(sa_type=String(100), nullable=False)
    card_version: str = Field(sa_type=String(40), nullable=False)
    region: str = Field(sa_type=String(6), nullable=False)
    kinds: list[str] = Field(sa_column=Column(ARRAY(String(24)), nullable=False))
    effective_from: date
    document: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    hash: str = Field(sa_type=String(64), nullable=False)
    state: str = Field(sa_type=String(12), nullable=False)
    version: int = 1
    author: str = Field(sa_type=Text, nullable=False)
    editors: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    updated_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    published_by: str | None = Field(default=None, sa_type=Text)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    waiver: str | None = Field(default=None, sa_type=Text)
    withdrawn_by: str | None = Field(default=None, sa_type=Text)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawal_reason: str | None = Field(default=None, sa_type=Text)
    taken_up_on: date | None = None
