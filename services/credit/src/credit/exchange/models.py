"""Records we send, decisions we are told of, and how far each system was read."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import DecisionKind, DecisionState, RecordKind, RecordState, System

__all__ = ["ExchangeCursor", "ExchangeDecision", "ExchangeRecord"]


class ExchangeRecord(Base, table=True):
    """One version of a record for one system. It is sent until the other side has said something to it.

    Of a natural person `content` holds what is masked; `person_cipher` is the name as it is sent, until it
    was accepted. `sha256` is of the record as sent.
    """

    __tablename__ = "exchange_records"
    __table_args__ = (
        CheckConstraint(one_of("system", System), "system"),
        CheckConstraint(one_of("kind", RecordKind), "kind"),
        CheckConstraint(one_of("state", RecordState), "state"),
        Index("uq_exchange_records_number", "system", "kind", "our_number", "version", unique=True),
        Index(
            "ix_exchange_records_waiting",
            "next_attempt_at",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_exchange_records_system_settled_on", "system", "settled_on"),
    )

    id: UUID = Field(primary_key=True)
    system: str = Field(sa_type=String(24), nullable=False)
    kind: str = Field(sa_type=String(12), nullable=False)
    our_number: str = Field(sa_type=String(80), nullable=False)
    version: int
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    region: str = Field(sa_type=String(6), nullable=False)
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    person_cipher: str | None = Field(default=None, sa_type=Text)
    sha256: str = Field(sa_type=String(64), nullable=False)
    state: str = Field(sa_type=String(12), nullable=False)
    attempts: int = 0
    next_attempt_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    their_number: str | None = Field(default=None, sa_type=String(120))
    reason: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    settled_on: date | None = None
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ExchangeDecision(Base, table=True):
    """One version of a decision of another system, once however often it is told."""

    __tablename__ = "exchange_decisions"
    __table_args__ = (
        CheckConstraint(one_of("system", System), "system"),
        CheckConstraint(one_of("kind", DecisionKind), "kind"),
        CheckConstraint(one_of("state", DecisionState), "state"),
        Index("uq_exchange_decisions_number", "system", "their_number", "version", unique=True),
        Index(
            "ix_exchange_decisions_open",
            "id",
            postgresql_where=text("state IN ('received', 'waiting')"),
        ),
    )

    id: UUID = Field(primary_key=True)
    system: str = Field(sa_type=String(24), nullable=False)
    their_number: str = Field(sa_type=String(120), nullable=False)
    version: int
    kind: str = Field(sa_type=String(20), nullable=False)
    subject_key: str = Field(sa_type=String(24), nullable=False)
    subject_id: UUID | None = None
    decided_on: date
    authority: str = Field(sa_type=String(100), nullable=False)
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    sha256: str = Field(sa_type=String(64), nullable=False)
    state: str = Field(sa_type=String(12), nullable=False)
    reason: str | None = Field(default=None, sa_type=Text)
    received_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    looked_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ExchangeCursor(Base, table=True):
    """How far our feed was turned into records (`out`), and how far a system's decisions were read."""

    __tablename__ = "exchange_cursors"

    name: str = Field(primary_key=True, sa_type=String(32))
    place: str | None = Field(default=None, sa_type=Text)
