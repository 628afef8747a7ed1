"""Routes of warnings."""

from datetime import date
from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Query

from .dependencies import Reader, WarningServiceDep, Writer
from .errors import ActRefused, WarningNotFound
from .rules import Act, State
from .schemas import InterviewIn, NoteIn, ResolveIn, WarningView

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/warnings", tags=["warnings"])


@router.get("", summary="Warnings, the newest first; never seen by the subject")
async def list_warnings(
    actor: Reader,
    warnings: WarningServiceDep,
    state: State | None = None,
    subject_id: UUID | None = None,
    rule: Annotated[str | None, Query(max_length=100)] = None,
    kind: Annotated[str | None, Query(pattern="^(clue|proposal)$")] = None,
    region: Annotated[str | None, Query(pattern="^[0-9]{6}$")] = None,
    overdue: bool | None = None,
    escalated: bool | None = None,
    due_before: Annotated[date | None, Query(description="open and due before this Chinese day")] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[WarningView]:
    filters = {
        "state": state,
        "subject_id": subject_id,
        "rule_id": rule,
        "kind": kind,
        "region": region,
        "overdue": overdue,
        "escalated": escalated,
        "due_before": due_before,
    }
    return await warnings.search(actor, filters, cursor, limit)


@router.get("/{warning_id}", responses=declare(WarningNotFound), summary="A warning with what was done")
async def get_warning(warning_id: UUID, actor: Reader, warnings: WarningServiceDep) -> WarningView:
    return await warnings.get(actor, warning_id)


@router.post(
    "/{warning_id}/acknowledge", responses=declare(WarningNotFound, ActRefused), summary="Take a warning up"
)
async def acknowledge_warning(
    warning_id: UUID, body: NoteIn, actor: Writer, warnings: WarningServiceDep
) -> WarningView:
    return await warnings.act(actor, warning_id, Act.ACKNOWLEDGE, body.note)


@router.post(
    "/{warning_id}/interview",
    responses=declare(WarningNotFound, ActRefused),
    summary="Invite the subject to a talk, or record one that was held",
)
async def interview_warning(
    warning_id: UUID, body: InterviewIn, actor: Writer, warnings: WarningServiceDep
) -> WarningView:
    return await warnings.interview(actor, warning_id, body)


@router.post(
    "/{warning_id}/resolve",
    responses=declare(WarningNotFound, ActRefused),
    summary="Close a warning with its outcome",
)
async def resolve_warning(
    warning_id: UUID, body: ResolveIn, actor: Writer, warnings: WarningServiceDep
) -> WarningView:
    return await warnings.act(actor, warning_id, Act.RESOLVE, body.note, body.outcome)
