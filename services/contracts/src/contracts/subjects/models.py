"""The copy of subjects."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, Index, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from contracts.db import Base

__all__ = ["Subject"]


class Subject(Base, table=True):
    """What the archive last said of a subject. Versions count events apart: data, grade and supervision.

    `measures` are all restrictions that credit told of, past and coming ones too: the day of a contract asks.
    """

    __tablename__ = "subjects"
    __table_args__ = (
        CheckConstraint("version >= 1", "version"),
        Index("ix_subjects_key", "key", postgresql_where="key IS NOT NULL"),
    )

    subject_id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=String(24), nullable=False)
    key: str | None = Field(default=None, sa_type=String(24))
    name: str | None = Field(default=None, sa_type=Text)
    license_no: str | None = Field(default=None, sa_type=String(40))
    scope: list[str] = Field(sa_column=Column(ARRAY(String(16)), nullable=False))
    region: str | None = Field(default=None, sa_type=String(6))
    status: str = Field(sa_type=String(16), nullable=False)
    tier: str | None = Field(default=None, sa_type=String(16))
    grade: str | None = Field(default=None, sa_type=String(16))
    version: int = 1
    grade_version: int = 0
    measures: list[dict[str, Any]] = Field(
        default=[], sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    measures_version: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    updated_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
