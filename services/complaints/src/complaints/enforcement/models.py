"""Tables of enforcement: the case and its append-only history."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from complaints.db import Base
from complaints.enforcement.rules import Procedure, State

__all__ = ["EnforcementCase", "EnforcementEvent"]

STATES = ", ".join(f"'{state.value}'" for state in State)
PROCEDURES = ", ".join(f"'{one.value}'" for one in Procedure)


class EnforcementCase(Base, table=True):
    """One enforcement case. The clue's words are encrypted; the penalty stands here once it is proposed.

    `harmed_tourists`: whether the act harmed lawful rights of tourists; null while nobody has said so.
    """

    __tablename__ = "enforcement_cases"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        CheckConstraint("region ~ '^[0-9]{6}$'", name="region"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("amount_fen >= 0", name="amount"),
        CheckConstraint("(penalty_kind = 'fine') = (amount_fen IS NOT NULL)", name="a_fine_has_an_amount"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="two_persons"),
        CheckConstraint(f"procedure IN ({PROCEDURES})", name="procedure"),
        CheckConstraint("(penalty_kind IS NULL) = (procedure IS NULL)", name="a_penalty_has_a_procedure"),
        Index(
            "ix_enforcement_cases_region_id", "region", "id", postgresql_ops={"region": "varchar_pattern_ops"}
        ),
        Index("ix_enforcement_cases_respondent_key", "respondent_key"),
        Index("ix_enforcement_cases_complaint_id", "complaint_id"),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_type=String(40), unique=True)
    version: int
    state: str = Field(sa_type=String(16))
    region: str = Field(sa_type=String(6))
    department: str = Field(sa_type=String(8))
    respondent_key: str = Field(sa_type=String(40))
    respondent_subject_id: UUID | None = None
    violation_code: str = Field(sa_type=String(8))
    occurred_on: date
    complaint_id: UUID | None = Field(default=None, sa_column_args=(ForeignKey("cases.id"),))
    clue_source: str = Field(sa_type=String(20))
    clue_cipher: str = Field(sa_type=Text)
    opened_by: str = Field(sa_type=String(120))
    opened_at: datetime = Field(sa_type=UtcDateTime)
    penalty_kind: str | None = Field(default=None, sa_type=String(16))
    amount_fen: int | None = Field(default=None, sa_type=BigInteger)
    gradation: str | None = Field(default=None, sa_type=String(10))
    procedure: str | None = Field(default=None, sa_type=String(8))
    harmed_tourists: bool | None = None
    proposed_by: str | None = Field(default=None, sa_type=String(120))
    approved_by: str | None = Field(default=None, sa_type=String(120))
    decided_on: date | None = None
    served_on: date | None = None


class EnforcementEvent(Base, table=True):
    """One event of a case. Rows are never changed or removed: a trigger refuses it."""

    __tablename__ = "enforcement_events"
    __table_args__ = (
        UniqueConstraint("case_id", "seq"),
        CheckConstraint("seq >= 1", name="seq"),
    )

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(sa_column_args=(ForeignKey("enforcement_cases.id"),))
    seq: int
    event: str = Field(sa_type=String(20))
    from_state: str | None = Field(default=None, sa_type=String(16))
    to_state: str = Field(sa_type=String(16))
    on_day: date
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str = Field(sa_type=String(120))
    data: dict[str, Any] = Field(sa_type=JSONB)
    note_cipher: str | None = Field(default=None, sa_type=Text)
