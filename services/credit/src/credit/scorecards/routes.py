"""Routes of scorecards made here."""

from typing import Annotated, Any
from uuid import UUID

from common.pagination import Page
from common.problems import PreconditionFailed, PreconditionRequired, SecondPersonNeeded, declare
from common.web import CursorParam, ExpectedVersion, LimitParam, ServiceRouter, etag
from fastapi import Body, Query, Response

from .dependencies import CardServiceDep, PolicyMaker, Reader
from .errors import CardClash, CardNotFound, NotSimulated, WrongHash, WrongState
from .rules import State
from .schemas import CardSummary, CardView, PublicationIn, WithdrawalIn

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/scorecards", tags=["scorecards"])

Document = Annotated[
    dict[str, Any], Body(description="the whole card, in the format of the policy files, as JSON")
]


def _answer(view: CardView, status: int = 200) -> Response:
    headers = {"ETag": etag(view.version)}
    if status == 201:
        headers["Location"] = f"/api/v1/credit/scorecards/{view.id}"
    return Response(view.model_dump_json(), status, headers, "application/json")


@router.post(
    "",
    status_code=201,
    response_model=CardView,
    responses=declare(CardNotFound),
    summary="Draft a scorecard",
)
async def draft_card(body: Document, actor: PolicyMaker, cards: CardServiceDep) -> Response:
    return _answer(await cards.view(await cards.draft(actor, body)), 201)


@router.get("", summary="Published scorecards; drafts and withdrawn ones to makers of policy")
async def list_cards(
    actor: Reader,
    cards: CardServiceDep,
    card_id: Annotated[str | None, Query(max_length=100)] = None,
    state: State | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[CardSummary]:
    return await cards.search(actor, card_id, state, cursor, limit)


@router.get(
    "/{card_id}",
    response_model=CardView,
    responses=declare(CardNotFound),
    summary="One version with its document",
)
async def get_card(card_id: UUID, actor: Reader, cards: CardServiceDep) -> Response:
    return _answer(await cards.view(await cards.get(actor, card_id)))


@router.put(
    "/{card_id}",
    response_model=CardView,
    responses=declare(CardNotFound, WrongState, PreconditionRequired, PreconditionFailed),
    summary="Replace a draft at the version named by If-Match",
)
async def change_card(
    card_id: UUID, body: Document, expected: ExpectedVersion, actor: PolicyMaker, cards: CardServiceDep
) -> Response:
    return _answer(await cards.view(await cards.change(actor, card_id, expected, body)))


@router.post(
    "/{card_id}/publication",
    response_model=CardView,
    responses=declare(CardNotFound, WrongState, SecondPersonNeeded, WrongHash, NotSimulated, CardClash),
    summary="Publish exactly the simulated content, by a second person",
)
async def publish_card(
    card_id: UUID, body: PublicationIn, actor: PolicyMaker, cards: CardServiceDep
) -> Response:
    return _answer(await cards.view(await cards.publish(actor, card_id, body)))


@router.post(
    "/{card_id}/withdrawal",
    response_model=CardView,
    responses=declare(CardNotFound, WrongState, SecondPersonNeeded),
    summary="Give up a draft, or withdraw a published version before its first day",
)
async def withdraw_card(
    card_id: UUID, body: WithdrawalIn, actor: PolicyMaker, cards: CardServiceDep
) -> Response:
    return _answer(await cards.view(await cards.withdraw(actor, card_id, body.reason)))
