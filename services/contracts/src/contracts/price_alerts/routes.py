"""The officers' list of price alerts."""

from typing import Annotated

from common.auth import Principal
from common.pagination import Page
from common.web import CursorParam, LanguageDep, LimitParam, Requires, ServiceRouter, SessionDep
from fastapi import Depends, Query

from contracts.price_alerts import service
from contracts.price_alerts.schemas import PriceAlertView

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/contracts", tags=["price watch"])
Supervisor = Annotated[Principal, Depends(Requires("contracts:supervise"))]


@router.get("/price-alerts", summary="Alerts on unreasonably low prices, newest first")
async def get_price_alerts(
    supervisor: Supervisor,
    session: SessionDep,
    language: LanguageDep,
    agency_key: Annotated[str | None, Query(max_length=18, description="USCC of an agency")] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Page[PriceAlertView]:
    return await service.list_price_alerts(
        session, supervisor, agency_key=agency_key, cursor=cursor, limit=limit, language=language
    )
