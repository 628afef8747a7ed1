"""The copied subjects."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from complaints.db import Base

__all__ = ["Subject"]


class Subject(Base, table=True):
    """What this service needs to know of a supervised subject; a natural person's name is not copied.

    `version` follows registration and updates, `grade_version` the grade, `measures_version` the measures of
    supervision: the kinds of events may be handled in any order. `measures` are all restrictions that credit
    told of, past and coming ones too.
    """

    __tablename__ = "subjects"
    __table_args__ = (
        CheckConstraint("version >= 0 AND grade_version >= 0", name="versions"),
        Index("ix_subjects_key", "key"),
    )

    id: UUID = Field(primary_key=True)
    kind: str | None = Field(default=None, sa_type=String(40))
    key: str | None = Field(default=None, sa_type=String(40))
    name: str | None = Field(default=None, sa_type=Text)
    license_no: str | None = Field(default=None, sa_type=String(60))
    scope: list[str] = Field(default_factory=list, sa_type=JSONB)
    region: str | None = Field(default=None, sa_type=String(6))
    status: str | None = Field(default=None, sa_type=String(40))
    tier: str | None = Field(default=None, sa_type=String(40))
    grade: str | None = Field(default=None, sa_type=String(40))
    version: int = 0
    grade_version: int = 0
    measures: list[dict[str, Any]] = Field(
        default=[], sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    measures_version: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
