"""Tables of the complaint: the case, its append-only history, number series, lookup attempts."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from complaints.cases.rules import State
from complaints.db import Base

__all__ = ["Case", "CaseEvent", "LookupAttempt", "NumberSeries"]

STATES = ", ".join(f"'{state.value}'" for state in State)


class Case(Base, table=True):
    """One complaint. `*_cipher` columns are encrypted per field, `*_index` are keyed blind indexes."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        CheckConstraint("kind IN ('complaint', 'both', 'consultation', 'none')", name="kind"),
        CheckConstraint("urgency IN ('U1', 'U2', 'U3')", name="urgency"),
        CheckConstraint("level IN ('county', 'city', 'province')", name="level"),
        CheckConstraint("region ~ '^[0-9]{6}$'", name="region"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint(
            "contract_check IN ('none', 'verified', 'unverified', 'unknown')", name="contract_check"
        ),
        CheckConstraint("claim_amount_fen >= 0", name="claim_amount"),
        CheckConstraint("outcome_amount_fen >= 0", name="outcome_amount"),
        CheckConstraint("served_on IS NULL OR accepted_on IS NOT NULL", name="served_after_acceptance"),
        Index("ix_cases_queue", "region", "id", postgresql_ops={"region": "varchar_pattern_ops"}),
        Index("ix_cases_state_id", "state", "id"),
        Index(
            "ix_cases_next_due_on_id", "next_due_on", "id", postgresql_where=text("next_due_on IS NOT NULL")
        ),
        Index("ix_cases_phone_index", "phone_index"),
        Index(
            "ix_cases_respondent_subject_id",
            "respondent_subject_id",
            "id",
            postgresql_where=text("served_on IS NOT NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_type=String(40), unique=True)
    version: int
    state: str = Field(sa_type=String(16))
    state_before_suspension: str | None = Field(default=None, sa_type=String(16))
    kind: str = Field(sa_type=String(16))
    urgency: str = Field(sa_type=String(2))
    level: str = Field(sa_type=String(8))
    region: str = Field(sa_type=String(6))
    jurisdiction: str | None = Field(default=None, sa_type=String(6))
    department: str | None = Field(default=None, sa_type=String(8))
    categories: list[str] = Field(sa_type=JSONB)
    respondent_type: str = Field(sa_type=String(3))
    respondent_key: str | None = Field(default=None, sa_type=String(40))
    respondent_subject_id: UUID | None = None
    respondent_name_cipher: str | None = Field(default=None, sa_type=Text)
    routing: dict[str, Any] = Field(sa_type=JSONB)
    rule_set: str = Field(sa_type=String(20))
    channel: str = Field(sa_type=String(20))
    language: str = Field(sa_type=String(12))
    received_at: datetime = Field(sa_type=UtcDateTime)
    received_on: date
    accepted_on: date | None = None
    served_on: date | None = None
    closed_on: date | None = None
    next_due_on: date | None = None
    next_due_event: str | None = Field(default=None, sa_type=String(16))
    contract_no: str | None = Field(default=None, sa_type=String(40))
    contract_check: str = Field(sa_type=String(12))
    contract_end_on: date | None = None
    claim_amount_fen: int | None = Field(default=None, sa_type=BigInteger)
    outcome_amount_fen: int | None = Field(default=None, sa_type=BigInteger)
    text_cipher: str = Field(sa_type=Text)
    wish_cipher: str | None = Field(default=None, sa_type=Text)
    name_cipher: str = Field(sa_type=Text)
    phone_cipher: str = Field(sa_type=Text)
    phone_index: str = Field(sa_type=String(64))
    id_number_cipher: str | None = Field(default=None, sa_type=Text)
    address_cipher: str | None = Field(default=None, sa_type=Text)
    email_cipher: str | None = Field(default=None, sa_type=Text)
    lookup_hash: str = Field(sa_type=String(64))
    filed_by: str = Field(sa_type=String(80))


class CaseEvent(Base, table=True):
    """One event of a case. Rows are never changed or removed: a trigger refuses it."""

    __tablename__ = "case_events"
    __table_args__ = (
        UniqueConstraint("case_id", "seq"),
        CheckConstraint("seq >= 1", name="seq"),
    )

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(sa_column_args=(ForeignKey("cases.id"),))
    seq: int
    event: str = Field(sa_type=String(24))
    from_state: str | None = Field(default=None, sa_type=String(16))
    to_state: str = Field(sa_type=String(16))
    on_day: date
    at: datetime = Field(sa_type=UtcDateTime)
    actor_kind: str = Field(sa_type=String(12))
    actor: str = Field(sa_type=String(120))
    data: dict[str, Any] = Field(sa_type=JSONB)
    note_cipher: str | None = Field(default=None, sa_type=Text)


class NumberSeries(Base, table=True):
    """The last serial given within one series (kind, region, day or year)."""

    __tablename__ = "number_series"

    series: str = Field(primary_key=True, sa_type=String(60))
    last: int


class LookupAttempt(Base, table=True):
    """How often one number or one address was asked for within one window; both stand as keyed hashes."""

    __tablename__ = "lookup_attempts"
    __table_args__ = (CheckConstraint("subject IN ('number', 'address')", name="subject"),)

    subject: str = Field(primary_key=True, sa_type=String(8))
    key_index: str = Field(primary_key=True, sa_type=String(64))
    window_start: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    count: int
