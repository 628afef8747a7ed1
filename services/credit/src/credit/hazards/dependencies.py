"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import HazardService

__all__ = ["HazardServiceDep", "Reader", "Runner"]


def _service(session: SessionDep, env: EnvironmentDep) -> HazardService:
    return HazardService(session, env)


HazardServiceDep = Annotated[HazardService, Depends(_service)]
Runner = Annotated[Principal, Depends(Requires("inspections:run"))]
Reader = Annotated[Principal, Depends(Requires("inspections:run", "credit:read"))]
