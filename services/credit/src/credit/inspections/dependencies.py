"""How the routes of this room get their services, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .field import FieldService
from .service import InspectionService

__all__ = ["Decider", "FieldServiceDep", "InspectionServiceDep", "Reader", "Runner"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> InspectionService:
    return InspectionService(session, env, language)


def _field(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> FieldService:
    return FieldService(session, env, language)


InspectionServiceDep = Annotated[InspectionService, Depends(_service)]
FieldServiceDep = Annotated[FieldService, Depends(_field)]
Runner = Annotated[Principal, Depends(Requires("inspections:run"))]
Reader = Annotated[Principal, Depends(Requires("inspections:run", "credit:decide"))]
Decider = Annotated[Principal, Depends(Requires("credit:decide", "inspections:run"))]
