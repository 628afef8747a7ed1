"""Raising price alerts, and the officers' list of them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.checks.findings import Finding
from contracts.checks.schemas import view
from contracts.events import announce_price_alert
from contracts.price_alerts import repository
from contracts.price_alerts.models import PriceAlert
from contracts.price_alerts.schemas import PriceAlertView

__all__ = ["list_price_alerts", "raise_price_alert"]


async def raise_price_alert(
    session: AsyncSession,
    *,
    findings: list[Finding],
    platform_key: str,
    order_no: str,
    document_hash: bytes,
    agency_key: str,
    region: str | None,
    contract_no: str | None,
    ratio: Decimal | None,
    now: datetime,
) -> None:
    """Store and announce one alert for the price findings (P01-P06) of a document, if it has any.

    A low price alone proves nothing (旅游法 35 also needs deceit and kickbacks): the alert asks for proof.
    The same document of the same order raises one alert, however often it is submitted.
    """
    watched = [found for found in findings if found.rule_id.startswith("P") and found.severity == "alert"]
    if not watched:
        return
    alert = PriceAlert(
        id=new_id(),
        platform_key=platform_key,
        order_no=order_no,
        document_hash=document_hash,
        contract_no=contract_no,
        agency_key=agency_key,
        region=region,
        rule_ids=sorted({found.rule_id for found in watched}),
        ratio=ratio,
        findings=[found.stored() for found in watched],
        occurred_on=china_date(now),
        raised_at=now,
    )
    if await repository.add(session, alert):
        await announce_price_alert(session, alert, now)


async def list_price_alerts(
    session: AsyncSession,
    principal: Principal,
    *,
    agency_key: str | None,
    cursor: str | None,
    limit: int,
    language: str,
) -> Page[PriceAlertView]:
    """The alerts inside the caller's regions, newest first."""
    before = None if cursor is None else _cursor_id(cursor)
    rows = await repository.page(session, principal, agency_key=agency_key, before=before, limit=limit)
    items, next_cursor = page_of(rows, limit, lambda row: encode_cursor(row.id.hex))
    return Page(items=[_view(row, language) for row in items], next_cursor=next_cursor)


def _cursor_id(cursor: str) -> UUID:
    (text,) = decode_cursor(cursor, str)
    try:
        return UUID(hex=text)
    except ValueError as error:
        raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid")) from error


def _view(row: PriceAlert, language: str) -> PriceAlertView:
    return PriceAlertView(
        alert_id=row.id,
        contract_no=row.contract_no,
        platform_key=row.platform_key,
        agency_key=row.agency_key,
        region=row.region,
        rule_ids=row.rule_ids,
        ratio=row.ratio,
        findings=[view(Finding.restored(stored), language) for stored in row.findings],
        occurred_on=row.occurred_on,
        raised_at=row.raised_at,
        document_hash=row.document_hash.hex(),
    )
