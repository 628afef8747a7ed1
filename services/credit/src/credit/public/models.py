"""What a subject says beside a published record."""

from datetime import datetime
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid, text
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import ReplyState

__all__ = ["Reply"]


class Reply(Base, table=True):
    """A subject's own reply to a fact. It is shown once an officer has looked at it; one is shown at a time.

    The words stand encrypted, because a subject may write anything; they are shown with numbers masked.
    """

    __tablename__ = "replies"
    __table_args__ = (
        CheckConstraint(one_of("state", ReplyState), "state"),
        CheckConstraint("(state IN ('filed', 'withdrawn')) = (reviewed_by IS NULL)", "reviewed"),
        Index("uq_replies_filed", "fact_id", unique=True, postgresql_where=text("state = 'filed'")),
        Index("uq_replies_shown", "fact_id", unique=True, postgresql_where=text("state = 'shown'")),
        Index("ix_replies_subject_id", "subject_id"),
    )

    id: UUID = Field(primary_key=True)
    fact_id: UUID
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    text_cipher: str = Field(sa_type=Text, nullable=False)
    state: str = Field(sa_type=String(12), nullable=False)
    filed_by: str = Field(sa_type=Text, nullable=False)
    filed_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    reviewed_by: str | None = Field(default=None, sa_type=Text)
    reviewed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str | None = Field(default=None, sa_type=Text)
