"""Price alerts as officers see them."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel

from contracts.checks.schemas import FindingView

__all__ = ["PriceAlertView"]


class PriceAlertView(BaseModel):
    """One alert. `ratio` is the adult price over its reference; null when there is none to compare with."""

    alert_id: UUID
    contract_no: str | None
    platform_key: str
    agency_key: str
    region: str | None
    rule_ids: list[str]
    ratio: Decimal | None
    findings: list[FindingView]
    occurred_on: date
    raised_at: datetime
    document_hash: str
