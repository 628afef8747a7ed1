"""Routes of objections."""

from datetime import date
from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import PayloadTooLarge, SecondPersonNeeded, declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Query, Response

from credit.downloads import file_answer
from credit.evidence.dependencies import FileIn
from credit.evidence.errors import EvidenceRefused
from credit.evidence.routes import UPLOAD_LIMIT
from credit.evidence.schemas import EvidenceView
from credit.facts.errors import CorrectionRefused
from credit.paging import DUE
from credit.sheets import MEDIA_TYPES, SheetFormat
from credit.subjects.errors import SubjectNotFound

from .dependencies import Decider, FilesDep, ObjectionServiceDep, Party, Reader, Writer
from .errors import (
    ListingNotTold,
    NotSustained,
    NotYours,
    ObjectionNotFound,
    ObjectionOpen,
    StepRefused,
)
from .repository import ObjectionFilters
from .rules import Event, State, Target
from .schemas import (
    DecisionIn,
    ForwardIn,
    NoteIn,
    ObjectionIn,
    ObjectionView,
    RefusalIn,
    RippleView,
    SustainIn,
    WithdrawalIn,
)

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/objections", tags=["objections"])
_STEP = declare(ObjectionNotFound, StepRefused)
_DECISION = declare(ObjectionNotFound, StepRefused, SecondPersonNeeded, CorrectionRefused)


@router.post(
    "",
    status_code=201,
    responses=declare(SubjectNotFound, NotYours, ObjectionOpen, ListingNotTold, SecondPersonNeeded),
    summary="File an objection against a fact, a grade, a listing or an entry of the public page",
)
async def file_objection(body: ObjectionIn, actor: Party, objections: ObjectionServiceDep) -> ObjectionView:
    return await objections.file(actor, body)


