"""Routes of simulations."""

from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Query
from starlette.responses import FileResponse, Response

from credit.downloads import file_answer
from credit.runs.errors import RunNotFound, RunOver
from credit.scorecards.errors import CardNotFound, WrongState
from credit.sheets import SheetFormat

from .dependencies import PolicyMaker, SimulationServiceDep
from .schemas import ChangeView, SimulationIn, SimulationView

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/scorecards/{card_id}/simulations", tags=["scorecards"])

Grade = Annotated[str | None, Query(max_length=16)]


@router.post(
    "",
    status_code=202,
    responses=declare(CardNotFound, WrongState),
    summary="Try a draft on the whole population, in the background",
)
async def simulate_card(
    card_id: UUID, body: SimulationIn, actor: PolicyMaker, simulations: SimulationServiceDep
) -> SimulationView:
    return await simulations.start(actor, card_id, body)


@router.get("", responses=declare(CardNotFound), summary="Simulations of a draft, the newest first")
async def list_simulations(
    card_id: UUID,
    actor: PolicyMaker,
    simulations: SimulationServiceDep,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[SimulationView]:
    return await simulations.page(actor, card_id, cursor, limit)


@router.get(
    "/{run_id}",
    responses=declare(CardNotFound, RunNotFound),
    summary="How far a simulation is, and its figures at the end",
)
async def get_simulation(
    card_id: UUID, run_id: UUID, actor: PolicyMaker, simulations: SimulationServiceDep
) -> SimulationView:
    return await simulations.get(actor, card_id, run_id)


@router.post(
    "/{run_id}/cancellation",
    responses=declare(CardNotFound, RunNotFound, RunOver),
    summary="Stop a simulation",
)
async def cancel_simulation(
    card_id: UUID, run_id: UUID, actor: PolicyMaker, simulations: SimulationServiceDep
) -> SimulationView:
    return await simulations.cancel(actor, card_id, run_id)


@router.get(
    "/{run_id}/changes",
    responses=declare(CardNotFound, RunNotFound),
    summary="Subjects that would move, each with what makes the difference",
)
async def list_changes(
    card_id: UUID,
    run_id: UUID,
    actor: PolicyMaker,
    simulations: SimulationServiceDep,
    grade_before: Grade = None,
    grade: Grade = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Page[ChangeView]:
    return await simulations.changes(actor, card_id, run_id, (grade_before, grade), cursor, limit)


@router.get(
    "/{run_id}/changes.{extension}",
    response_class=FileResponse,
    responses=declare(CardNotFound, RunNotFound),
    summary="All subjects that would move, as a file",
)
async def export_changes(
    card_id: UUID,
    run_id: UUID,
    extension: SheetFormat,
    actor: PolicyMaker,
    simulations: SimulationServiceDep,
) -> Response:
    table = await simulations.export(actor, card_id, run_id, extension)
    return file_answer(table, f"simulation-{run_id}")
