"""Routes of scores."""

from datetime import date
from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import Forbidden, declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Path, Query, Response
from pydantic import AwareDatetime

from credit.subjects.errors import SubjectMerged, SubjectNotFound

from .dependencies import PathServiceDep, Reader, ScoringServiceDep
from .errors import GradeNotFound, NoScorecard
from .schemas import GradeView, PathView, ScoreAnswer

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/subjects/{subject_id}", tags=["scores"])


@router.get(
    "/score",
    response_model=ScoreAnswer,
    responses=declare(SubjectNotFound, SubjectMerged, NoScorecard, Forbidden),
    summary="The score on a day with what was known at a moment; the same bytes for ever",
    description=(
        "A subject that no scorecard grades is not rated (`no_card`), without a policy. A merged one has its "
        "own score only for moments before the merger."
    ),
)
async def get_score(
    subject_id: UUID,
    actor: Reader,
    scoring: ScoringServiceDep,
    scorecard: Annotated[
        str | None, Query(max_length=100, description="id; by default the kind's own")
    ] = None,
    valid_at: Annotated[date | None, Query(description="a Chinese day; by default today")] = None,
    known_at: Annotated[
        AwareDatetime | None,
        Query(description="not in the future; by default when anything was last recorded"),
    ] = None,
) -> Response:
    body = await scoring.score(actor, subject_id, scorecard, valid_at, known_at)
    return Response(body, media_type="application/json")


@router.get(
    "/score/history",
    responses=declare(SubjectNotFound),
    summary="Published grades, the newest first",
)
async def list_grades(
    subject_id: UUID,
    actor: Reader,
    scoring: ScoringServiceDep,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[GradeView]:
    return await scoring.history(actor, subject_id, cursor, limit)


@router.get(
    "/score/history/{version}/receipt",
    responses=declare(SubjectNotFound, GradeNotFound)
    | {202: {"description": "Not in the log yet; ask again"}, 200: {"description": "The receipt's bytes"}},
    response_class=Response,
    summary="The log's receipt of a published grade",
)
async def get_grade_receipt(
    subject_id: UUID,
    version: Annotated[int, Path(ge=1, le=2**31 - 1)],
    actor: Reader,
    scoring: ScoringServiceDep,
) -> Response:
    receipt = await scoring.receipt(actor, subject_id, version)
    if receipt is None:
        return Response(status_code=202, headers={"Retry-After": "1"})
    return Response(receipt.encode(), media_type="application/json")


@router.get(
    "/paths",
    responses=declare(SubjectNotFound, SubjectMerged, NoScorecard, Forbidden),
    summary="The cheapest lawful ways to the next better grade, from today",
)
async def list_paths(subject_id: UUID, actor: Reader, service: PathServiceDep) -> list[PathView]:
    return await service.paths(actor, subject_id)
