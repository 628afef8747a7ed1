"""Routes of inspections."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from common.clock import china_date
from common.pagination import Page
from common.problems import PayloadTooLarge, SecondPersonNeeded, declare
from common.web import ClockDep, CursorParam, LimitParam, ServiceRouter
from fastapi import Path, Query, Response

from credit.evidence.dependencies import FileIn
from credit.evidence.errors import EvidenceRefused
from credit.evidence.routes import UPLOAD_LIMIT
from credit.evidence.schemas import EvidenceView
from credit.subjects.errors import SubjectNotFound

from .dependencies import Decider, FieldServiceDep, InspectionServiceDep, Reader, Runner
from .errors import (
    InspectionConflict,
    InspectionNotFound,
    NotAnImage,
    NotAssigned,
    RecordConflict,
    RecordIncomplete,
)
from .repository import InspectionFilters
from .rules import InspectionKind, InspectionState
from .schemas import (
    FinishIn,
    InspectionBrief,
    InspectionView,
    NoteIn,
    PublicInspection,
    ReassignIn,
    RecordIn,
    RecordView,
    TargetedIn,
)

__all__ = ["PUBLIC", "public_router", "router"]

PREFIX = "/api/v1/credit"
PUBLIC = frozenset({f"GET {PREFIX}/public/inspections"})

router = ServiceRouter(prefix=f"{PREFIX}/inspections", tags=["inspections"])
public_router = ServiceRouter(prefix=f"{PREFIX}/public", tags=["public"])


@router.post(
    "",
    status_code=201,
    responses=declare(SubjectNotFound),
    summary="Order a check outside the draw, with what called for it",
)
async def order_inspection(
    body: TargetedIn, actor: Runner, inspections: InspectionServiceDep
) -> InspectionView:
    return await inspections.open_targeted(actor, body)


@router.get("", summary="Inspections: mine, due, overdue")
async def list_inspections(
    actor: Reader,
    inspections: InspectionServiceDep,
    clock: ClockDep,
    mine: bool = False,
    state: InspectionState | None = None,
    kind: InspectionKind | None = None,
    subject_id: UUID | None = None,
    campaign_id: UUID | None = None,
    due_before: date | None = None,
    overdue: Literal["visit", "publication", "any"] | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[InspectionBrief]:
    filters = InspectionFilters(
        today=china_date(clock.now()),
        mine=actor.sub if mine else None,
        state=state,
        kind=kind,
        subject_id=subject_id,
        campaign_id=campaign_id,
        due_before=due_before,
        overdue=overdue,
    )
    return await inspections.search(actor, filters, cursor, limit)


@router.get("/{inspection_id}", responses=declare(InspectionNotFound), summary="An inspection with its steps")
async def get_inspection(
    inspection_id: UUID, actor: Reader, inspections: InspectionServiceDep
) -> InspectionView:
    return await inspections.get(actor, inspection_id)


@router.put(
    "/{inspection_id}/record",
    response_model=RecordView,
    responses=declare(InspectionNotFound, NotAssigned, RecordConflict, InspectionConflict)
    | {201: {"model": RecordView, "description": "A new revision"}},
    summary="Send a revision of the field record; the same revision may come again",
)
async def put_record(inspection_id: UUID, body: RecordIn, actor: Runner, field: FieldServiceDep) -> Response:
    view, new = await field.put_record(actor, inspection_id, body)
    return Response(view.model_dump_json(), 201 if new else 200, media_type="application/json")


@router.get(
    "/{inspection_id}/record",
    responses=declare(InspectionNotFound),
    summary="The server's revision of the field record",
)
async def get_record(inspection_id: UUID, actor: Reader, field: FieldServiceDep) -> RecordView:
    return await field.get_record(actor, inspection_id)


@router.post(
    "/{inspection_id}/files",
    status_code=201,
    response_model=EvidenceView,
    responses=declare(InspectionNotFound, NotAssigned, NotAnImage, PayloadTooLarge, EvidenceRefused)
    | {200: {"model": EvidenceView, "description": "The same bytes were there before"}},
    max_body_size=UPLOAD_LIMIT,
    summary="Upload a photo or a signature; known by the hash of its bytes",
)
async def put_file(inspection_id: UUID, file: FileIn, actor: Runner, field: FieldServiceDep) -> Response:
    view, new = await field.put_file(actor, inspection_id, file.filename, await file.read())
    return Response(view.model_dump_json(), 201 if new else 200, media_type="application/json")


@router.get(
    "/{inspection_id}/files",
    responses=declare(InspectionNotFound),
    summary="Which files are there, so that a phone sends only those that are not",
)
async def list_files(inspection_id: UUID, actor: Reader, field: FieldServiceDep) -> list[EvidenceView]:
    return await field.files(actor, inspection_id)


@router.get(
    "/{inspection_id}/files/{sha256}",
    responses=declare(InspectionNotFound),
    summary="Whether a file with this hash is there",
)
async def get_file(
    inspection_id: UUID,
    sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
    actor: Reader,
    field: FieldServiceDep,
) -> EvidenceView:
    return await field.file(actor, inspection_id, sha256)


@router.post(
    "/{inspection_id}/finish",
    responses=declare(InspectionNotFound, NotAssigned, InspectionConflict, RecordIncomplete),
    summary="End the visit with its result",
)
async def finish_inspection(
    inspection_id: UUID, body: FinishIn, actor: Runner, field: FieldServiceDep
) -> InspectionView:
    return await field.finish(actor, inspection_id, body)


@router.post(
    "/{inspection_id}/decide",
    responses=declare(InspectionNotFound, InspectionConflict, SecondPersonNeeded),
    summary="Confirm the result, which becomes a fact; by another person",
)
async def decide_inspection(
    inspection_id: UUID, body: NoteIn, actor: Decider, inspections: InspectionServiceDep
) -> InspectionView:
    return await inspections.decide(actor, inspection_id, body.note)


@router.post(
    "/{inspection_id}/publish",
    responses=declare(InspectionNotFound, InspectionConflict, SecondPersonNeeded),
    summary="Show the result to the public; by another person than who decided it",
)
async def publish_inspection(
    inspection_id: UUID, actor: Decider, inspections: InspectionServiceDep
) -> InspectionView:
    return await inspections.publish(actor, inspection_id)


@router.post(
    "/{inspection_id}/reassign",
    responses=declare(InspectionNotFound, InspectionConflict, SecondPersonNeeded),
    summary="Send other inspectors, with the reason; a second person takes it up",
)
async def reassign_inspection(
    inspection_id: UUID, body: ReassignIn, actor: Runner, inspections: InspectionServiceDep
) -> InspectionView:
    return await inspections.reassign(actor, inspection_id, body)


@router.post(
    "/{inspection_id}/cancel",
    responses=declare(InspectionNotFound, InspectionConflict, SecondPersonNeeded),
    summary="Give a visit up, with the reason; a drawn one takes a second person",
)
async def cancel_inspection(
    inspection_id: UUID, body: NoteIn, actor: Runner, inspections: InspectionServiceDep
) -> InspectionView:
    return await inspections.cancel(actor, inspection_id, body.note)


@public_router.get("/inspections", summary="Published results of inspections")
async def list_public_inspections(
    inspections: InspectionServiceDep,
    key: Annotated[str | None, Query(min_length=6, max_length=40)] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[PublicInspection]:
    return await inspections.public(key, cursor, limit)
