"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import TalkService

__all__ = ["Reader", "Runner", "TalkServiceDep"]


def _service(session: SessionDep, env: EnvironmentDep) -> TalkService:
    return TalkService(session, env)


TalkServiceDep = Annotated[TalkService, Depends(_service)]
Runner = Annotated[Principal, Depends(Requires("inspections:run"))]
Reader = Annotated[Principal, Depends(Requires("inspections:run", "credit:decide"))]
