"""How the public routes get their service."""

from typing import Annotated

from common.web import LanguageDep, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import PublicService

__all__ = ["PublicServiceDep"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> PublicService:
    return PublicService(session, env, language)


PublicServiceDep = Annotated[PublicService, Depends(_service)]
