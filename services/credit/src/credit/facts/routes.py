"""Routes of the archive."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from common.pagination import Page
from common.problems import InvalidPayload, Problem, declare
from common.web import CursorParam, LanguageDep, LimitParam, ServiceRouter, field_errors
from fastapi import Query, Response
from pydantic import AwareDatetime, ValidationError

from credit.subjects.errors import SubjectMerged, SubjectNotFound

from .dependencies import FactBulkDep, FactReaderDep, FactServiceDep, Reader, Writer
from .errors import CorrectionElsewhere, CorrectionRefused, FactConflict, FactNotFound
from .schemas import (
    CatalogueView,
    CorrectionIn,
    FactAnswer,
    FactIn,
    FactsAnswer,
    FactsIn,
    FactView,
    InfoClass,
    Nature,
)
from .service import Recorded

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit", tags=["facts"])

KnownAt = Annotated[AwareDatetime | None, Query(description="as known at this instant; by default all")]
ValidAt = Annotated[date | None, Query(description="a Chinese day; by default today")]


@router.post(
    "/facts",
    status_code=201,
    response_model=FactView,
    responses=declare(SubjectNotFound, SubjectMerged, FactConflict)
    | {200: {"model": FactView, "description": "The same source said the same before"}},
    summary="Record a fact; the same source saying the same is the same fact",
)
async def record_fact(body: FactIn, actor: Writer, facts: FactServiceDep, reader: FactReaderDep) -> Response:
    one = await facts.record(actor, body)
    view = await reader.view(one.fact, one.subject, one.standing)
    return Response(view.model_dump_json(), 201 if one.new else 200, media_type="application/json")


@router.post(
    "/facts:batch",
    response_model=FactsAnswer,
    summary="Record many facts in one transaction; each is refused alone, and a subject is scored once",
)
async def record_facts(body: FactsIn, actor: Writer, bulk: FactBulkDep, language: LanguageDep) -> Response:
    answers = await bulk.record(actor, [_fact_in(item) for item in body.facts])
    items = [_answer(index, one, language) for index, one in enumerate(answers)]
    refused = sum(item.problem is not None for item in items)
    told = FactsAnswer(recorded=sum(item.status == 201 for item in items), refused=refused, items=items)
    return Response(told.model_dump_json(exclude_none=True), media_type="application/json")


def _fact_in(content: dict[str, Any]) -> FactIn | Problem:
    try:
        return FactIn.model_validate(content)
    except ValidationError as error:
        return InvalidPayload(field_errors(error.errors(), body=content))


def _answer(index: int, one: Recorded | Problem, language: str) -> FactAnswer:
    if isinstance(one, Problem):
        return FactAnswer(index=index, status=one.status, problem=one.body(language))
    fact, status = one.fact, 201 if one.new else 200
    return FactAnswer(index=index, status=status, id=fact.id, recorded_at=fact.recorded_at)


@router.post(
    "/facts/{fact_id}/corrections",
    status_code=201,
    responses=declare(FactNotFound, SubjectMerged, CorrectionRefused, CorrectionElsewhere),
    summary="Amend, revoke, restore, dispute or settle a fact by a new version",
)
async def correct_fact(
    fact_id: UUID, body: CorrectionIn, actor: Writer, facts: FactServiceDep, reader: FactReaderDep
) -> FactView:
    return await reader.view(*await facts.correct(actor, fact_id, body))


@router.get(
    "/facts/{fact_id}/versions",
    responses=declare(FactNotFound),
    summary="Every version of a fact, the oldest first",
)
async def list_fact_versions(fact_id: UUID, actor: Reader, reader: FactReaderDep) -> list[FactView]:
    return await reader.history(actor, fact_id)


@router.get(
    "/subjects/{subject_id}/facts",
    responses=declare(SubjectNotFound),
    summary="Facts of a subject as they stood on a day and were known at a moment, newest first",
)
async def list_facts(
    subject_id: UUID,
    actor: Reader,
    reader: FactReaderDep,
    info_class: Annotated[
        InfoClass | None, Query(alias="class", description="1 to 6, as Article 8 sorts")
    ] = None,
    code: Annotated[str | None, Query(max_length=48)] = None,
    nature: Nature | None = None,
    valid_at: ValidAt = None,
    known_at: KnownAt = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Page[FactView]:
    narrowed = (info_class, code, nature)
    return await reader.list_of(actor, subject_id, valid_at, known_at, narrowed, cursor, limit)


@router.get("/catalogue", summary="The codes in force: the basic part and the region's supplementary parts")
async def get_catalogue(
    actor: Reader,
    reader: FactReaderDep,
    on: Annotated[date | None, Query(description="a Chinese day; by default today")] = None,
    region: Annotated[
        str | None, Query(pattern=r"^[0-9]{6}$", description="by default the whole country")
    ] = None,
) -> CatalogueView:
    return reader.catalogue(on, region)
