"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .climbing import PathService
from .service import ScoringService

__all__ = ["PathServiceDep", "Reader", "ScoringServiceDep"]


async def _service(session: SessionDep, env: EnvironmentDep) -> ScoringService:
    return ScoringService(session, env)


async def _paths(session: SessionDep, env: EnvironmentDep) -> PathService:
    return PathService(session, env)


PathServiceDep = Annotated[PathService, Depends(_paths)]
ScoringServiceDep = Annotated[ScoringService, Depends(_service)]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
