"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import HonourService

__all__ = ["Applicant", "Decider", "HonourServiceDep", "Reader", "Writer"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> HonourService:
    return HonourService(session, env, language)


HonourServiceDep = Annotated[HonourService, Depends(_service)]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
Decider = Annotated[Principal, Depends(Requires("credit:decide"))]
Applicant = Annotated[Principal, Depends(Requires("credit:write", "credit:read"))]
