"""Routes of the library of inspectors."""

from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import PreconditionFailed, PreconditionRequired, SecondPersonNeeded, declare
from common.web import CursorParam, ExpectedVersion, LimitParam, ServiceRouter, etag
from fastapi import Query, Response

from credit.subjects.errors import SubjectNotFound

from .dependencies import InspectorServiceDep, Runner
from .errors import InspectorExists, InspectorNotFound, OwnRecusal, RecusalConflict, RecusalNotFound
from .schemas import InspectorIn, InspectorPatch, InspectorView, RecusalEnd, RecusalIn

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/inspectors", tags=["inspectors"])


@router.post(
    "",
    status_code=201,
    responses=declare(InspectorNotFound, InspectorExists),
    summary="Enter an inspector into the library",
)
async def add_inspector(
    body: InspectorIn, actor: Runner, inspectors: InspectorServiceDep, response: Response
) -> InspectorView:
    return _tagged(await inspectors.add(actor, body), response)


@router.get("", summary="The library of inspectors")
async def list_inspectors(
    actor: Runner,
    inspectors: InspectorServiceDep,
    department: Annotated[str | None, Query(max_length=60)] = None,
    expertise: Annotated[str | None, Query(max_length=40)] = None,
    on_duty: bool = False,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[InspectorView]:
    return await inspectors.search(actor, department, expertise, on_duty, cursor, limit)


@router.get("/{inspector_id}", responses=declare(InspectorNotFound), summary="An inspector with his recusals")
async def get_inspector(
    inspector_id: UUID, actor: Runner, inspectors: InspectorServiceDep, response: Response
) -> InspectorView:
    return _tagged(await inspectors.get(actor, inspector_id), response)


@router.patch(
    "/{inspector_id}",
    responses=declare(InspectorNotFound, InspectorExists, PreconditionFailed, PreconditionRequired),
    summary="Change an inspector's entry; If-Match names the version read",
)
async def change_inspector(
    inspector_id: UUID,
    body: InspectorPatch,
    expected: ExpectedVersion,
    actor: Runner,
    inspectors: InspectorServiceDep,
    response: Response,
) -> InspectorView:
    return _tagged(await inspectors.change(actor, inspector_id, body, expected), response)


@router.post(
    "/{inspector_id}/recusals",
    status_code=201,
    responses=declare(InspectorNotFound, SubjectNotFound, RecusalConflict, SecondPersonNeeded),
    summary="The inspector keeps away from a subject",
)
async def recuse_inspector(
    inspector_id: UUID, body: RecusalIn, actor: Runner, inspectors: InspectorServiceDep
) -> InspectorView:
    return await inspectors.recuse(actor, inspector_id, body)


@router.post(
    "/{inspector_id}/recusals/{recusal_id}/end",
    responses=declare(InspectorNotFound, RecusalNotFound, OwnRecusal, RecusalConflict),
    summary="End a recusal; never by the inspector himself",
)
async def end_recusal(
    inspector_id: UUID,
    recusal_id: UUID,
    body: RecusalEnd,
    actor: Runner,
    inspectors: InspectorServiceDep,
) -> InspectorView:
    return await inspectors.end_recusal(actor, inspector_id, recusal_id, body)


def _tagged(view: InspectorView, response: Response) -> InspectorView:
    response.headers["ETag"] = etag(view.version)
    return view
