"""Work that falls due without a request: reply terms that ran out, lookup counts no longer needed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Protocol

import structlog
from common.problems import Problem
from sqlalchemy.exc import SQLAlchemyError

from complaints.cases.repository import CaseRepository
from complaints.cases.service import CaseService

__all__ = ["do_round", "rounds"]

log = structlog.get_logger(__name__)

CHUNK = 100
PAUSE_SECONDS = 5.0


class Application(Protocol):
    """What is needed of the application: its `state` with db, policies, keyring, clock and settings."""

    @property
    def state(self) -> Any: ...


async def do_round(state: Any) -> bool:
    """One chunk of due work in one transaction; says whether there may be more."""
    async with state.db.session() as session:
        window = timedelta(seconds=state.settings.lookup_window_seconds)
        cases = CaseRepository(session)
        await cases.forget_lookups(await cases.database_time() - 2 * window)
        service = CaseService.of(session, state.policies, state.keyring, state.clock)
        overdue = await service.close_reply_terms(CHUNK)
    if overdue:
        log.info("reply_terms_closed", cases=overdue)
    return overdue == CHUNK


@asynccontextmanager
async def rounds(app: Application) -> AsyncIterator[None]:
    """The lifespan part that makes rounds until the service stops. Several processes share the work."""
    task = asyncio.create_task(_run(app.state), name="rounds of complaints")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _run(state: Any) -> None:
    while True:
        more = False
        try:
            more = await do_round(state)
        except (SQLAlchemyError, OSError, Problem) as error:
            log.warning("round_failed", kind=type(error).__name__)
        if not more:
            await asyncio.sleep(PAUSE_SECONDS)
