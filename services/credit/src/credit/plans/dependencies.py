"""How the routes of this room get their services, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .library import LibraryService
from .service import PlanService

__all__ = ["LibraryServiceDep", "PlanServiceDep", "Reader", "Runner", "Second"]


def _service(session: SessionDep, env: EnvironmentDep) -> PlanService:
    return PlanService(session, env)


def _library(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> LibraryService:
    return LibraryService(session, env, language)


PlanServiceDep = Annotated[PlanService, Depends(_service)]
LibraryServiceDep = Annotated[LibraryService, Depends(_library)]
Runner = Annotated[Principal, Depends(Requires("inspections:run"))]
Reader = Annotated[Principal, Depends(Requires("inspections:run", "credit:decide"))]
Second = Annotated[Principal, Depends(Requires("credit:decide", "inspections:run"))]
