"""Honours and what was done with them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import Act, State

__all__ = ["Honour", "HonourAct"]

_OPEN = "state NOT IN ('refused', 'withdrawn', 'revoked', 'expired')"


class Honour(Base, table=True):
    """An honour of a subject, from the application on. `checked_version` is the subject's last looked at.

    `suspended` says that it is not shown, also while a notice of revocation runs; `heard_out` that the
    subject spoke itself on it, or waived the rest of the period on paper.
    """

    __tablename__ = "honours"
    __table_args__ = (
        CheckConstraint(one_of("state", State), "state"),
        CheckConstraint("(granted_on IS NULL) = (expires_on IS NULL)", "granted_expires"),
        CheckConstraint("granted_by <> reviewed_by", "two_people_grant"),
        CheckConstraint("revoked_by <> notified_by", "two_people_revoke"),
        Index("uq_honours_number", "number", unique=True),
        Index("uq_honours_open", "subject_id", "policy_id", unique=True, postgresql_where=text(_OPEN)),
        Index("ix_honours_subject_id", "subject_id"),
        Index("ix_honours_expires_on", "expires_on", postgresql_where=text(_OPEN)),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_type=String(40), nullable=False)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    policy_id: str = Field(sa_type=String(100), nullable=False)
    policy_version: str = Field(sa_type=String(40), nullable=False)
    policy_region: str = Field(sa_type=String(6), nullable=False)
    region: str = Field(sa_type=String(6), nullable=False)
    pledge: str | None = Field(default=None, sa_type=Text)
    state: str = Field(sa_type=String(12), nullable=False)
    recommended: bool | None = None
    reviewed_by: str | None = Field(default=None, sa_type=Text)
    granted_by: str | None = Field(default=None, sa_type=Text)
    granted_on: date | None = None
    expires_on: date | None = None
    notified_by: str | None = Field(default=None, sa_type=Text)
    notified_on: date | None = None
    heard_out: bool = False
    revoked_by: str | None = Field(default=None, sa_type=Text)
    ended_on: date | None = None
    due_on: date | None = None
    provisional: bool = False
    suspended: bool = False
    failing: list[str] = Field(sa_column=Column(ARRAY(String(64)), nullable=False))
    checked_version: int = 0
    version: int = 1
    applied_by: str = Field(sa_type=Text, nullable=False)
    applied_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class HonourAct(Base, table=True):
    """One step in the life of an honour. Rows are only ever added.

    `request`: the written statement that an officer entered for the subject.
    """

    __tablename__ = "honour_acts"
    __table_args__ = (CheckConstraint(one_of("act", Act), "act"),)

    honour_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("honours.id"), primary_key=True))
    version: int = Field(primary_key=True)
    act: str = Field(sa_type=String(12), nullable=False)
    note: str = Field(sa_type=Text, nullable=False)
    paper_id: UUID | None = None
    request: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    done_by: str = Field(sa_type=Text, nullable=False)
    done_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
