"""How the routes of this room get their services, and who may call those that need a token."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .replies import ReplyService
from .service import PublicService

__all__ = ["OwnUser", "PublicServiceDep", "Reader", "ReplyServiceDep", "Writer"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> PublicService:
    return PublicService(session, env, language)


def _replies(session: SessionDep, env: EnvironmentDep) -> ReplyService:
    return ReplyService(session, env)


PublicServiceDep = Annotated[PublicService, Depends(_service)]
ReplyServiceDep = Annotated[ReplyService, Depends(_replies)]
OwnUser = Annotated[Principal, Depends(Requires("credit:write", "credit:read"))]
"""A subject's own user; which subject is checked in the service."""
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
