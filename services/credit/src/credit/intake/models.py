"""Events that cannot be applied yet."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import ParkedState

__all__ = ["ParkedEvent"]


class ParkedEvent(Base, table=True):
    """An event of another service that waits for its subject, or for a person to resolve a conflict."""

    __tablename__ = "parked_events"
    __table_args__ = (
        CheckConstraint(one_of("state", ParkedState), "state"),
        Index("ix_parked_events_subject_key", "subject_key", postgresql_where=text("state = 'waiting'")),
    )

    event_id: UUID = Field(primary_key=True)
    type: str = Field(sa_type=Text, nullable=False)
    subject_key: str | None = Field(default=None, sa_type=String(24))
    data: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = Field(sa_type=String(12), nullable=False)
    parked_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_by: str | None = Field(default=None, sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
