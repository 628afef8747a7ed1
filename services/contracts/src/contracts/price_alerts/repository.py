"""Every select and insert of price alerts."""

from typing import Any
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from contracts.price_alerts.models import PriceAlert

__all__ = ["add", "page"]


async def add(session: AsyncSession, alert: PriceAlert) -> bool:
    """Store an alert; False if this document of this order has raised one before."""
    added = await session.scalar(
        insert(PriceAlert).values(**alert.model_dump()).on_conflict_do_nothing().returning(col(PriceAlert.id))
    )
    return added is not None


async def page(
    session: AsyncSession, principal: Principal, *, agency_key: str | None, before: UUID | None, limit: int
) -> list[PriceAlert]:
    """Alerts inside the caller's regions, newest first, one more than `limit`."""
    region: Any = col(PriceAlert.region)
    statement = select(PriceAlert).where(region_clause(region, principal))
    if agency_key is not None:
        statement = statement.where(col(PriceAlert.agency_key) == agency_key)
    if before is not None:
        statement = statement.where(col(PriceAlert.id) < before)
    rows = await session.scalars(statement.order_by(col(PriceAlert.id).desc()).limit(limit + 1))
    return list(rows)
