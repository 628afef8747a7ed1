"""How the routes of draws get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import DrawService
from .waiving import WaiverService

__all__ = ["Decider", "DrawServiceDep", "Inspector", "Reader", "WaiverServiceDep"]


def _service(session: SessionDep, env: EnvironmentDep) -> DrawService:
    return DrawService(session, env)


def _waivers(session: SessionDep, env: EnvironmentDep) -> WaiverService:
    return WaiverService(session, env)


DrawServiceDep = Annotated[DrawService, Depends(_service)]
WaiverServiceDep = Annotated[WaiverService, Depends(_waivers)]
Inspector = Annotated[Principal, Depends(Requires("inspections:run"))]
Reader = Annotated[Principal, Depends(Requires("inspections:run", "credit:read"))]
Decider = Annotated[Principal, Depends(Requires("credit:decide"))]
