"""Imports and their staged rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import Mode, Outcome, State

__all__ = ["Import", "ImportRow"]


class Import(Base, table=True):
    """One file of subjects on its way into the archive.

    `cursor` is the last row whose effects are committed: it moves in the transaction that makes them, so a
    process that dies loses nothing and does nothing twice.
    """

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint(one_of("state", State), "state"),
        CheckConstraint(one_of("mode", Mode), "mode"),
        CheckConstraint("format IN ('csv', 'xlsx', 'ndjson')", "format"),
        CheckConstraint("total >= 0 AND valid BETWEEN 0 AND total", "counts"),
        Index(
            "uq_imports_running",
            "created_by",
            "sha256",
            "mode",
            "dry_run",
            unique=True,
            postgresql_where=text("state = 'applying'"),
        ),
        Index("ix_imports_applying", "id", postgresql_where=text("state = 'applying'")),
        Index("ix_imports_created_by_id", "created_by", "id"),
        Index("ix_imports_expires_at", "expires_at", postgresql_where=text("state <> 'expired'")),
    )

    id: UUID = Field(primary_key=True)
    created_by: str = Field(sa_type=Text, nullable=False)
    actor: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = Field(sa_type=String(12), nullable=False)
    mode: str = Field(sa_type=String(8), nullable=False)
    dry_run: bool = False
    format: str = Field(sa_type=String(8), nullable=False)
    sha256: str = Field(sa_type=String(64), nullable=False)
    size: int
    total: int = 0
    valid: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    cursor: int = 0
    rows_per_s: float | None = None
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class ImportRow(Base, table=True):
    """One row of a file, as it was read, with what is wrong with it or what became of it.

    `content` holds the texts of a row about an entity; a natural person's, and those of a row of which that
    cannot be told, stand encrypted in `cipher`.
    """

    __tablename__ = "import_rows"
    __table_args__ = (
        CheckConstraint("(content IS NULL) <> (cipher IS NULL)", "content_or_cipher"),
        CheckConstraint(f"outcome IS NULL OR {one_of('outcome', Outcome)}", "outcome"),
        Index(
            "ix_import_rows_pending",
            "import_id",
            "row_no",
            postgresql_where=text("outcome IS NULL"),
        ),
    )

    import_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("imports.id"), primary_key=True))
    row_no: int = Field(primary_key=True)
    kind: str | None = Field(default=None, sa_type=Text)
    key: str | None = Field(default=None, sa_type=Text)
    name: str | None = Field(default=None, sa_type=Text)
    content: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    cipher: str | None = Field(default=None, sa_type=Text)
    outcome: str | None = Field(default=None, sa_type=String(12))
    subject_id: UUID | None = None
    errors: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
