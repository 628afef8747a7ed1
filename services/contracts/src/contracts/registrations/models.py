"""Contracts, their versions and keys, filed orders, refused attempts.

The tables that grow with every contract carry `registered_on` (or `attempted_on`) in their primary keys, so
that they can be partitioned by month; what must be unique everywhere stands in small tables that stay whole.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    Sequence,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from contracts.db import Base, metadata
from contracts.registrations.rules import ORDER_NO_LENGTH, SERIALS, Status

__all__ = [
    "SERIAL",
    "Attempt",
    "AttemptKey",
    "Contract",
    "ContractKey",
    "ContractTraveler",
    "ContractVersion",
    "FiledOrder",
]

SERIAL = Sequence("contract_serials", start=1, minvalue=1, maxvalue=SERIALS, cycle=True, metadata=metadata)
"""One sequence for all numbers: no lock, no hot row. A number repeats only after 99,999,999 in one day."""

_NUMBER_FORM = "contract_no ~ '^[0-9]{24}[0-9A-Z]$'"
_NUMBER_DAY = "substr(contract_no, 7, 8) = to_char(registered_on, 'YYYYMMDD')"


class Contract(Base, table=True):
    """A registered contract as its latest version has it. Nothing personal stands here in the clear."""

    __tablename__ = "contracts"
    __table_args__ = (
        CheckConstraint(_NUMBER_FORM, "number_form"),
        CheckConstraint(_NUMBER_DAY, "number_day"),
        CheckConstraint("status IN ({})".format(", ".join(repr(str(s)) for s in Status)), "status"),
        CheckConstraint("departure_on <= return_on", "dates"),
        CheckConstraint("region IS NULL OR region ~ '^[0-9]{6}$'", "region"),
        CheckConstraint("version >= 1 AND revision >= version", "version"),
        CheckConstraint("headcount >= 1 AND total_fen >= 0", "amounts"),
        CheckConstraint("(status = 'completed') = (completed_on IS NOT NULL)", "completed"),
        Index(
            "ix_contracts_region_departure_on",
            "region",
            "departure_on",
            postgresql_ops={"region": "varchar_pattern_ops"},
        ),
        Index("ix_contracts_agency_key_registered_on", "agency_key", "registered_on"),
        Index("ix_contracts_platform_key_registered_on", "platform_key", "registered_on"),
    )

    contract_no: str = Field(sa_column=Column(String(25), primary_key=True))
    registered_on: date = Field(primary_key=True)
    contract_type: str = Field(sa_type=String(20), nullable=False)
    status: str = Field(sa_type=String(12), nullable=False)
    version: int = 1
    revision: int = 1
    platform_key: str = Field(sa_type=String(18), nullable=False)
    order_no: str = Field(sa_type=String(ORDER_NO_LENGTH), nullable=False)
    agency_key: str = Field(sa_type=String(18), nullable=False)
    agency_name: str = Field(sa_type=Text, nullable=False)
    license_no: str = Field(sa_type=Text, nullable=False)
    region: str | None = Field(default=None, sa_type=String(6))
    tour_code: str = Field(sa_type=Text, nullable=False)
    template_title: str = Field(sa_type=Text, nullable=False)
    edition_year: int = Field(sa_type=BigInteger, nullable=False)
    departure_on: date
    return_on: date
    headcount: int
    total_fen: int = Field(sa_type=BigInteger, nullable=False)
    signature_level: str = Field(sa_type=String(8), nullable=False)
    registered_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    departed_on: date | None = None
    completed_on: date | None = None


class ContractVersion(Base, table=True):
    """One version of the document: encrypted under the contract's own key, and what was answered to it."""

    __tablename__ = "contract_versions"
    __table_args__ = (
        CheckConstraint("octet_length(document_hash) = 32", "document_hash"),
        CheckConstraint(_NUMBER_DAY, "number_day"),
    )

    contract_no: str = Field(sa_column=Column(String(25), primary_key=True))
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    registered_on: date = Field(primary_key=True)
    event: str = Field(sa_type=String(32), nullable=False)
    document_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    document_cipher: str = Field(sa_type=Text, nullable=False)
    findings: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    policy_versions: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    measures: list[dict[str, Any]] = Field(
        sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    promise: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    recorded_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class ContractKey(Base, table=True):
    """What erasing a contract destroys: the key of its documents, wrapped by the keyring, and its log id.

    The log is public for ever, so a contract stands there under a random id: without this row nothing leads
    from a leaf back to a number.
    """

    __tablename__ = "contract_keys"

    contract_no: str = Field(sa_column=Column(String(25), primary_key=True))
    wrapped_key: str = Field(sa_type=Text, nullable=False)
    log_id: UUID = Field(unique=True)


class ContractTraveler(Base, table=True):
    """A traveller of one version, found by the keyed index of the document number; nothing readable."""

    __tablename__ = "contract_travelers"
    __table_args__ = (Index("ix_contract_travelers_id_index", "id_index"),)

    contract_no: str = Field(sa_column=Column(String(25), primary_key=True))
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    position: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    registered_on: date = Field(primary_key=True)
    id_index: str = Field(sa_type=String(64), nullable=False)


class FiledOrder(Base, table=True):
    """What makes `(platform, order number, event)` unique everywhere."""

    __tablename__ = "filed_orders"
    __table_args__ = (CheckConstraint("octet_length(document_hash) = 32", "document_hash"),)

    platform_key: str = Field(sa_column=Column(String(18), primary_key=True))
    order_no: str = Field(sa_column=Column(String(ORDER_NO_LENGTH), primary_key=True))
    event: str = Field(sa_column=Column(String(32), primary_key=True))
    document_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    contract_no: str = Field(sa_type=String(25), nullable=False)
    version: int


class AttemptKey(Base, table=True):
    """What makes an attempt unique: the same document of the same order is one attempt."""

    __tablename__ = "attempt_keys"

    platform_key: str = Field(sa_column=Column(String(18), primary_key=True))
    order_no: str = Field(sa_column=Column(String(ORDER_NO_LENGTH), primary_key=True))
    document_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    attempt_id: UUID
    expires_on: date = Field(index=True)


class Attempt(Base, table=True):
    """A document that was refused by rule: kept as evidence for a short time, encrypted under its own key."""

    __tablename__ = "attempts"
    __table_args__ = (
        CheckConstraint("octet_length(document_hash) = 32", "document_hash"),
        CheckConstraint("expires_on > attempted_on", "expires_on"),
        Index("ix_attempts_expires_on", "expires_on"),
        Index("ix_attempts_platform_key_order_no", "platform_key", "order_no"),
    )

    id: UUID = Field(primary_key=True)
    attempted_on: date = Field(primary_key=True)
    platform_key: str = Field(sa_type=String(18), nullable=False)
    order_no: str = Field(sa_type=String(ORDER_NO_LENGTH), nullable=False)
    agency_key: str = Field(sa_type=String(18), nullable=False)
    region: str | None = Field(default=None, sa_type=String(6))
    document_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    document_cipher: str = Field(sa_type=Text, nullable=False)
    wrapped_key: str = Field(sa_type=Text, nullable=False)
    findings: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    policy_versions: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    measures: list[dict[str, Any]] = Field(
        sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    attempted_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    expires_on: date
