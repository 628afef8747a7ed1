"""Price alerts."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Numeric, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from contracts.db import Base

__all__ = ["PriceAlert"]


class PriceAlert(Base, table=True):
    """One alert per platform, order and document, whether the contract was registered or refused."""

    __tablename__ = "price_alerts"
    __table_args__ = (
        UniqueConstraint("platform_key", "order_no", "document_hash"),
        CheckConstraint("octet_length(document_hash) = 32", "document_hash"),
        CheckConstraint("cardinality(rule_ids) >= 1", "rule_ids"),
        Index("ix_price_alerts_region_id", "region", "id", postgresql_ops={"region": "varchar_pattern_ops"}),
        Index("ix_price_alerts_agency_key_id", "agency_key", "id"),
    )

    id: UUID = Field(primary_key=True)
    platform_key: str = Field(sa_type=String(18), nullable=False)
    order_no: str = Field(sa_type=String(200), nullable=False)
    document_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    contract_no: str | None = Field(default=None, sa_type=String(25))
    agency_key: str = Field(sa_type=String(18), nullable=False)
    region: str | None = Field(default=None, sa_type=String(6))
    rule_ids: list[str] = Field(sa_column=Column(ARRAY(String(6)), nullable=False))
    ratio: Decimal | None = Field(default=None, sa_type=Numeric(12, 4))
    findings: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    occurred_on: date
    raised_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
