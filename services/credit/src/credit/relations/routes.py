"""Routes of relations."""

from datetime import date
from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Query
from pydantic import AwareDatetime

from credit.subjects.errors import SubjectMerged, SubjectNotFound

from .bars import Barred
from .dependencies import Reader, RelationServiceDep, Writer
from .errors import RelationNotFound, RelationRefused
from .rules import RelationKind
from .schemas import EndIn, RelationIn, RelationView

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit", tags=["relations"])


@router.post(
    "/subjects/{subject_id}/relations",
    status_code=201,
    responses=declare(SubjectNotFound, SubjectMerged, Barred, RelationRefused),
    summary="Record how a subject stands to another: branch, employment, post, contract",
)
async def record_relation(
    subject_id: UUID, body: RelationIn, actor: Writer, relations: RelationServiceDep
) -> RelationView:
    return await relations.record(actor, subject_id, body)


@router.get(
    "/subjects/{subject_id}/relations",
    responses=declare(SubjectNotFound),
    summary="Relations of a subject, on a day and as known at a moment",
)
async def list_relations(
    subject_id: UUID,
    actor: Reader,
    relations: RelationServiceDep,
    kind: RelationKind | None = None,
    on: Annotated[date | None, Query(description="only those that hold on this day")] = None,
    known_at: Annotated[AwareDatetime | None, Query(description="as known at this instant")] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[RelationView]:
    return await relations.list_of(actor, subject_id, kind, on, known_at, cursor, limit)


@router.post(
    "/relations/{relation_id}/end",
    responses=declare(RelationNotFound, RelationRefused),
    summary="End a relation; what was known before stays known",
)
async def end_relation(
    relation_id: UUID, body: EndIn, actor: Writer, relations: RelationServiceDep
) -> RelationView:
    return await relations.end(actor, relation_id, body)
