"""Routes of red and black boards."""

from typing import Annotated, Literal
from uuid import UUID

from common.pagination import Page
from common.problems import Forbidden, SecondPersonNeeded, declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Query

from .dependencies import BoardRemovalsDep, BoardServiceDep, Decider, Reader, Writer
from .errors import BoardExists, BoardNotFound, BoardRefused, RemovalNotOpen
from .rules import Side, State
from .schemas import (
    BoardIn,
    BoardView,
    EntryView,
    PublicBoardView,
    PublicEntryView,
    ReasonIn,
    RemovalDecisionIn,
    ReviewIn,
)

__all__ = ["PUBLIC", "router"]

router = ServiceRouter(prefix="/api/v1/credit", tags=["boards"])
PUBLIC = frozenset(
    {"GET /api/v1/credit/public/boards", "GET /api/v1/credit/public/boards/{board_id}/entries"}
)
Region = Annotated[str | None, Query(pattern="^[0-9]{6}$")]


@router.post(
    "/boards",
    status_code=201,
    responses=declare(BoardNotFound, BoardExists),
    summary="Open a run of a board for a period or on a major event",
)
async def open_board(body: BoardIn, actor: Writer, boards: BoardServiceDep) -> BoardView:
    return await boards.open(actor, body)


@router.get("/boards", summary="Runs of boards, the newest first")
async def list_boards(
    actor: Reader,
    boards: BoardServiceDep,
    board: Annotated[str | None, Query(max_length=100)] = None,
    region: Region = None,
    period: Annotated[str | None, Query(max_length=10)] = None,
    state: State | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[BoardView]:
    filters = {"policy_id": board, "region": region, "period": period, "state": state}
    return await boards.search(actor, filters, cursor, limit)


@router.get("/boards/{board_id}", responses=declare(BoardNotFound), summary="A run with its counts")
async def get_board(board_id: UUID, actor: Reader, boards: BoardServiceDep) -> BoardView:
    return await boards.get(actor, board_id)


@router.get(
    "/boards/{board_id}/entries",
    responses=declare(BoardNotFound, Forbidden),
    summary="Who is, or was proposed to be, on which board and why",
)
async def list_entries(
    board_id: UUID,
    actor: Reader,
    boards: BoardServiceDep,
    side: Side | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Page[EntryView]:
    return await boards.entries(actor, board_id, side, cursor, limit)


@router.post(
    "/boards/{board_id}/entries/{subject_id}/review",
    responses=declare(BoardNotFound, BoardRefused),
    summary="Keep what the card proposes, or leave the subject off",
)
async def review_entry(
    board_id: UUID, subject_id: UUID, body: ReviewIn, actor: Writer, boards: BoardServiceDep
) -> EntryView:
    return await boards.review(actor, board_id, subject_id, body)


@router.post(
    "/boards/{board_id}/entries/{subject_id}/removal",
    responses=declare(BoardNotFound, BoardRefused, RemovalNotOpen),
    summary="Ask that a subject be taken off the black board before the next run",
)
async def ask_removal(
    board_id: UUID, subject_id: UUID, body: ReasonIn, actor: Writer, boards: BoardRemovalsDep
) -> EntryView:
    return await boards.ask_removal(actor, board_id, subject_id, body.reason)


@router.post(
    "/boards/{board_id}/entries/{subject_id}/removal-decision",
    responses=declare(BoardNotFound, BoardRefused, RemovalNotOpen, SecondPersonNeeded),
    summary="Order the removal that another person asked for, in writing; or decline it",
)
async def decide_removal(
    board_id: UUID, subject_id: UUID, body: RemovalDecisionIn, actor: Decider, boards: BoardRemovalsDep
) -> EntryView:
    return await boards.decide_removal(actor, board_id, subject_id, body)


@router.post(
    "/boards/{board_id}/publication",
    responses=declare(BoardNotFound, BoardRefused, SecondPersonNeeded),
    summary="Publish a run, by somebody who neither opened nor reviewed it",
)
async def publish_board(board_id: UUID, actor: Decider, boards: BoardServiceDep) -> BoardView:
    return await boards.publish(actor, board_id)


@router.post(
    "/boards/{board_id}/withdrawal",
    responses=declare(BoardNotFound, BoardRefused),
    summary="Drop a run that is not published",
)
async def withdraw_board(board_id: UUID, body: ReasonIn, actor: Writer, boards: BoardServiceDep) -> BoardView:
    return await boards.withdraw(actor, board_id, body.reason)


@router.get("/public/boards", summary="Published boards, for anyone")
async def list_public_boards(
    boards: BoardServiceDep, region: Region = None, cursor: CursorParam = None, limit: LimitParam = 10
) -> Page[PublicBoardView]:
    return await boards.public(region, cursor, limit)


@router.get(
    "/public/boards/{board_id}/entries",
    responses=declare(BoardNotFound),
    summary="One side of a published board, all of it page by page, for anyone",
)
async def list_public_board_entries(
    board_id: UUID,
    boards: BoardServiceDep,
    side: Literal["red", "black"],
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Page[PublicEntryView]:
    return await boards.public_entries(board_id, side, cursor, limit)
