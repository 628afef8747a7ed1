"""Routes of the item list, the library of objects and annual plans."""

from datetime import date
from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import PreconditionFailed, PreconditionRequired, SecondPersonNeeded, declare
from common.web import CursorParam, ExpectedVersion, LimitParam, ServiceRouter, etag
from fastapi import Query, Response

from credit.subjects.rules import Kind, Status

from .dependencies import LibraryServiceDep, PlanServiceDep, Reader, Runner, Second
from .errors import PlanConflict, PlanNotFound
from .rules import PlanState
from .schemas import (
    FileIn,
    ItemsView,
    ObjectView,
    PlanBrief,
    PlanChange,
    PlanIn,
    PlanVersionView,
    PlanView,
)

__all__ = ["PUBLIC", "router"]

PREFIX = "/api/v1/credit"
PUBLIC = frozenset({f"GET {PREFIX}/inspection-items"})

router = ServiceRouter(prefix=PREFIX, tags=["inspection plans"])
RegionParam = Annotated[str, Query(pattern=r"^[0-9]{6}$")]


@router.get(
    "/inspection-items",
    responses=declare(PlanNotFound),
    summary="The published item list in force on a day, with the caps of ratios",
)
async def get_items(
    library: LibraryServiceDep, region: RegionParam = "000000", on: date | None = None
) -> ItemsView:
    return library.items(region, on)


@router.get(
    "/inspection-objects",
    responses=declare(PlanNotFound),
    summary="The library of objects, each with why it would not be drawn today",
)
async def list_objects(
    actor: Runner,
    library: LibraryServiceDep,
    region: RegionParam,
    kind: Annotated[list[Kind] | None, Query()] = None,
    tier: Annotated[list[str] | None, Query(max_length=20)] = None,
    status: Status | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[ObjectView]:
    return await library.objects(actor, region, kind or [], tier or [], status, cursor, limit)


@router.post(
    "/inspection-plans",
    status_code=201,
    responses=declare(PlanNotFound),
    summary="Draft an annual plan",
)
async def draft_plan(body: PlanIn, actor: Runner, plans: PlanServiceDep, response: Response) -> PlanView:
    return _tagged(await plans.draft(actor, body), response)


@router.get("/inspection-plans", summary="Annual plans, the newest first")
async def list_plans(
    actor: Reader,
    plans: PlanServiceDep,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    state: PlanState | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[PlanBrief]:
    return await plans.search(actor, year, state, cursor, limit)


@router.get("/inspection-plans/{plan_id}", responses=declare(PlanNotFound), summary="A plan with its tasks")
async def get_plan(plan_id: UUID, actor: Reader, plans: PlanServiceDep, response: Response) -> PlanView:
    return _tagged(await plans.get(actor, plan_id), response)


@router.get(
    "/inspection-plans/{plan_id}/versions",
    responses=declare(PlanNotFound),
    summary="What a plan said in each version",
)
async def list_plan_versions(plan_id: UUID, actor: Reader, plans: PlanServiceDep) -> list[PlanVersionView]:
    return await plans.versions(actor, plan_id)


@router.put(
    "/inspection-plans/{plan_id}",
    responses=declare(PlanNotFound, PlanConflict, PreconditionFailed, PreconditionRequired),
    summary="Change a plan by a new version; If-Match names the version read",
)
async def change_plan(
    plan_id: UUID,
    body: PlanChange,
    expected: ExpectedVersion,
    actor: Runner,
    plans: PlanServiceDep,
    response: Response,
) -> PlanView:
    return _tagged(await plans.change(actor, plan_id, body, expected), response)


@router.post(
    "/inspection-plans/{plan_id}/file",
    responses=declare(PlanNotFound, PlanConflict, SecondPersonNeeded),
    summary="File a plan with the superior; by another person than its drafter",
)
async def file_plan(plan_id: UUID, body: FileIn, actor: Second, plans: PlanServiceDep) -> PlanView:
    return await plans.file(actor, plan_id, body)


@router.post(
    "/inspection-plans/{plan_id}/activate",
    responses=declare(PlanNotFound, PlanConflict),
    summary="Put a filed plan into force",
)
async def activate_plan(plan_id: UUID, actor: Runner, plans: PlanServiceDep) -> PlanView:
    return await plans.step(actor, plan_id, "activate")


@router.post(
    "/inspection-plans/{plan_id}/complete",
    responses=declare(PlanNotFound, PlanConflict),
    summary="End a plan",
)
async def complete_plan(plan_id: UUID, actor: Runner, plans: PlanServiceDep) -> PlanView:
    return await plans.step(actor, plan_id, "complete")


def _tagged(view: PlanView, response: Response) -> PlanView:
    response.headers["ETag"] = etag(view.version)
    return view
