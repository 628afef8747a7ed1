"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import ExportService

__all__ = ["ExportServiceDep", "Reader"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> ExportService:
    return ExportService(session, env, language)


ExportServiceDep = Annotated[ExportService, Depends(_service)]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
