"""Routes of the archive."""

from datetime import date
from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Query, Response
from pydantic import AwareDatetime

from credit.subjects.errors import SubjectNotFound

from .dependencies import FactServiceDep, Reader, Writer
from .errors import CorrectionRefused, FactConflict, FactNotFound
from .schemas import CorrectionIn, FactIn, FactView

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit", tags=["facts"])

KnownAt = Annotated[AwareDatetime | None, Query(description="as known at this instant; by default all")]
ValidAt = Annotated[date | None, Query(description="a Chinese day; by default today")]


@router.post(
    "/facts",
    status_code=201,
    response_model=FactView,
    responses=declare(SubjectNotFound, FactConflict)
    | {200: {"model": FactView, "description": "The same source said the same before"}},
    summary="Record a fact; the same source saying the same is the same fact",
)
async def record_fact(body: FactIn, actor: Writer, facts: FactServiceDep) -> Response:
    fact, new = await facts.record(actor, body)
    return Response(facts.view(fact).model_dump_json(), 201 if new else 200, media_type="application/json")


@router.post(
    "/facts/{fact_id}/corrections",
    status_code=201,
    responses=declare(FactNotFound, CorrectionRefused),
    summary="Amend, revoke or restore a fact by a new version",
)
async def correct_fact(fact_id: UUID, body: CorrectionIn, actor: Writer, facts: FactServiceDep) -> FactView:
    return facts.view(await facts.correct(actor, fact_id, body))


@router.get(
    "/subjects/{subject_id}/facts",
    responses=declare(SubjectNotFound),
    summary="Facts of a subject as they stood on a day and were known at a moment, newest first",
)
async def list_facts(
    subject_id: UUID,
    actor: Reader,
    facts: FactServiceDep,
    valid_at: ValidAt = None,
    known_at: KnownAt = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Page[FactView]:
    return await facts.list_of(actor, subject_id, valid_at, known_at, cursor, limit)
