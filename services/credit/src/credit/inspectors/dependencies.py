"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import InspectorService

__all__ = ["InspectorServiceDep", "Runner"]


def _service(session: SessionDep, env: EnvironmentDep) -> InspectorService:
    return InspectorService(session, env)


InspectorServiceDep = Annotated[InspectorService, Depends(_service)]
Runner = Annotated[Principal, Depends(Requires("inspections:run"))]
