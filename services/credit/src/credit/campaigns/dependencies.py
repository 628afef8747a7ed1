"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import CampaignService

__all__ = ["CampaignServiceDep", "Reader", "Runner", "Second"]


def _service(session: SessionDep, env: EnvironmentDep) -> CampaignService:
    return CampaignService(session, env)


CampaignServiceDep = Annotated[CampaignService, Depends(_service)]
Runner = Annotated[Principal, Depends(Requires("inspections:run"))]
Reader = Annotated[Principal, Depends(Requires("inspections:run", "credit:decide"))]
Second = Annotated[Principal, Depends(Requires("credit:decide", "inspections:run"))]
