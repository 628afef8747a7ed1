"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import WarningService

__all__ = ["Reader", "WarningServiceDep", "Writer"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> WarningService:
    return WarningService(session, env, language)


WarningServiceDep = Annotated[WarningService, Depends(_service)]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
