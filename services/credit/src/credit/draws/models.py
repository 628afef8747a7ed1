"""Draws, commitments, reveals."""

from datetime import datetime
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from credit.db import Base, one_of

from .rules.states import DrawState, WaiverGround

__all__ = ["Draw", "DrawCommitment", "DrawReveal", "DrawWaiver"]


class Draw(Base, table=True):
    """A draw. `frozen` and `bundle` are RFC 8785 bytes and never change once written.

    `sealed_size` is the checkpoint whose root enters the seed: it ends with the last commitment. `chain` is
    the draw with which a series of void draws and redraws began, of a single draw itself. A task of a plan is
    drawn once; only a void draw of it is followed by another, and each by one at most. A void draw has a
    `cause` at once and its bundle when the witness has cosigned its last entry.
    """

    __tablename__ = "draws"
    __table_args__ = (
        CheckConstraint(one_of("state", DrawState), "state"),
        CheckConstraint("bundle IS NULL OR state IN ('drawn', 'void')", "bundle_when_closed"),
        CheckConstraint("bundle IS NOT NULL OR state <> 'drawn'", "drawn_has_bundle"),
        CheckConstraint("(closed_at IS NOT NULL) = (state IN ('drawn', 'void'))", "closed_has_time"),
        CheckConstraint("(cause IS NOT NULL) = (state = 'void')", "void_has_cause"),
        Index("uq_draws_redraw_of", "redraw_of", unique=True, postgresql_where=text("redraw_of IS NOT NULL")),
        Index("ix_draws_chain", "chain"),
        Index("uq_draws_year_serial", "year", "serial", unique=True),
        CheckConstraint(
            "(plan_id IS NULL) = (task_no IS NULL) AND (plan_id IS NULL) = (plan_version IS NULL)",
            "task_whole",
        ),
        Index(
            "uq_draws_plan_id_task_no",
            "plan_id",
            "task_no",
            unique=True,
            postgresql_where=text("state <> 'void'"),
        ),
        Index("ix_draws_deadline", "deadline", postgresql_where=text("bundle IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    year: int
    serial: int
    number: str = Field(sa_type=String(32), nullable=False)
    region: str = Field(sa_type=String(6), nullable=False)
    purpose: str = Field(sa_type=Text, nullable=False)
    kinds: list[str] = Field(sa_column=Column(ARRAY(String(24)), nullable=False))
    tiers: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String(16)), nullable=False))
    officers: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    objects: int
    drawn: int
    state: str = Field(sa_type=String(16), nullable=False)
    inputs_sha256: str = Field(sa_type=String(64), nullable=False)
    bundle_sha256: str | None = Field(default=None, sa_type=String(64))
    frozen: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    chain: UUID
    redraw_of: UUID | None = Field(default=None, sa_column=Column(Uuid, ForeignKey("draws.id")))
    plan_id: UUID | None = Field(default=None, sa_column=Column(Uuid, ForeignKey("inspection_plans.id")))
    plan_version: int | None = None
    task_no: str | None = Field(default=None, sa_type=String(24))
    sealed_size: int | None = Field(default=None, sa_type=BigInteger)
    cause: str | None = Field(default=None, sa_type=String(16))
    missing: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    deadline: datetime = Field(sa_type=UtcDateTime, nullable=False)
    bundle: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    created_by: str = Field(sa_type=Text, nullable=False)
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DrawCommitment(Base, table=True):
    """An officer's commitment and its version in the log."""

    __tablename__ = "draw_commitments"
    __table_args__ = (
        CheckConstraint("commitment ~ '^[0-9a-f]{64}$'", "commitment"),
        Index("uq_draw_commitments_draw_id_log_version", "draw_id", "log_version", unique=True),
    )

    draw_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("draws.id"), primary_key=True))
    officer: str = Field(sa_column=Column(Text, primary_key=True))
    commitment: str = Field(sa_type=String(64), nullable=False)
    log_version: int
    committed_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class DrawReveal(Base, table=True):
    """An officer's secret, once the commitments are sealed, and its version in the log."""

    __tablename__ = "draw_reveals"
    __table_args__ = (CheckConstraint("octet_length(secret) = 32", "secret"),)

    draw_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("draws.id"), primary_key=True))
    officer: str = Field(sa_column=Column(Text, primary_key=True))
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    log_version: int
    revealed_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class DrawWaiver(Base, table=True):
    """A chain of void draws that a person who had no part in it gave up. Rows are only ever added."""

    __tablename__ = "draw_waivers"
    __table_args__ = (CheckConstraint(one_of("ground", WaiverGround), "ground"),)

    chain: UUID = Field(primary_key=True)
    draw_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("draws.id"), unique=True, nullable=False))
    number: str = Field(sa_column=Column(String(24), unique=True, nullable=False))
    ground: str = Field(sa_type=String(24), nullable=False)
    reason: str = Field(sa_type=Text, nullable=False)
    waived_by: str = Field(sa_type=Text, nullable=False)
    waived_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
