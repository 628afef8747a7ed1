"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .parked import ParkedService

__all__ = ["ParkedServiceDep", "Writer"]


def _service(session: SessionDep, env: EnvironmentDep) -> ParkedService:
    return ParkedService(session, env)


ParkedServiceDep = Annotated[ParkedService, Depends(_service)]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
