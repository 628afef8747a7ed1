"""How the routes of this room get their services, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep, Insiders
from credit.simulations.dependencies import SimulationServiceDep

from .service import RunService

__all__ = ["Orderer", "Reader", "RunServiceDep", "SimulationServiceDep"]


def _service(session: SessionDep, env: EnvironmentDep) -> RunService:
    return RunService(session, env)


RunServiceDep = Annotated[RunService, Depends(_service)]
Orderer = Annotated[Principal, Depends(Requires("credit:policy", "credit:write"))]
Reader = Annotated[Principal, Depends(Insiders("credit:read", "credit:policy", departments=False))]
