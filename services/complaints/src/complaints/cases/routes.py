"""Routes of complaints: filing, the tourist's lookup, the officer's queue, the case and its events."""

from datetime import date
from typing import Annotated

from common.pagination import Page
from common.policies import PolicyNotInForce
from common.problems import PreconditionFailed, Problem, TooManyRequests, declare
from common.web import (
    CursorParam,
    LanguageDep,
    LimitParam,
    ServiceRouter,
    StatedVersion,
    etag,
    problem_response,
)
from fastapi import Query, Request, Response

from complaints.cases.dependencies import (
    CallerAddress,
    CaseId,
    CaseReader,
    CaseServiceDep,
    ContractDep,
    Filer,
    IntakeServiceDep,
    Revealer,
)
from complaints.cases.errors import (
    CaseNotFound,
    EventNotAllowed,
    EventTooEarly,
    LookupFailed,
    ReportNotTakenHere,
)
from complaints.cases.rules import State
from complaints.cases.schemas import (
    CaseView,
    ComplaintIn,
    DeadlineOut,
    EventIn,
    FiledOut,
    LookupIn,
    PublicActIn,
    PublicCaseView,
    QueueItem,
    RevealIn,
    RevealOut,
    TimelineItem,
)
from complaints.cases.service import QueueQuery
from complaints.places import RegionCode

__all__ = ["reveal_router", "router"]

router = ServiceRouter(prefix="/api/v1/complaints", tags=["complaints"])
reveal_router = ServiceRouter(prefix="/api/v1/complaints", tags=["complaints"], idempotent=False)


@router.post(
    "/complaints",
    status_code=201,
    summary="File a complaint; the lookup code is shown this once",
    responses=declare(ReportNotTakenHere, PolicyNotInForce),
)
async def file_complaint(
    body: ComplaintIn,
    actor: Filer,
    contract: ContractDep,
    intake: IntakeServiceDep,
    language: LanguageDep,
    response: Response,
) -> FiledOut:
    response.headers["Cache-Control"] = "no-store"
    return await intake.file(body, contract, actor, language)


@router.post(
    "/public/complaints/lookup",
    summary="The tourist's own view, by number and secret code",
    response_model=PublicCaseView,
    responses=declare(LookupFailed, TooManyRequests),
)
async def look_up(
    body: LookupIn, request: Request, address: CallerAddress, intake: IntakeServiceDep
) -> Response:
    found = await intake.look_up(body, address)
    return _public(found, request)


@router.post(
    "/public/complaints/events",
    summary="Supplement or withdraw one's complaint, by number and secret code",
    response_model=PublicCaseView,
    responses=declare(LookupFailed, TooManyRequests, EventNotAllowed),
)
async def act_as_tourist(
    body: PublicActIn,
    request: Request,
    address: CallerAddress,
    intake: IntakeServiceDep,
    cases: CaseServiceDep,
) -> Response:
    case = await intake.authenticate(body, address)
    if isinstance(case, Problem):
        return problem_response(case, request)
    await cases.act_as_tourist(case, body.event, body.note)
    return _public(await intake.tourist_view(case), request)


@router.get("/cases", summary="The queue: what one may see, newest first or by due date")
async def queue(
    reader: CaseReader,
    cases: CaseServiceDep,
    state: Annotated[State | None, Query()] = None,
    department: Annotated[str | None, Query(min_length=2, max_length=8)] = None,
    region: Annotated[RegionCode | None, Query()] = None,
    due_before: Annotated[date | None, Query(description="orders by due date")] = None,
    q: Annotated[
        str | None, Query(min_length=5, max_length=40, description="a whole case number or phone number")
    ] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Page[QueueItem]:
    return await cases.queue(QueueQuery(state, department, region, due_before, q, cursor, limit), reader)


@router.get("/cases/{case_id}", summary="One case", responses=declare(CaseNotFound))
async def get_case(
    case_id: CaseId, reader: CaseReader, cases: CaseServiceDep, response: Response
) -> CaseView:
    view = await cases.get(case_id, reader)
    response.headers["ETag"] = etag(view.version)
    return view


@router.get("/cases/{case_id}/timeline", summary="Its history, in order", responses=declare(CaseNotFound))
async def get_timeline(case_id: CaseId, reader: CaseReader, cases: CaseServiceDep) -> Page[TimelineItem]:
    return Page(items=await cases.timeline(case_id, reader))


@router.get(
    "/cases/{case_id}/deadlines",
    summary="Its deadlines, with every day that was counted",
    responses=declare(CaseNotFound),
)
async def get_deadlines(case_id: CaseId, reader: CaseReader, cases: CaseServiceDep) -> Page[DeadlineOut]:
    return Page(items=await cases.deadlines(case_id, reader))


@router.post(
    "/cases/{case_id}/events",
    summary="An event of the statutory procedure",
    responses=declare(CaseNotFound, EventNotAllowed, EventTooEarly, PreconditionFailed),
)
async def act(
    case_id: CaseId,
    body: EventIn,
    actor: CaseReader,
    cases: CaseServiceDep,
    stated: StatedVersion,
    response: Response,
) -> CaseView:
    view = await cases.act(case_id, body, actor, stated)
    response.headers["ETag"] = etag(view.version)
    return view


@reveal_router.post(
    "/cases/{case_id}/reveals",
    summary="The complainant's data in the clear; who saw them and why is recorded",
    responses=declare(CaseNotFound),
)
async def reveal(
    case_id: CaseId, body: RevealIn, actor: Revealer, cases: CaseServiceDep, response: Response
) -> RevealOut:
    response.headers["Cache-Control"] = "no-store"
    return await cases.reveal(case_id, body.purpose, actor)


def _public(found: PublicCaseView | Problem, request: Request) -> Response:
    if isinstance(found, Problem):
        return problem_response(found, request)
    return Response(
        found.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-store"}
    )
