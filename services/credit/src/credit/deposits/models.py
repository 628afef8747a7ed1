"""The deposit's history, demands and certificates; liability policies; risk classes."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from credit.db import Base, one_of

from .rules import DemandCause, EntryKind, Form, RiskClass

__all__ = [
    "DepositCertificate",
    "DepositDemand",
    "DepositEntry",
    "LiabilityFinding",
    "LiabilityPolicy",
    "LiabilityWatch",
    "RiskClassRecord",
]

_OPEN = "met_on IS NULL AND withdrawn_at IS NULL"


class DepositEntry(Base, table=True):
    """One line of an agency's deposit history. Rows are only ever added; a wrong one is voided by another."""

    __tablename__ = "deposit_entries"
    __table_args__ = (
        CheckConstraint(one_of("kind", EntryKind), "kind"),
        CheckConstraint(one_of("form", Form), "form"),
        CheckConstraint("amount_fen >= 0", "amount_fen"),
        CheckConstraint("expires_on >= occurred_on", "expires_on"),
        Index("ix_deposit_entries_subject_id", "subject_id"),
        Index(
            "ix_deposit_entries_expires_on",
            "expires_on",
            postgresql_where=text("expires_on IS NOT NULL"),
        ),
        Index(
            "uq_deposit_entries_voided",
            "refers_to",
            unique=True,
            postgresql_where=text("kind = 'void'"),
        ),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    kind: str = Field(sa_type=String(16), nullable=False)
    form: str = Field(sa_type=String(16), nullable=False)
    amount_fen: int = Field(sa_type=BigInteger, nullable=False)
    occurred_on: date
    expires_on: date | None = None
    institution: str | None = Field(default=None, sa_type=Text)
    instrument_no: str | None = Field(default=None, sa_type=String(80))
    refers_to: UUID | None = Field(
        default=None, sa_column=Column(Uuid, ForeignKey("deposit_entries.id"), nullable=True)
    )
    demand_id: UUID | None = None
    deferral: str | None = Field(default=None, sa_type=String(100))
    reason: str | None = Field(default=None, sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    recorded_by: str = Field(sa_type=Text, nullable=False)


class DepositDemand(Base, table=True):
    """A demanded top-up with its last day, by the rules of the day of notice. `missed_at`: a fact says so."""

    __tablename__ = "deposit_demands"
    __table_args__ = (
        CheckConstraint(one_of("cause", DemandCause), "cause"),
        CheckConstraint("amount_fen > 0", "amount_fen"),
        CheckConstraint("due_on >= notified_on", "due_on"),
        Index("uq_deposit_demands_subject_id_document_no", "subject_id", "document_no", unique=True),
        Index("ix_deposit_demands_due_on", "due_on", postgresql_where=text(_OPEN)),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    document_no: str = Field(sa_type=String(80), nullable=False)
    authority: str = Field(sa_type=String(100), nullable=False)
    cause: str = Field(sa_type=String(24), nullable=False)
    amount_fen: int = Field(sa_type=BigInteger, nullable=False)
    notified_on: date
    due_on: date
    provisional: bool
    due_steps: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    policy_version: str = Field(sa_type=String(40), nullable=False)
    met_on: date | None = None
    missed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_by: str | None = Field(default=None, sa_type=Text)
    withdrawal_reason: str | None = Field(default=None, sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    recorded_by: str = Field(sa_type=Text, nullable=False)


class DepositCertificate(Base, table=True):
    """The authority's certificate that an agency's deposit is lowered. Rows are only ever added."""

    __tablename__ = "deposit_certificates"
    __table_args__ = (
        Index("uq_deposit_certificates_subject_id_document_no", "subject_id", "document_no", unique=True),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    document_no: str = Field(sa_type=String(80), nullable=False)
    authority: str = Field(sa_type=String(100), nullable=False)
    effective_on: date
    recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    recorded_by: str = Field(sa_type=Text, nullable=False)


class LiabilityPolicy(Base, table=True):
    """A liability insurance policy of an agency, first and last day inside."""

    __tablename__ = "liability_policies"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", "period"),
        CheckConstraint("cover_fen > 0", "cover_fen"),
        CheckConstraint("(ended_at IS NULL) = (ended_on IS NULL)", "ended"),
        Index(
            "uq_liability_policies_insurer_policy_no",
            "insurer",
            "policy_no",
            unique=True,
            postgresql_where=text("ended_on IS NULL OR ended_on >= valid_from"),
        ),
        Index("ix_liability_policies_subject_id", "subject_id"),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    insurer: str = Field(sa_type=String(100), nullable=False)
    policy_no: str = Field(sa_type=String(80), nullable=False)
    cover_fen: int = Field(sa_type=BigInteger, nullable=False)
    valid_from: date
    valid_to: date
    ended_on: date | None = None
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: str | None = Field(default=None, sa_type=Text)
    end_reason: str | None = Field(default=None, sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    recorded_by: str = Field(sa_type=Text, nullable=False)

    @property
    def cover(self) -> tuple[date, date]:
        """The days it covers; none when it was ended before it began."""
        return self.valid_from, self.valid_to if self.ended_on is None else min(self.valid_to, self.ended_on)


class LiabilityFinding(Base, table=True):
    """That an agency, asked on a day, showed no liability policy; by `due_on` it has to show one."""

    __tablename__ = "liability_findings"
    __table_args__ = (
        CheckConstraint("due_on >= found_on", "due_on"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", "withdrawn"),
        Index("uq_liability_findings_subject_id_document_no", "subject_id", "document_no", unique=True),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    document_no: str = Field(sa_type=String(80), nullable=False)
    authority: str = Field(sa_type=String(100), nullable=False)
    found_on: date
    due_on: date
    provisional: bool
    policy_version: str = Field(sa_type=String(40), nullable=False)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_by: str | None = Field(default=None, sa_type=Text)
    withdrawal_reason: str | None = Field(default=None, sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    recorded_by: str = Field(sa_type=Text, nullable=False)


class LiabilityWatch(Base, table=True):
    """When an agency's cover changes next by the calendar: what the rounds look at."""

    __tablename__ = "liability_watches"
    __table_args__ = (
        Index("ix_liability_watches_next_on", "next_on", postgresql_where=text("next_on IS NOT NULL")),
    )

    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), primary_key=True))
    covered_to: date | None = None
    next_on: date | None = None


class RiskClassRecord(Base, table=True):
    """The market regulator's class of a subject from a day on. Rows are only ever added."""

    __tablename__ = "risk_classes"
    __table_args__ = (
        CheckConstraint(one_of("risk_class", RiskClass), "risk_class"),
        Index("ix_risk_classes_subject_id_assessed_on", "subject_id", "assessed_on"),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    risk_class: str = Field(sa_type=String(1), nullable=False)
    assessed_on: date
    authority: str = Field(sa_type=String(100), nullable=False)
    reference: str | None = Field(default=None, sa_type=String(80))
    recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    recorded_by: str = Field(sa_type=Text, nullable=False)
