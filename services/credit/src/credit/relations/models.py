"""Dated relations between subjects."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import RelationKind

__all__ = ["Relation"]

_OPEN = "ends_on IS NULL AND ended_at IS NULL"


class Relation(Base, table=True):
    """One relation: when it holds, since when we know it, and by whom and when it was ended.

    What was recorded is never overwritten: an end is written beside it, so that the relation can be told as
    it was known at any moment. An end before the start says that it never held. `merge_id`: it was recorded
    for the survivor of a merger.
    """

    __tablename__ = "relations"
    __table_args__ = (
        CheckConstraint(one_of("kind", RelationKind), "kind"),
        CheckConstraint("from_id <> to_id", "two_subjects"),
        CheckConstraint("ends_on >= starts_on", "period"),
        CheckConstraint(
            "(ended_at IS NULL) = (ended_on IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)",
            "ended_by_somebody",
        ),
        Index("ix_relations_from_id", "from_id"),
        Index("ix_relations_to_id", "to_id"),
        Index("uq_relations_open", "kind", "from_id", "to_id", unique=True, postgresql_where=text(_OPEN)),
        Index(
            "uq_relations_head_office",
            "from_id",
            unique=True,
            postgresql_where=text(f"kind = 'branch_of' AND {_OPEN}"),
        ),
        Index(
            "uq_relations_legal_representative",
            "to_id",
            unique=True,
            postgresql_where=text(f"kind = 'legal_representative' AND {_OPEN}"),
        ),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=String(24), nullable=False)
    from_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    to_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    starts_on: date
    ends_on: date | None = None
    note: str | None = Field(default=None, sa_type=Text)
    evidence: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    recorded_by: str = Field(sa_type=Text, nullable=False)
    ended_on: date | None = None
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: str | None = Field(default=None, sa_type=Text)
    end_reason: str | None = Field(default=None, sa_type=Text)
    merge_id: UUID | None = None

    @property
    def period(self) -> tuple[date, date | None]:
        """When it holds, as known today."""
        return self.starts_on, self.ends_on if self.ended_at is None else self.ended_on
