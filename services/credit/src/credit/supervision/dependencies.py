"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import SupervisionService

__all__ = ["Checker", "Reader", "SupervisionServiceDep"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> SupervisionService:
    return SupervisionService(session, env, language)


SupervisionServiceDep = Annotated[SupervisionService, Depends(_service)]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
Checker = Annotated[Principal, Depends(Requires("credit:write", "credit:decide"))]
