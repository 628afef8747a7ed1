"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import CommitmentService
from .showing import PublicCommitments

__all__ = ["CommitmentServiceDep", "Decider", "Giver", "PublicCommitmentsDep", "Reader", "Writer"]


def _service(session: SessionDep, env: EnvironmentDep) -> CommitmentService:
    return CommitmentService(session, env)


def _public(session: SessionDep, env: EnvironmentDep) -> PublicCommitments:
    return PublicCommitments(session, env)


PublicCommitmentsDep = Annotated[PublicCommitments, Depends(_public)]
CommitmentServiceDep = Annotated[CommitmentService, Depends(_service)]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
Decider = Annotated[Principal, Depends(Requires("credit:decide"))]
Giver = Annotated[Principal, Depends(Requires("credit:write", "credit:read"))]
