"""The part of the service that works off runs, a chunk at a time, until it stops.

The cursor of a run moves in the transaction of its chunk, and whoever works on a run holds its row: so runs
go on after a crash where the last whole chunk ended, and several processes share them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from common.db import Database
from common.problems import Problem
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette

from credit.environment import Environment

from .chunks import FIRST_SIZE, Chunks

__all__ = ["runs_worker", "work_off"]

log = structlog.get_logger(__name__)

PAUSE = 1.0


async def work_off(database: Database, env: Environment, chunks: int | None = None) -> int:
    """Do chunks, each in a transaction of its own, until nothing is left (or so many); gives how many."""
    size, done = FIRST_SIZE, 0
    while chunks is None or done < chunks:
        async with database.session() as session:
            following = await Chunks(session, env).step(size)
        if following is None:
            break
        size, done = following, done + 1
    return done


@asynccontextmanager
async def runs_worker(app: Starlette) -> AsyncIterator[None]:
    """The lifespan part that works off runs until the service stops."""
    task = asyncio.create_task(_run(app), name="runs of credit")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _run(app: Starlette) -> None:
    while True:
        try:
            done = await work_off(app.state.db, app.state.env)
            if done:
                log.info("runs", chunks=done)
        except (SQLAlchemyError, OSError, Problem) as error:
            log.warning("run_chunk_failed", kind=type(error).__name__)
        await asyncio.sleep(PAUSE)
