"""The table of papers: what was ordered, and once it is typeset the PDF."""

from datetime import datetime
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, func, text
from sqlmodel import Field

from complaints.db import Base
from complaints.documents.rules import Kind, State

__all__ = ["Document"]

KINDS = ", ".join(f"'{kind.value}'" for kind in Kind)
STATES = ", ".join(f"'{state.value}'" for state in State)


class Document(Base, table=True):
    """One paper. `data_cipher` (what it says) and `content` (the PDF) are encrypted, bound to this row.

    `not_before` is the database's time: it paces the attempts of all processes alike, and goes on while a
    demonstration holds the day.
    """

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="kind"),
        CheckConstraint(f"state IN ({STATES})", name="state"),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("template_sha256 ~ '^[0-9a-f]{64}$'", name="template_sha256"),
        CheckConstraint(
            "(state = 'ready') = (content IS NOT NULL) AND (content IS NULL) = (content_sha256 IS NULL)"
            " AND (content IS NULL) = (size IS NULL) AND (content IS NULL) = (ready_at IS NULL)",
            name="ready_has_content",
        ),
        Index("ix_documents_case_id", "case_id", "id"),
        Index("ix_documents_work", "not_before", "id", postgresql_where=text("state = 'ordered'")),
        Index("ix_documents_failed", "id", postgresql_where=text("state = 'failed'")),
    )

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(sa_column_args=(ForeignKey("cases.id"),))
    kind: str = Field(sa_type=String(12))
    number: str = Field(sa_type=String(60), unique=True)
    template_id: str = Field(sa_type=String(40))
    template_version: str = Field(sa_type=String(40))
    template_sha256: str = Field(sa_type=String(64))
    data_cipher: str = Field(sa_type=Text)
    state: str = Field(sa_type=String(8))
    attempts: int = 0
    not_before: datetime | None = Field(
        default=None, sa_type=UtcDateTime, nullable=False, sa_column_kwargs={"server_default": func.now()}
    )
    ordered_at: datetime = Field(sa_type=UtcDateTime)
    ready_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
    content_sha256: str | None = Field(default=None, sa_type=String(64))
    size: int | None = None
