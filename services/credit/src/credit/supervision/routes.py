"""Routes of supervision."""

from datetime import date
from typing import Annotated
from uuid import UUID

from common.problems import Forbidden, declare
from common.web import ServiceRouter
from fastapi import Query

from credit.subjects.errors import SubjectMerged, SubjectNotFound

from .dependencies import Checker, Reader, SupervisionServiceDep
from .schemas import CheckIn, CheckView, SupervisionView

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit", tags=["supervision"])


@router.get(
    "/subjects/{subject_id}/supervision",
    responses=declare(SubjectNotFound, SubjectMerged, Forbidden),
    summary="The measures in force on a day, each with basis, policy and end date",
)
async def get_supervision(
    subject_id: UUID,
    actor: Reader,
    supervision: SupervisionServiceDep,
    on: Annotated[date | None, Query(description="a Chinese day; by default today")] = None,
    expired: Annotated[bool, Query(description="also restrictions that have ended")] = False,
) -> SupervisionView:
    return await supervision.of(actor, subject_id, on, expired=expired)


@router.post(
    "/supervision/checks",
    responses=declare(SubjectNotFound),
    summary="Whether a subject or person may do something, with what a refusal cites",
)
async def check_supervision(body: CheckIn, actor: Checker, supervision: SupervisionServiceDep) -> CheckView:
    return await supervision.check(actor, body)
