"""How the routes of draws get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import DrawService

__all__ = ["DrawServiceDep", "Inspector", "Reader"]


def _service(session: SessionDep, env: EnvironmentDep) -> DrawService:
    return DrawService(session, env)


DrawServiceDep = Annotated[DrawService, Depends(_service)]
Inspector = Annotated[Principal, Depends(Requires("inspections:run"))]
Reader = Annotated[Principal, Depends(Requires("inspections:run", "credit:read"))]
