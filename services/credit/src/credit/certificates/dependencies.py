"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import CertificateService

__all__ = ["Applicant", "CertificateServiceDep", "Reader"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> CertificateService:
    return CertificateService(session, env, language)


CertificateServiceDep = Annotated[CertificateService, Depends(_service)]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
Applicant = Annotated[Principal, Depends(Requires("credit:write", "credit:read"))]
