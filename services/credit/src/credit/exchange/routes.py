"""Routes of the exchange: what was sent and told, sending again, comparing both sides."""

from uuid import UUID

from common.pagination import Page
from common.problems import declare
from common.web import CursorParam, LimitParam, ServiceRouter

from .dependencies import Decider, DeskDep, ExchangeServiceDep, SendingDep
from .errors import ExchangeUnavailable, RecordNotFound, RecordSettled
from .rules import DecisionState, RecordState, System
from .schemas import DecisionView, ReconcileIn, Reconciliation, RecordView, Retries, RetriesIn, SystemView

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/exchange", tags=["exchange"])


@router.get("/systems", summary="The systems on the other side and how records stand")
async def list_systems(actor: Decider, exchange: ExchangeServiceDep, desk: DeskDep) -> list[SystemView]:
    return await exchange.systems(actor, desk.adapters)


@router.get("/records", summary="Records sent or to be sent, the newest first")
async def list_records(
    actor: Decider,
    exchange: ExchangeServiceDep,
    system: System | None = None,
    state: RecordState | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[RecordView]:
    return await exchange.records(actor, system, state, cursor, limit)


@router.post(
    "/records/{record_id}/retry",
    responses=declare(RecordNotFound, RecordSettled),
    summary="Send a record again that was given up or refused",
)
async def retry_record(record_id: UUID, actor: Decider, sending: SendingDep) -> RecordView:
    return await sending.retry(actor, record_id)


@router.post("/{system}/retries", summary="Send all records of a system again that were given up or refused")
async def retry_records(system: System, body: RetriesIn, actor: Decider, sending: SendingDep) -> Retries:
    return await sending.retry_all(actor, system, body.state)


@router.get("/decisions", summary="Decisions of other systems and what became of them, the newest first")
async def list_decisions(
    actor: Decider,
    exchange: ExchangeServiceDep,
    system: System | None = None,
    state: DecisionState | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[DecisionView]:
    return await exchange.decisions(actor, system, state, cursor, limit)


@router.post(
    "/{system}/reconciliations",
    responses=declare(ExchangeUnavailable),
    summary="Compare what both sides hold of a day",
)
async def reconcile(system: System, body: ReconcileIn, actor: Decider, desk: DeskDep) -> Reconciliation:
    return await desk.reconcile(actor, system, body.day)
