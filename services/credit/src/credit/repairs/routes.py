"""Routes of repair."""

from datetime import date
from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import Forbidden, SecondPersonNeeded, declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Query

from credit.facts.errors import FactNotFound
from credit.listings.errors import ListingNotFound
from credit.paging import DUE

from .dependencies import Applicant, Decider, Reader, RepairServiceDep, Writer
from .errors import (
    MaterialsMissing,
    RegulatorNeeded,
    RepairBarred,
    RepairEventRefused,
    RepairNotFound,
    RepairRunning,
    TargetNotRepairable,
)
from .repository import RepairFilters
from .rules import State
from .schemas import (
    MaterialsIn,
    OutlookView,
    RefusalIn,
    RepairDecisionIn,
    RepairEventView,
    RepairIn,
    RepairView,
    ResolutionIn,
    VerificationIn,
)

__all__ = ["outlook_router", "router"]

router = ServiceRouter(prefix="/api/v1/credit/repairs", tags=["repairs"])
outlook_router = ServiceRouter(prefix="/api/v1/credit", tags=["repairs"])


@router.post(
    "",
    status_code=201,
    responses=declare(ListingNotFound, FactNotFound, TargetNotRepairable, RepairRunning, Forbidden),
    summary="Apply for the repair of a listing or of a published penalty",
)
async def apply_for_repair(body: RepairIn, actor: Applicant, repairs: RepairServiceDep) -> RepairView:
    return await repairs.apply(actor, body)


@router.get("", summary="Applications for repair, the newest first")
async def list_repairs(
    actor: Reader,
    repairs: RepairServiceDep,
    subject_id: UUID | None = None,
    listing_id: UUID | None = None,
    fact_id: UUID | None = None,
    state: State | None = None,
    due_before: Annotated[date | None, Query(description=DUE)] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[RepairView]:
    filters = RepairFilters(subject_id, listing_id, fact_id, state, due_before)
    return await repairs.search(actor, filters, cursor, limit)


@router.get(
    "/{repair_id}",
    responses=declare(RepairNotFound),
    summary="An application with deadlines, missing materials and outlook",
)
async def get_repair(repair_id: UUID, actor: Reader, repairs: RepairServiceDep) -> RepairView:
    return await repairs.get(actor, repair_id)


@router.get(
    "/{repair_id}/timeline",
    responses=declare(RepairNotFound),
    summary="Every step of an application, with what was written",
)
async def get_repair_timeline(
    repair_id: UUID, actor: Reader, repairs: RepairServiceDep
) -> Page[RepairEventView]:
    return Page(items=await repairs.timeline(actor, repair_id))


@router.post(
    "/{repair_id}/materials",
    responses=declare(RepairNotFound, RepairEventRefused, TargetNotRepairable, Forbidden),
    summary="Hand in materials later; the training record may come until the decision",
)
async def hand_in_materials(
    repair_id: UUID, body: MaterialsIn, actor: Applicant, repairs: RepairServiceDep
) -> RepairView:
    return await repairs.hand_in(actor, repair_id, body)


@router.post(
    "/{repair_id}/resolve",
    responses=declare(
        RepairNotFound, RepairEventRefused, TargetNotRepairable, RegulatorNeeded, SecondPersonNeeded
    ),
    summary="Settle, as the regulator, whether a commitment letter is asked for",
)
async def resolve_conflict(
    repair_id: UUID, body: ResolutionIn, actor: Decider, repairs: RepairServiceDep
) -> RepairView:
    return await repairs.resolve(actor, repair_id, body)


@router.post(
    "/{repair_id}/accept",
    responses=declare(
        RepairNotFound,
        RepairEventRefused,
        TargetNotRepairable,
        SecondPersonNeeded,
        RepairBarred,
        MaterialsMissing,
    ),
    summary="Accept an application that nothing bars",
)
async def accept_repair(repair_id: UUID, actor: Writer, repairs: RepairServiceDep) -> RepairView:
    return await repairs.accept(actor, repair_id)


@router.post(
    "/{repair_id}/refuse",
    responses=declare(RepairNotFound, RepairEventRefused, TargetNotRepairable, SecondPersonNeeded),
    summary="Refuse to accept, with reasons and every ground that holds",
)
async def refuse_repair(
    repair_id: UUID, body: RefusalIn, actor: Writer, repairs: RepairServiceDep
) -> RepairView:
    return await repairs.refuse(actor, repair_id, body)


@router.post(
    "/{repair_id}/verify",
    responses=declare(RepairNotFound, RepairEventRefused, TargetNotRepairable, SecondPersonNeeded),
    summary="Record the verification: online, in writing or on site",
)
async def verify_repair(
    repair_id: UUID, body: VerificationIn, actor: Writer, repairs: RepairServiceDep
) -> RepairView:
    return await repairs.verify(actor, repair_id, body)


@router.post(
    "/{repair_id}/decide",
    responses=declare(
        RepairNotFound,
        RepairEventRefused,
        TargetNotRepairable,
        SecondPersonNeeded,
        RepairBarred,
        MaterialsMissing,
    ),
    summary="Grant or refuse; a granted repair takes effect at once",
)
async def decide_repair(
    repair_id: UUID, body: RepairDecisionIn, actor: Decider, repairs: RepairServiceDep
) -> RepairView:
    return await repairs.decide(actor, repair_id, body)


@outlook_router.get(
    "/listings/{listing_id}/repair-outlook",
    responses=declare(Forbidden, ListingNotFound, TargetNotRepairable),
    summary="When a listing can be repaired, by both clocks, and what is needed",
)
async def get_listing_outlook(listing_id: UUID, actor: Reader, repairs: RepairServiceDep) -> OutlookView:
    return await repairs.outlook(actor, listing_id=listing_id)


@outlook_router.get(
    "/facts/{fact_id}/repair-outlook",
    responses=declare(Forbidden, FactNotFound, TargetNotRepairable),
    summary="When the publication of a penalty can be repaired, and what is needed",
)
async def get_fact_outlook(fact_id: UUID, actor: Reader, repairs: RepairServiceDep) -> OutlookView:
    return await repairs.outlook(actor, fact_id=fact_id)
