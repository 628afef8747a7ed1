"""Routes of hazards."""

from uuid import UUID

from common.pagination import Page
from common.problems import SecondPersonNeeded, declare
from common.web import CursorParam, LimitParam, ServiceRouter

from credit.subjects.errors import SubjectNotFound

from .dependencies import HazardServiceDep, Reader, Runner
from .errors import HazardConflict, HazardNotFound
from .rules import HazardState
from .schemas import ExtendIn, HandOverIn, HazardBrief, HazardIn, HazardView, OrderIn, RecheckIn

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/hazards", tags=["hazards"])


@router.post(
    "", status_code=201, responses=declare(SubjectNotFound), summary="Record a hazard, which is a fact"
)
async def find_hazard(body: HazardIn, actor: Runner, hazards: HazardServiceDep) -> HazardView:
    return await hazards.find_hazard(actor, body)


@router.get("", summary="Hazards, the newest first")
async def list_hazards(
    actor: Reader,
    hazards: HazardServiceDep,
    state: HazardState | None = None,
    subject_id: UUID | None = None,
    overdue: bool = False,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[HazardBrief]:
    return await hazards.search(actor, state, subject_id, overdue, cursor, limit)


@router.get("/{hazard_id}", responses=declare(HazardNotFound), summary="A hazard with its steps")
async def get_hazard(hazard_id: UUID, actor: Reader, hazards: HazardServiceDep) -> HazardView:
    return await hazards.get(actor, hazard_id)


@router.post(
    "/{hazard_id}/order",
    responses=declare(HazardNotFound, HazardConflict),
    summary="Order it to be put right by a day; a numbered paper is made",
)
async def order_rectification(
    hazard_id: UUID, body: OrderIn, actor: Runner, hazards: HazardServiceDep
) -> HazardView:
    return await hazards.order(actor, hazard_id, body)


@router.post(
    "/{hazard_id}/extend",
    responses=declare(HazardNotFound, HazardConflict),
    summary="Give more time, with the reason",
)
async def extend_rectification(
    hazard_id: UUID, body: ExtendIn, actor: Runner, hazards: HazardServiceDep
) -> HazardView:
    return await hazards.extend(actor, hazard_id, body)


@router.post(
    "/{hazard_id}/recheck",
    responses=declare(HazardNotFound, HazardConflict, SecondPersonNeeded),
    summary="Record a re-check; passed, the hazard is closed",
)
async def recheck_hazard(
    hazard_id: UUID, body: RecheckIn, actor: Runner, hazards: HazardServiceDep
) -> HazardView:
    return await hazards.recheck(actor, hazard_id, body)


@router.post(
    "/{hazard_id}/hand-over",
    responses=declare(HazardNotFound, HazardConflict),
    summary="Hand it over for enforcement",
)
async def hand_over_hazard(
    hazard_id: UUID, body: HandOverIn, actor: Runner, hazards: HazardServiceDep
) -> HazardView:
    return await hazards.hand_over(actor, hazard_id, body)
