"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import CommitmentService

__all__ = ["CommitmentServiceDep", "Decider", "Giver", "Reader", "Writer"]


def _service(session: SessionDep, env: EnvironmentDep) -> CommitmentService:
    return CommitmentService(session, env)


CommitmentServiceDep = Annotated[CommitmentService, Depends(_service)]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
Decider = Annotated[Principal, Depends(Requires("credit:decide"))]
Giver = Annotated[Principal, Depends(Requires("credit:write", "credit:read"))]
