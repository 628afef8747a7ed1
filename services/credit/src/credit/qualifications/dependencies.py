"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep, Insiders

from .service import QualificationService

__all__ = ["QualificationServiceDep", "Reader", "Writer"]


def _service(session: SessionDep, env: EnvironmentDep) -> QualificationService:
    return QualificationService(session, env)


QualificationServiceDep = Annotated[QualificationService, Depends(_service)]
Reader = Annotated[Principal, Depends(Insiders("credit:read"))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
