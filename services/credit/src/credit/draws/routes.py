"""Routes of draws."""

from uuid import UUID

from common.pagination import Page
from common.problems import SecondPersonNeeded, declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Response

from credit.plans.errors import PlanConflict, PlanNotFound, TaskNotFound
from credit.supervision.errors import SupervisionBehind

from .dependencies import Decider, DrawServiceDep, Inspector, Reader, WaiverServiceDep
from .errors import (
    DrawConflict,
    DrawNotFinished,
    DrawNotFound,
    DrawNotHandedOut,
    DrawNotSealed,
    NotADrawOfficer,
)
from .schemas import CommitmentIn, DrawBrief, DrawIn, DrawView, RevealIn, WaiverIn

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/draws", tags=["draws"])


@router.post(
    "",
    status_code=201,
    responses=declare(
        DrawNotFound, PlanNotFound, TaskNotFound, DrawConflict, PlanConflict, SupervisionBehind
    ),
    summary="Freeze objects, weights, inspectors, recusals and exclusions of a draw",
)
async def freeze_draw(body: DrawIn, actor: Inspector, draws: DrawServiceDep) -> DrawView:
    written = await draws.freeze(actor, body)
    return await draws.view(actor, written.draw, written.promise)


@router.get("", summary="Draws, the newest first")
async def list_draws(
    actor: Reader, draws: DrawServiceDep, cursor: CursorParam = None, limit: LimitParam = 20
) -> Page[DrawBrief]:
    return await draws.search(actor, cursor, limit)


@router.get("/{draw_id}", responses=declare(DrawNotFound), summary="A draw, and whether it is sealed")
async def get_draw(draw_id: UUID, actor: Reader, draws: DrawServiceDep) -> DrawView:
    return await draws.view(actor, await draws.get(actor, draw_id))


@router.post(
    "/{draw_id}/commitments",
    status_code=201,
    responses=declare(DrawNotFound, NotADrawOfficer, DrawConflict),
    summary="The calling officer commits to a secret made on his own side",
)
async def commit_to_draw(
    draw_id: UUID, body: CommitmentIn, actor: Inspector, draws: DrawServiceDep
) -> DrawView:
    written = await draws.commit(actor, draw_id, body.commitment)
    return await draws.view(actor, written.draw, written.promise)


@router.post(
    "/{draw_id}/reveals",
    status_code=201,
    responses=declare(DrawNotFound, NotADrawOfficer, DrawConflict, DrawNotSealed),
    summary="The calling officer reveals his secret; the last one makes the draw",
)
async def reveal_to_draw(draw_id: UUID, body: RevealIn, actor: Inspector, draws: DrawServiceDep) -> DrawView:
    written = await draws.reveal(actor, draw_id, bytes.fromhex(body.secret))
    return await draws.view(actor, written.draw, written.promise)


@router.post(
    "/{draw_id}/waiver",
    status_code=201,
    responses=declare(DrawNotFound, DrawConflict, DrawNotFinished, SecondPersonNeeded),
    summary="Give a chain of void draws up, on public record",
)
async def waive_draw(
    draw_id: UUID, body: WaiverIn, actor: Decider, waivers: WaiverServiceDep, draws: DrawServiceDep
) -> DrawView:
    return await draws.view(actor, await waivers.waive(actor, draw_id, body))


@router.get(
    "/{draw_id}/inputs",
    responses=declare(DrawNotFound, DrawNotHandedOut),
    response_class=Response,
    summary="The frozen inputs' bytes, which an officer checks before he reveals",
)
async def get_inputs(draw_id: UUID, actor: Reader, draws: DrawServiceDep) -> Response:
    return Response(await draws.inputs(actor, draw_id), media_type="application/json")


@router.get(
    "/{draw_id}/bundle",
    responses=declare(DrawNotFound, DrawNotFinished, DrawNotHandedOut),
    response_class=Response,
    summary="The bundle's bytes, to be verified offline",
)
async def get_bundle(draw_id: UUID, actor: Reader, draws: DrawServiceDep) -> Response:
    return Response(await draws.bundle(actor, draw_id), media_type="application/json")