@router.get("", summary="Objections that the caller may see, the newest first")
async def list_objections(
    actor: Reader,
    objections: ObjectionServiceDep,
    state: State | None = None,
    target: Target | None = None,
    subject_id: UUID | None = None,
    fact_id: UUID | None = None,
    due_before: Annotated[date | None, Query(description=DUE)] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Page[ObjectionView]:
    filters = ObjectionFilters(state, target, subject_id, fact_id, due_before)
    return await objections.search(actor, filters, cursor, limit)


@router.get("/{objection_id}", responses=declare(ObjectionNotFound), summary="An objection with its steps")
async def get_objection(objection_id: UUID, actor: Reader, objections: ObjectionServiceDep) -> ObjectionView:
    return await objections.get(actor, objection_id)


@router.post("/{objection_id}/accept", responses=_STEP, summary="Take it up and flag what it is against")
async def accept_objection(
    objection_id: UUID, body: NoteIn, actor: Writer, objections: ObjectionServiceDep
) -> ObjectionView:
    return await objections.accept(actor, objection_id, body)


@router.post("/{objection_id}/refuse", responses=_STEP, summary="Refuse to take it up, with reasons")
async def refuse_objection(
    objection_id: UUID, body: RefusalIn, actor: Writer, objections: ObjectionServiceDep
) -> ObjectionView:
    return await objections.refuse(actor, objection_id, body)


@router.post("/{objection_id}/forward", responses=_STEP, summary="Hand it to the source, which verifies")
async def forward_objection(
    objection_id: UUID, body: ForwardIn, actor: Writer, objections: ObjectionServiceDep
) -> ObjectionView:
    return await objections.forward(actor, objection_id, body)


@router.post("/{objection_id}/extend", responses=_STEP, summary="Extend the decision period once")
async def extend_objection(
    objection_id: UUID, body: RefusalIn, actor: Writer, objections: ObjectionServiceDep
) -> ObjectionView:
    return await objections.extend(actor, objection_id, body)


@router.post("/{objection_id}/start-appraisal", responses=_STEP, summary="An expert's appraisal begins")
async def start_appraisal(
    objection_id: UUID, body: NoteIn, actor: Writer, objections: ObjectionServiceDep
) -> ObjectionView:
    return await objections.appraise(actor, objection_id, body, Event.START_APPRAISAL)


@router.post("/{objection_id}/end-appraisal", responses=_STEP, summary="An expert's appraisal has ended")
async def end_appraisal(
    objection_id: UUID, body: NoteIn, actor: Writer, objections: ObjectionServiceDep
) -> ObjectionView:
    return await objections.appraise(actor, objection_id, body, Event.END_APPRAISAL)


@router.post("/{objection_id}/verify", responses=_STEP, summary="Record what verification found")
async def verify_objection(
    objection_id: UUID, body: RefusalIn, actor: Writer, objections: ObjectionServiceDep
) -> ObjectionView:
    return await objections.verify(actor, objection_id, body)


@router.post(
    "/{objection_id}/sustain",
    responses=_DECISION,
    summary="Uphold it: put the record right, publish the new grade, list all that was touched",
)
async def sustain_objection(
    objection_id: UUID, body: SustainIn, actor: Decider, objections: ObjectionServiceDep
) -> ObjectionView:
    return await objections.sustain(actor, objection_id, body)


@router.post("/{objection_id}/dismiss", responses=_DECISION, summary="Dismiss it, with reasons")
async def dismiss_objection(
    objection_id: UUID, body: DecisionIn, actor: Decider, objections: ObjectionServiceDep
) -> ObjectionView:
    return await objections.dismiss(actor, objection_id, body)


@router.post(
    "/{objection_id}/withdraw",
    responses=_STEP | declare(NotYours, SecondPersonNeeded),
    summary="Withdraw an undecided objection: the subject itself, or an officer on its written request",
)
async def withdraw_objection(
    objection_id: UUID, body: WithdrawalIn, actor: Party, objections: ObjectionServiceDep
) -> ObjectionView:
    return await objections.withdraw(actor, objection_id, body)


@router.post("/{objection_id}/close", responses=_STEP, summary="Close it: the decision is served")
async def close_objection(
    objection_id: UUID, body: NoteIn, actor: Writer, objections: ObjectionServiceDep
) -> ObjectionView:
    return await objections.close(actor, objection_id, body)


@router.get(
    "/{objection_id}/ripple",
    responses=declare(ObjectionNotFound, NotSustained),
    summary="What depended on the wrong fact: as it was, and as it would have been",
)
async def get_ripple(
    objection_id: UUID,
    actor: Reader,
    objections: ObjectionServiceDep,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> RippleView:
    return await objections.ripple(actor, objection_id, cursor, limit)


@router.get(
    "/{objection_id}/ripple.{extension}",
    response_class=Response,
    responses=declare(ObjectionNotFound, NotSustained)
    | {200: {"description": "The list", "content": {k.split(";")[0]: {} for k in MEDIA_TYPES.values()}}},
    summary="The same list as a file",
)
async def get_ripple_file(
    objection_id: UUID, extension: SheetFormat, actor: Reader, objections: ObjectionServiceDep
) -> Response:
    number, table = await objections.ripple_file(actor, objection_id, extension)
    return file_answer(table, f"ripple-{number}")


@router.post(
    "/{objection_id}/evidence",
    status_code=201,
    response_model=EvidenceView,
    responses=declare(ObjectionNotFound, NotYours, StepRefused, EvidenceRefused, PayloadTooLarge)
    | {200: {"model": EvidenceView, "description": "The same bytes were there before"}},
    max_body_size=UPLOAD_LIMIT,
    summary="Keep a file of evidence with an objection",
)
async def attach_objection_evidence(
    objection_id: UUID, file: FileIn, actor: Party, files: FilesDep
) -> Response:
    view, new = await files.attach(actor, objection_id, file.filename, await file.read())
    return Response(view.model_dump_json(), 201 if new else 200, media_type="application/json")


@router.get(
    "/{objection_id}/evidence", responses=declare(ObjectionNotFound), summary="The files with an objection"
)
async def list_objection_evidence(objection_id: UUID, actor: Reader, files: FilesDep) -> list[EvidenceView]:
    return await files.list_of(actor, objection_id)
