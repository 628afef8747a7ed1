"""Routes of qualifications and training."""

from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Query

from credit.relations.bars import Barred
from credit.subjects.errors import SubjectMerged, SubjectNotFound

from .dependencies import QualificationServiceDep, Reader, Writer
from .errors import QualificationNotFound, QualificationRefused, TrainingNotFound
from .schemas import (
    EndIn,
    QualificationIn,
    QualificationView,
    TrainingHours,
    TrainingIn,
    TrainingView,
    WithdrawalIn,
)

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/subjects/{subject_id}", tags=["qualifications"])


@router.post(
    "/qualifications",
    status_code=201,
    responses=declare(SubjectNotFound, SubjectMerged, Barred, QualificationRefused),
    summary="Record a card or certificate of a person",
)
async def record_qualification(
    subject_id: UUID, body: QualificationIn, actor: Writer, qualifications: QualificationServiceDep
) -> QualificationView:
    return await qualifications.record(actor, subject_id, body)


@router.get(
    "/qualifications",
    responses=declare(SubjectNotFound),
    summary="Cards and certificates of a person, with their last day and when they can be renewed",
)
async def list_qualifications(
    subject_id: UUID, actor: Reader, qualifications: QualificationServiceDep
) -> Page[QualificationView]:
    return Page(items=await qualifications.list_of(actor, subject_id), next_cursor=None)


@router.post(
    "/qualifications/{qualification_id}/end",
    responses=declare(SubjectNotFound, SubjectMerged, QualificationNotFound, QualificationRefused),
    summary="Say that a qualification ended",
)
async def end_qualification(
    subject_id: UUID,
    qualification_id: UUID,
    body: EndIn,
    actor: Writer,
    qualifications: QualificationServiceDep,
) -> QualificationView:
    return await qualifications.end(actor, subject_id, qualification_id, body)


@router.post(
    "/trainings",
    status_code=201,
    responses=declare(SubjectNotFound, SubjectMerged, QualificationRefused),
    summary="Record a completed training; it becomes a fact",
)
async def record_training(
    subject_id: UUID, body: TrainingIn, actor: Writer, qualifications: QualificationServiceDep
) -> TrainingView:
    return await qualifications.train(actor, subject_id, body)


@router.post(
    "/trainings/{training_id}/withdrawal",
    responses=declare(SubjectNotFound, SubjectMerged, TrainingNotFound, QualificationRefused),
    summary="Take back a training that was recorded wrongly; its fact is revoked",
)
async def withdraw_training(
    subject_id: UUID,
    training_id: UUID,
    body: WithdrawalIn,
    actor: Writer,
    qualifications: QualificationServiceDep,
) -> TrainingView:
    return await qualifications.withdraw(actor, subject_id, training_id, body)


@router.get("/trainings", responses=declare(SubjectNotFound), summary="Trainings of a subject, newest first")
async def list_trainings(
    subject_id: UUID,
    actor: Reader,
    qualifications: QualificationServiceDep,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[TrainingView]:
    return await qualifications.trainings(actor, subject_id, cursor, limit)


@router.get(
    "/training-hours",
    responses=declare(SubjectNotFound),
    summary="Hours of training in a calendar year, and how many are missing",
)
async def get_training_hours(
    subject_id: UUID,
    actor: Reader,
    qualifications: QualificationServiceDep,
    year: Annotated[int | None, Query(ge=2000, le=2200)] = None,
) -> TrainingHours:
    return await qualifications.hours(actor, subject_id, year)
