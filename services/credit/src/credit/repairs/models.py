"""Applications for repair and what happened to each."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import Commitment, Event, State

__all__ = ["Repair", "RepairEvent"]

RUNNING = "state IN ('applied', 'conflict', 'accepted', 'verified')"


class Repair(Base, table=True):
    """One application for the repair of one listing or of one published fact."""

    __tablename__ = "repairs"
    __table_args__ = (
        CheckConstraint(one_of("state", State), "state"),
        CheckConstraint(one_of("commitment_rule", Commitment), "commitment_rule"),
        CheckConstraint("(listing_id IS NULL) <> (fact_id IS NULL)", "one_target"),
        CheckConstraint("(state = 'conflict') = (commitment_rule = 'conflict')", "conflict_is_open"),
        CheckConstraint("(state = 'granted') = (lifted_on IS NOT NULL)", "granted_is_lifted"),
        CheckConstraint(
            "decided_by IS NULL OR decided_by <> ALL (ARRAY[accepted_by, resolved_by, verified_by])",
            "second_person_decides",
        ),
        CheckConstraint("version >= 1", "version"),
        Index(
            "uq_repairs_running_listing",
            "listing_id",
            unique=True,
            postgresql_where=text(f"listing_id IS NOT NULL AND {RUNNING}"),
        ),
        Index(
            "uq_repairs_running_fact",
            "fact_id",
            unique=True,
            postgresql_where=text(f"fact_id IS NOT NULL AND {RUNNING}"),
        ),
        Index("ix_repairs_subject_id", "subject_id", "id"),
        Index("ix_repairs_state_id", "state", "id"),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_column=Column(String(40), unique=True, nullable=False))
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    listing_id: UUID | None = Field(default=None, sa_column=Column(Uuid, ForeignKey("listings.id")))
    fact_id: UUID | None = None
    authority_region: str = Field(sa_type=String(6), nullable=False)
    state: str = Field(sa_type=String(16), nullable=False)
    commitment_rule: str = Field(sa_type=String(16), nullable=False)
    evidence: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    has_commitment: bool = False
    has_training: bool = False
    applied_by: str = Field(sa_type=Text, nullable=False)
    applied_on: date
    accepted_by: str | None = Field(default=None, sa_type=Text)
    accepted_on: date | None = None
    resolved_by: str | None = Field(default=None, sa_type=Text)
    verified_by: str | None = Field(default=None, sa_type=Text)
    verified_on: date | None = None
    verified_how: str | None = Field(default=None, sa_type=String(8))
    passed: bool | None = None
    decided_by: str | None = Field(default=None, sa_type=Text)
    decided_on: date | None = None
    lifted_on: date | None = None
    ended_on: date | None = None
    codes: list[str] = Field(sa_column=Column(ARRAY(String(8)), nullable=False))
    version: int = 1
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class RepairEvent(Base, table=True):
    """One step of an application. Rows are only ever added; what people wrote is encrypted."""

    __tablename__ = "repair_events"
    __table_args__ = (
        CheckConstraint(one_of("event", Event), "event"),
        CheckConstraint(one_of("state", State), "state"),
    )

    repair_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("repairs.id"), primary_key=True))
    version: int = Field(primary_key=True)
    event: str = Field(sa_type=String(16), nullable=False)
    state: str = Field(sa_type=String(16), nullable=False)
    on_day: date
    done_by: str = Field(sa_type=Text, nullable=False)
    done_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    texts_cipher: str | None = Field(default=None, sa_type=Text)
    papers: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
