"""How subjects whose supervision is more than their grade's were last announced."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import Column, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from credit.db import Base

__all__ = ["SupervisionState"]


class SupervisionState(Base, table=True):
    """What others were last told of a subject's supervision, and on which day that is to be looked at again:
    the next on which it changes with nothing new recorded, or that of a moved tier or a mark.

    A row exists for subjects that a listing, a restriction or the risk class has ever touched. `measures` are
    the codes that were in force, `restrictions` everything that was told of them and of past and coming ones.
    """

    __tablename__ = "supervision_states"
    __table_args__ = (
        Index(
            "ix_supervision_states_next_change_on",
            "next_change_on",
            postgresql_where=text("next_change_on IS NOT NULL"),
        ),
    )

    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), primary_key=True))
    tier: str | None = Field(default=None, sa_type=String(16))
    risk_class: str | None = Field(default=None, sa_type=String(1))
    measures: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    restrictions: list[dict[str, Any]] = Field(
        sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    next_change_on: date | None = None
    announced_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
