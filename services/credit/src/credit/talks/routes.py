"""Routes of regulatory talks and mystery visits."""

from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Path

from credit.subjects.errors import SubjectNotFound

from .dependencies import Reader, Runner, TalkServiceDep
from .errors import CommitmentNotFound, MysteryVisitNotFound, TalkConflict, TalkNotFound
from .rules import TalkState
from .schemas import (
    CommitmentKeptIn,
    HeldIn,
    MysteryVisitIn,
    MysteryVisitView,
    NoteIn,
    TalkBrief,
    TalkIn,
    TalkView,
    VisitWithdrawalIn,
)

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit", tags=["talks"])


@router.post(
    "/talks", status_code=201, responses=declare(SubjectNotFound), summary="Invite to a regulatory talk"
)
async def invite_to_talk(body: TalkIn, actor: Runner, talks: TalkServiceDep) -> TalkView:
    return await talks.invite(actor, body)


@router.get("/talks", summary="Regulatory talks, the newest first")
async def list_talks(
    actor: Reader,
    talks: TalkServiceDep,
    subject_id: UUID | None = None,
    campaign_id: UUID | None = None,
    state: TalkState | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[TalkBrief]:
    return await talks.search(actor, subject_id, campaign_id, state, cursor, limit)


@router.get("/talks/{talk_id}", responses=declare(TalkNotFound), summary="A talk with its minutes")
async def get_talk(talk_id: UUID, actor: Reader, talks: TalkServiceDep) -> TalkView:
    return await talks.get(actor, talk_id)


@router.post(
    "/talks/{talk_id}/hold",
    responses=declare(TalkNotFound, TalkConflict, SubjectNotFound),
    summary="Record what was said and promised",
)
async def hold_talk(talk_id: UUID, body: HeldIn, actor: Runner, talks: TalkServiceDep) -> TalkView:
    return await talks.hold(actor, talk_id, body)


@router.post(
    "/talks/{talk_id}/miss",
    responses=declare(TalkNotFound, TalkConflict),
    summary="Note that nobody came",
)
async def miss_talk(talk_id: UUID, body: NoteIn, actor: Runner, talks: TalkServiceDep) -> TalkView:
    return await talks.close(actor, talk_id, TalkState.MISSED, body.note)


@router.post(
    "/talks/{talk_id}/cancel",
    responses=declare(TalkNotFound, TalkConflict),
    summary="Call a talk off",
)
async def cancel_talk(talk_id: UUID, body: NoteIn, actor: Runner, talks: TalkServiceDep) -> TalkView:
    return await talks.close(actor, talk_id, TalkState.CANCELLED, body.note)


@router.post(
    "/talks/{talk_id}/commitments/{no}",
    responses=declare(TalkNotFound, CommitmentNotFound, TalkConflict),
    summary="Note whether a promise was kept",
)
async def judge_promise(
    talk_id: UUID,
    no: Annotated[int, Path(ge=1, le=20)],
    body: CommitmentKeptIn,
    actor: Runner,
    talks: TalkServiceDep,
) -> TalkView:
    return await talks.judge(actor, talk_id, no, body)


@router.post(
    "/mystery-visits",
    status_code=201,
    responses=declare(SubjectNotFound),
    summary="Record a mystery visit",
)
async def note_mystery_visit(body: MysteryVisitIn, actor: Runner, talks: TalkServiceDep) -> MysteryVisitView:
    return await talks.note_visit(actor, body)


@router.get("/mystery-visits", summary="Mystery visits, the newest first")
async def list_mystery_visits(
    actor: Reader,
    talks: TalkServiceDep,
    subject_id: UUID | None = None,
    campaign_id: UUID | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[MysteryVisitView]:
    return await talks.search_visits(actor, subject_id, campaign_id, cursor, limit)


@router.post(
    "/mystery-visits/{visit_id}/withdrawal",
    responses=declare(MysteryVisitNotFound, TalkConflict),
    summary="Take back a mystery visit that was recorded wrongly",
)
async def withdraw_mystery_visit(
    visit_id: UUID, body: VisitWithdrawalIn, actor: Runner, talks: TalkServiceDep
) -> MysteryVisitView:
    return await talks.withdraw_visit(actor, visit_id, body)


@router.get("/mystery-visits/{visit_id}", responses=declare(MysteryVisitNotFound), summary="A mystery visit")
async def get_mystery_visit(visit_id: UUID, actor: Reader, talks: TalkServiceDep) -> MysteryVisitView:
    return await talks.get_visit(actor, visit_id)
