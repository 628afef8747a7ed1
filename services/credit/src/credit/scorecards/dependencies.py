"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import CardService

__all__ = ["CardServiceDep", "PolicyMaker", "Reader"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> CardService:
    return CardService(session, env, language)


CardServiceDep = Annotated[CardService, Depends(_service)]
PolicyMaker = Annotated[Principal, Depends(Requires("credit:policy"))]
Reader = Annotated[Principal, Depends(Requires("credit:policy", "credit:read"))]
