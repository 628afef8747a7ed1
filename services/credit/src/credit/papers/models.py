"""Papers, and the number series they are counted in."""

from datetime import date, datetime
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid
from sqlmodel import Field

from credit.db import Base

__all__ = ["Paper", "PaperSeries"]


class Paper(Base, table=True):
    """One issued paper. Rows are only ever added; `data_cipher` (what it says) is bound to its row."""

    __tablename__ = "papers"
    __table_args__ = (
        CheckConstraint("region ~ '^[0-9]{6}$'", "region"),
        CheckConstraint("serial >= 1", "serial"),
        CheckConstraint("template_sha256 ~ '^[0-9a-f]{64}$'", "template_sha256"),
        CheckConstraint("data_sha256 ~ '^[0-9a-f]{64}$'", "data_sha256"),
        Index("uq_papers_kind_year_region_serial", "kind", "year", "region", "serial", unique=True),
        Index("ix_papers_subject_id", "subject_id", "id"),
        Index("ix_papers_about_id", "about_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=String(32), nullable=False)
    year: int
    region: str = Field(sa_type=String(6), nullable=False)
    serial: int
    number: str = Field(sa_column=Column(String(80), unique=True, nullable=False))
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    about_room: str = Field(sa_type=String(24), nullable=False)
    about_id: UUID
    subject_reads: bool
    form_version: str = Field(sa_type=String(40), nullable=False)
    form_region: str = Field(sa_type=String(6), nullable=False)
    template_sha256: str = Field(sa_type=String(64), nullable=False)
    data_cipher: str = Field(sa_type=Text, nullable=False)
    data_sha256: str = Field(sa_type=String(64), nullable=False)
    issued_on: date
    issued_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    issued_by: str = Field(sa_type=Text, nullable=False)


class PaperSeries(Base, table=True):
    """The last number given in a series: one kind, one year, one authority."""

    __tablename__ = "paper_series"
    __table_args__ = (CheckConstraint("last >= 1", "last"),)

    kind: str = Field(primary_key=True, sa_type=String(32))
    year: int = Field(primary_key=True)
    region: str = Field(primary_key=True, sa_type=String(6))
    last: int
