"""Files of evidence: what each is, and its encrypted bytes in pieces."""

from datetime import datetime
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, Text, Uuid
from sqlmodel import Field

from credit.db import Base

__all__ = ["Evidence", "EvidenceChunk"]


class Evidence(Base, table=True):
    """A file that belongs to one thing of a room (`about_kind`, `about_id`) and so to one subject.

    `key_token` is the file's own key, wrapped by the keyring; `name_cipher` its name as it was given. The
    same bytes about the same thing are one file. `by_subject`: the subject's own user uploaded it, not an
    officer or another for it. `paper_of` is the one procedure in which an officer acted on
    it as the subject's written request.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        CheckConstraint("about_kind ~ '^[a-z_]{3,16}$'", "about_kind"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", "sha256"),
        CheckConstraint("size >= 1", "size"),
        Index("uq_evidence_about", "about_kind", "about_id", "sha256", unique=True),
    )

    id: UUID = Field(primary_key=True)
    about_kind: str = Field(sa_type=String(16), nullable=False)
    about_id: UUID
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    name_cipher: str = Field(sa_type=Text, nullable=False)
    media_type: str = Field(sa_type=String(80), nullable=False)
    size: int
    sha256: str = Field(sa_type=String(64), nullable=False)
    key_token: str = Field(sa_type=Text, nullable=False)
    uploaded_by: str = Field(sa_type=Text, nullable=False)
    by_subject: bool
    uploaded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    paper_of: UUID | None = None


class EvidenceChunk(Base, table=True):
    """One encrypted piece of a file. Rows are only ever added."""

    __tablename__ = "evidence_chunks"
    __table_args__ = (CheckConstraint("number >= 0", "number"),)

    evidence_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("evidence.id"), primary_key=True))
    number: int = Field(primary_key=True)
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
