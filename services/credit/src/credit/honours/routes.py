"""Routes of honours, pledges and marks."""

from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import SecondPersonNeeded, declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Query

from .dependencies import Applicant, Decider, HonourServiceDep, Reader, Writer
from .errors import CriteriaNotMet, HonourNotFound, HonourOpen, HonourRefused, TooEarly
from .rules import State
from .schemas import DecisionIn, HonourIn, HonourView, NoteIn, PublicHonourView, ReviewIn, StatementIn

__all__ = ["PUBLIC", "router"]

router = ServiceRouter(prefix="/api/v1/credit", tags=["honours"])
PUBLIC = frozenset({"GET /api/v1/credit/public/honours"})
Code = Annotated[str | None, Query(max_length=100)]
Region = Annotated[str | None, Query(pattern="^[0-9]{6}$")]


@router.post(
    "/honours",
    status_code=201,
    responses=declare(HonourNotFound, HonourOpen),
    summary="Apply for an honour, or propose one",
)
async def apply_for_honour(body: HonourIn, actor: Applicant, honours: HonourServiceDep) -> HonourView:
    return await honours.apply(actor, body)


@router.get("/honours", summary="Honours and applications, the newest first")
async def list_honours(
    actor: Reader,
    honours: HonourServiceDep,
    state: State | None = None,
    honour: Code = None,
    subject_id: UUID | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[HonourView]:
    filters = {"state": state, "policy_id": honour, "subject_id": subject_id}
    return await honours.search(actor, filters, cursor, limit)


@router.get("/honours/{honour_id}", responses=declare(HonourNotFound), summary="An honour with its steps")
async def get_honour(honour_id: UUID, actor: Reader, honours: HonourServiceDep) -> HonourView:
    return await honours.get(actor, honour_id)


@router.post(
    "/honours/{honour_id}/review",
    responses=declare(HonourNotFound, HonourRefused, CriteriaNotMet),
    summary="Recommend to grant or to refuse",
)
async def review_honour(
    honour_id: UUID, body: ReviewIn, actor: Writer, honours: HonourServiceDep
) -> HonourView:
    return await honours.review(actor, honour_id, body.recommend, body.note)


@router.post(
    "/honours/{honour_id}/grant",
    responses=declare(HonourNotFound, HonourRefused, SecondPersonNeeded, CriteriaNotMet),
    summary="Grant, by somebody who neither applied nor reviewed",
)
async def grant_honour(
    honour_id: UUID, body: NoteIn, actor: Decider, honours: HonourServiceDep
) -> HonourView:
    return await honours.grant(actor, honour_id, body.note)


@router.post(
    "/honours/{honour_id}/refusal",
    responses=declare(HonourNotFound, HonourRefused, SecondPersonNeeded),
    summary="Refuse with reasons",
)
async def refuse_honour(
    honour_id: UUID, body: NoteIn, actor: Decider, honours: HonourServiceDep
) -> HonourView:
    return await honours.refuse(actor, honour_id, body.note)


@router.post(
    "/honours/{honour_id}/withdrawal",
    responses=declare(HonourNotFound, HonourRefused),
    summary="Take an application back",
)
async def withdraw_honour(
    honour_id: UUID, body: NoteIn, actor: Applicant, honours: HonourServiceDep
) -> HonourView:
    return await honours.withdraw(actor, honour_id, body.note)


@router.post(
    "/honours/{honour_id}/suspension",
    responses=declare(HonourNotFound, HonourRefused),
    summary="Suspend an honour",
)
async def suspend_honour(
    honour_id: UUID, body: NoteIn, actor: Writer, honours: HonourServiceDep
) -> HonourView:
    return await honours.suspend(actor, honour_id, body.note)


@router.post(
    "/honours/{honour_id}/resumption",
    responses=declare(HonourNotFound, HonourRefused, CriteriaNotMet),
    summary="End a suspension",
)
async def resume_honour(
    honour_id: UUID, body: NoteIn, actor: Writer, honours: HonourServiceDep
) -> HonourView:
    return await honours.resume(actor, honour_id, body.note)


@router.post(
    "/honours/{honour_id}/notice",
    responses=declare(HonourNotFound, HonourRefused),
    summary="Give notice of an intended revocation",
)
async def notify_honour(
    honour_id: UUID, body: NoteIn, actor: Writer, honours: HonourServiceDep
) -> HonourView:
    return await honours.notify(actor, honour_id, body.note)


@router.post(
    "/honours/{honour_id}/statement",
    responses=declare(HonourNotFound, HonourRefused, SecondPersonNeeded),
    summary="The subject's statement; an officer who gave no notice enters a written one",
)
async def state_on_honour(
    honour_id: UUID, body: StatementIn, actor: Applicant, honours: HonourServiceDep
) -> HonourView:
    return await honours.state(actor, honour_id, body)


@router.post(
    "/honours/{honour_id}/decision",
    responses=declare(HonourNotFound, HonourRefused, SecondPersonNeeded, TooEarly),
    summary="Revoke, or let the honour stand",
)
async def decide_on_honour(
    honour_id: UUID, body: DecisionIn, actor: Decider, honours: HonourServiceDep
) -> HonourView:
    return await honours.decide(actor, honour_id, body.revoke, body.note)


@router.get("/public/honours", summary="Held honours, for anyone")
async def list_public_honours(
    honours: HonourServiceDep,
    honour: Code = None,
    number: Annotated[str | None, Query(max_length=40)] = None,
    region: Region = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[PublicHonourView]:
    filters = {"policy_id": honour, "number": number, "region": region}
    return await honours.public(filters, cursor, limit)
