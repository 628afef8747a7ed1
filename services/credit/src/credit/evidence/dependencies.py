"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends, File, UploadFile

from credit.rulebook.dependencies import EnvironmentDep, Insiders

from .service import EvidenceService

__all__ = ["EvidenceServiceDep", "FileIn", "Party", "Reader", "Writer"]


def _service(session: SessionDep, env: EnvironmentDep) -> EvidenceService:
    return EvidenceService(session, env)


EvidenceServiceDep = Annotated[EvidenceService, Depends(_service)]
FileIn = Annotated[UploadFile, File(description="at most 20 MB; its kind is known by its content")]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
Insider = Annotated[Principal, Depends(Insiders("credit:read"))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
Party = Annotated[Principal, Depends(Requires("credit:write", "credit:read"))]
"""A subject's own user or an officer for it; which of the two is checked in the service."""
