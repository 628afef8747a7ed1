"""Certificates and their uses."""

from datetime import date, datetime
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import Purpose, State

__all__ = ["Certificate", "CertificateUse"]


class Certificate(Base, table=True):
    """A certificate: its document as issued, what it rests on, and how it stands.

    The log holds `certificate:ID` version 1 with the hash of the document, and version 2 when it is withdrawn
    or superseded. Whether what it states is still so was looked at last on `looked_on`, by the subject's
    `looked_version`.
    """

    __tablename__ = "certificates"
    __table_args__ = (
        CheckConstraint(one_of("purpose", Purpose), "purpose"),
        CheckConstraint(one_of("state", State), "state"),
        CheckConstraint("(state = 'issued') = (ended_at IS NULL)", "ended_at"),
        CheckConstraint("valid_until >= issued_on", "validity"),
        Index("ix_certificates_subject_id_id", "subject_id", "id"),
        Index(
            "uq_certificates_standing",
            "subject_id",
            "purpose",
            "relying_party",
            unique=True,
            postgresql_where=text("state = 'issued'"),
        ),
        Index("ix_certificates_based_on", "based_on", postgresql_using="gin"),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_column=Column(String(60), unique=True, nullable=False))
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    purpose: str = Field(sa_type=String(8), nullable=False)
    relying_party: str = Field(sa_type=String(100), nullable=False)
    consent: str | None = Field(default=None, sa_type=String(120))
    as_of: date
    known_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    valid_until: date
    document: str = Field(sa_type=Text, nullable=False)
    document_sha256: str = Field(sa_type=String(64), nullable=False)
    code_sha256: str = Field(sa_type=String(64), nullable=False)
    based_on: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    paper_id: UUID
    state: str = Field(sa_type=String(12), nullable=False)
    ended_because: str | None = Field(default=None, sa_type=String(24))
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    issued_on: date
    issued_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    issued_by: str = Field(sa_type=Text, nullable=False)
    looked_on: date
    looked_version: int


class CertificateUse(Base, table=True):
    """Somebody relied on a certificate, and what it was told. Rows are only ever added."""

    __tablename__ = "certificate_uses"
    __table_args__ = (Index("ix_certificate_uses_certificate_id_id", "certificate_id", "id"),)

    id: UUID = Field(primary_key=True)
    certificate_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("certificates.id"), nullable=False))
    used_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    relying_party: str | None = Field(default=None, sa_type=String(100))
    reference: str | None = Field(default=None, sa_type=String(120))
    used_by: str | None = Field(default=None, sa_type=Text)
    told: str = Field(sa_type=String(12), nullable=False)
