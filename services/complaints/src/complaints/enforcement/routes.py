"""Enforcement cases over HTTP."""

from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import InvalidPayload, declare
from common.web import CursorParam, LanguageDep, LimitParam, ServiceRouter
from fastapi import Query

from .dependencies import EnforcementServiceDep, Officer, OfficerOrRespondent
from .errors import (
    EnforcementCaseNotFound,
    EventNotAllowed,
    HearingNotAsked,
    HearingTermOver,
    NoHearingOnTheSpot,
    PenaltyOutsideBand,
    RightsStillOpen,
    SamePerson,
    SummaryNotAllowed,
)
from .rules import State
from .schemas import CaseIn, CaseView, EventIn

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/complaints", tags=["enforcement"])


@router.post(
    "/enforcement-cases",
    status_code=201,
    summary="Open an enforcement case from a clue",
    responses=declare(InvalidPayload),
)
async def open_case(
    body: CaseIn, actor: Officer, service: EnforcementServiceDep, language: LanguageDep
) -> CaseView:
    case = await service.open(actor, body)
    return await service.view(case, actor, language)


@router.get("/enforcement-cases", summary="The officer's cases, newest first")
async def list_cases(
    actor: OfficerOrRespondent,
    service: EnforcementServiceDep,
    language: LanguageDep,
    state: State | None = None,
    respondent_key: Annotated[str | None, Query(max_length=40)] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[CaseView]:
    return await service.list_of(actor, state, respondent_key, cursor, limit, language)


@router.get(
    "/enforcement-cases/{case_id}",
    summary="One case with its history and running terms",
    responses=declare(EnforcementCaseNotFound),
)
async def get_case(
    case_id: UUID, actor: OfficerOrRespondent, service: EnforcementServiceDep, language: LanguageDep
) -> CaseView:
    case = await service.get(actor, case_id)
    return await service.view(case, actor, language)


@router.post(
    "/enforcement-cases/{case_id}/events",
    summary="Let an event happen to a case",
    responses=declare(
        EnforcementCaseNotFound,
        EventNotAllowed,
        RightsStillOpen,
        HearingTermOver,
        HearingNotAsked,
        NoHearingOnTheSpot,
        SamePerson,
        PenaltyOutsideBand,
        SummaryNotAllowed,
    ),
)
async def let_happen(
    case_id: UUID,
    body: EventIn,
    actor: OfficerOrRespondent,
    service: EnforcementServiceDep,
    language: LanguageDep,
) -> CaseView:
    case = await service.happen(actor, case_id, body)
    return await service.view(case, actor, language)
