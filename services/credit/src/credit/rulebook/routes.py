"""`GET /policies`: the law and the local rules this service works by, as data; published scorecards too."""

from datetime import date
from typing import Annotated

from common.auth import Principal
from common.policies import PolicyView, policies_payload
from common.web import Requires, ServiceRouter
from fastapi import Depends

from .dependencies import PoliciesDep

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit", tags=["policies"])


@router.get("/policies", summary="Every policy version, or those in force on a day")
async def list_policies(
    actor: Annotated[Principal, Depends(Requires("credit:read", "credit:policy"))],
    policies: PoliciesDep,
    on: date | None = None,
) -> list[PolicyView]:
    return policies_payload(policies, on=on)
