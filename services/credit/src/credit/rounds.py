"""Work that falls due without a request: grades that change by the calendar, draws whose time has passed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from common.problems import Problem
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette

from credit.environment import Environment
from credit.inspections.service import InspectionService
from credit.scoring.service import ScoringService

__all__ = ["do_round", "rounds"]

log = structlog.get_logger(__name__)

CHUNK = 100
PAUSE = 5.0


async def do_round(session: AsyncSession, env: Environment) -> bool:
    """One chunk of due work in one transaction; says whether there may be more."""
    rescored = await ScoringService(session, env).rescore_due(CHUNK)
    voided = await InspectionService(session, env).void_overdue(CHUNK)
    if rescored or voided:
        log.info("round", rescored=rescored, voided=voided)
    return CHUNK in (rescored, voided)


@asynccontextmanager
async def rounds(app: Starlette) -> AsyncIterator[None]:
    """The lifespan part that makes rounds until the service stops. Several processes share the work."""
    task = asyncio.create_task(_run(app), name="rounds of credit")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _run(app: Starlette) -> None:
    while True:
        more = False
        try:
            async with app.state.db.session() as session:
                more = await do_round(session, app.state.env)
        except (SQLAlchemyError, OSError, Problem) as error:
            log.warning("round_failed", kind=type(error).__name__)
        if not more:
            await asyncio.sleep(PAUSE)
