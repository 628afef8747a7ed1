"""Routes of runs."""

from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import Forbidden, declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Query, Response

from .dependencies import Orderer, Reader, RunServiceDep, SimulationServiceDep
from .errors import RunNotFound, RunOver
from .rules import RunState
from .schemas import ResultView, RunIn, RunView
from .service import view

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/scoring-runs", tags=["scoring runs"])


@router.post(
    "",
    status_code=202,
    response_model=RunView,
    responses=declare(RunNotFound),
    summary="Score a region again, for the record or on trial, in the background",
)
async def order_run(body: RunIn, actor: Orderer, runs: RunServiceDep) -> Response:
    told = view(await runs.order(actor, body))
    headers = {"Location": f"/api/v1/credit/scoring-runs/{told.id}"}
    return Response(told.model_dump_json(), 202, headers, "application/json")


@router.get("", summary="Runs in the caller's regions, the newest first")
async def list_runs(
    actor: Reader,
    runs: RunServiceDep,
    state: RunState | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[RunView]:
    return await runs.search(actor, state, cursor, limit)


@router.get("/{run_id}", responses=declare(RunNotFound), summary="How far a run is")
async def get_run(run_id: UUID, actor: Reader, runs: RunServiceDep) -> RunView:
    return view(await runs.get(actor, run_id))


@router.post(
    "/{run_id}/cancellation",
    responses=declare(RunNotFound, RunOver),
    summary="Stop a run behind its present chunk",
)
async def cancel_run(run_id: UUID, actor: Orderer, runs: RunServiceDep) -> RunView:
    return view(await runs.cancel(actor, run_id))


@router.get(
    "/{run_id}/results",
    responses=declare(RunNotFound, Forbidden),
    summary="What a run found: of a trial every subject, of a run for the record those that changed",
)
async def list_results(
    run_id: UUID,
    actor: Reader,
    simulations: SimulationServiceDep,
    changed: Annotated[bool | None, Query(description="only those that differ, or only the others")] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Page[ResultView]:
    return await simulations.results(actor, run_id, changed, cursor, limit)
