"""The subjects table."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, Index, Numeric, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from credit.db import Base

from .rules import Kind, Status

__all__ = ["Subject"]


def _one_of(column: str, values: type[Kind] | type[Status]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


class Subject(Base, table=True):
    """One supervised subject with its present grade.

    `name` is an entity's name, or a natural person's masked one; a person's real name, number and phone
    stand encrypted, with keyed indexes for exact search. `last_recorded_at` is the instant up to which the
    archive of this subject is closed: every new fact is recorded strictly after it.
    """

    __tablename__ = "subjects"
    __table_args__ = (
        CheckConstraint(_one_of("kind", Kind), "kind"),
        CheckConstraint(_one_of("status", Status), "status"),
        CheckConstraint("region ~ '^[0-9]{6}$'", "region"),
        CheckConstraint("length(name) BETWEEN 1 AND 200", "name"),
        CheckConstraint("version >= 1", "version"),
        CheckConstraint("(grade IS NULL) = (tier IS NULL)", "grade_with_tier"),
        Index(
            "ix_subjects_name_search",
            "name_search",
            postgresql_using="gin",
            postgresql_ops={"name_search": "gin_trgm_ops"},
        ),
        Index("ix_subjects_name_grams", "name_grams", postgresql_using="gin"),
        Index("ix_subjects_region_id", "region", "id", postgresql_ops={"region": "varchar_pattern_ops"}),
        Index("ix_subjects_kind_id", "kind", "id"),
        Index("ix_subjects_kind_grade_id", "kind", "grade", "id"),
        Index(
            "ix_subjects_next_change_on",
            "next_change_on",
            postgresql_where=text("next_change_on IS NOT NULL"),
        ),
        Index("ix_subjects_name_index", "name_index", postgresql_where=text("name_index IS NOT NULL")),
        Index(
            "ix_subjects_id_number_index",
            "id_number_index",
            postgresql_where=text("id_number_index IS NOT NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=String(24), nullable=False)
    key: str | None = Field(default=None, sa_column=Column(String(24), unique=True))
    name: str = Field(sa_type=Text, nullable=False)
    name_search: str = Field(sa_type=Text, nullable=False)
    name_grams: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    name_cipher: str | None = Field(default=None, sa_type=Text)
    name_index: str | None = Field(default=None, sa_type=String(64))
    id_number_cipher: str | None = Field(default=None, sa_type=Text)
    id_number_index: str | None = Field(default=None, sa_type=String(64))
    phone_cipher: str | None = Field(default=None, sa_type=Text)
    license_no: str | None = Field(default=None, sa_column=Column(String(24), unique=True))
    region: str = Field(sa_type=String(6), nullable=False)
    business_scope: list[str] = Field(sa_column=Column(ARRAY(String(16)), nullable=False))
    level: str | None = Field(default=None, sa_type=String(16))
    status: str = Field(sa_type=String(16), nullable=False)
    score: Decimal | None = Field(default=None, sa_type=Numeric(10, 4))
    grade: str | None = Field(default=None, sa_type=String(16))
    tier: str | None = Field(default=None, sa_type=String(16))
    grade_version: int = 0
    scored_on: date | None = None
    next_change_on: date | None = None
    version: int = 1
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    updated_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    last_recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
