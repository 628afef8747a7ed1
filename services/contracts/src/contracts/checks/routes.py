"""Checking without registering."""

from typing import Annotated

from common.auth import Principal
from common.clock import china_date
from common.web import ClockDep, LanguageDep, Requires, ServiceRouter, SessionDep
from fastapi import Depends

from contracts.catalogue.dependencies import LibraryDep
from contracts.checks.schemas import CheckAnswer
from contracts.checks.service import check_document
from contracts.documents.schemas import Submission

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/contracts", tags=["contracts"])
Checker = Annotated[Principal, Depends(Requires("contracts:submit", "contracts:read", "contracts:supervise"))]


@router.post("/contracts:check", summary="Findings of a document; nothing is stored")
async def check(
    checker: Checker,
    document: Submission,
    session: SessionDep,
    library: LibraryDep,
    language: LanguageDep,
    clock: ClockDep,
) -> CheckAnswer:
    return await check_document(session, library, document, language, china_date(clock.now()))
