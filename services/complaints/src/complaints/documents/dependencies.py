"""What the routes of papers are given."""

from typing import Annotated
from uuid import UUID

from common.auth import Principal
from common.web import KeyringDep, Requires, SessionDep
from fastapi import Depends, Path, Request

from complaints.cases.repository import CaseRepository
from complaints.documents.repository import DocumentRepository
from complaints.documents.service import DocumentDesk

__all__ = ["DocumentCaseId", "DocumentDeskDep", "DocumentId", "DocumentReader", "Supervisor"]

DocumentCaseId = Annotated[UUID, Path(alias="case_id", description="id of a case")]
DocumentId = Annotated[UUID, Path(description="id of a paper")]
DocumentReader = Annotated[
    Principal, Depends(Requires("complaints:handle", "complaints:supervise", "complaints:respond"))
]
Supervisor = Annotated[Principal, Depends(Requires("complaints:supervise"))]


def _desk(request: Request, session: SessionDep, keyring: KeyringDep) -> DocumentDesk:
    return DocumentDesk(
        DocumentRepository(session), CaseRepository(session), request.app.state.policies, keyring
    )


DocumentDeskDep = Annotated[DocumentDesk, Depends(_desk)]
