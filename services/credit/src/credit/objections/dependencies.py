"""How the routes of this room get their services, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.evidence.service import EvidenceService
from credit.rulebook.dependencies import EnvironmentDep

from .files import ObjectionFiles
from .service import ObjectionService

__all__ = ["Decider", "FilesDep", "ObjectionServiceDep", "Party", "Reader", "Writer"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> ObjectionService:
    return ObjectionService(session, env, language)


def _files(session: SessionDep, env: EnvironmentDep) -> ObjectionFiles:
    return ObjectionFiles(session, env, EvidenceService(session, env))


ObjectionServiceDep = Annotated[ObjectionService, Depends(_service)]
FilesDep = Annotated[ObjectionFiles, Depends(_files)]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
Decider = Annotated[Principal, Depends(Requires("credit:decide"))]
Party = Annotated[Principal, Depends(Requires("credit:write", "credit:read"))]
"""A subject's own user or an officer for it; which of the two is checked in the service."""
