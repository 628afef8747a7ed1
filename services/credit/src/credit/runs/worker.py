"""The part of the service that works off runs, a chunk at a time, until it stops.

The cursor of a run moves in the transaction of its chunk, and whoever works on a run holds its row: so runs
go on after a crash where the last whole chunk ended, and several processes share them.

A chunk that fails is done again after a pause. A run whose chunk fails `ATTEMPTS` times, for another reason
than that the server was away, is *failed* and says why; other runs go on.
"""

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from common.db import Database, sqlstate
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette

from credit.background import is_outage, report, step_for_ever
from credit.environment import Environment

from .chunks import Chunks
from .service import RunService

__all__ = ["RunsWorker", "runs_worker", "work_off"]

PAUSE = 1.0
ATTEMPTS = 3


async def work_off(database: Database, env: Environment, chunks: int | None = None) -> int:
    """Do chunks, each in a transaction of its own, until nothing is left (or so many); gives how many."""
    size: int | None = None
    done = 0
    while chunks is None or done < chunks:
        async with database.session() as session:
            following = await Chunks(session, env).step(size)
        if following is None:
            break
        size, done = following, done + 1
    return done


class RunsWorker:
    """Works off runs; one whose chunk failed waits until the others are done and a pause is over."""

    def __init__(self, database: Database, env: Environment) -> None:
        self._database, self._env = database, env
        self._size: int | None = None
        self._failures: dict[UUID, int] = {}
        self._waiting: set[UUID] = set()

    async def step(self) -> bool:
        """One chunk of the oldest run that does not wait; says whether there may be more at once."""
        run_id: UUID | None = None
        try:
            async with self._database.session() as session:
                chunks = Chunks(session, self._env)
                run_id = await chunks.take(self._waiting)
                size = await chunks.step(self._size) if run_id else None
        except Exception as error:
            # Whatever it is: one run must not keep the others from being done.
            if run_id is None:
                raise
            await self._after_failure(run_id, error)
            return True
        if run_id is None or size is None:
            self._size = None
            self._waiting.clear()
            return False
        self._size = size
        self._failures.pop(run_id, None)
        return True

    async def _after_failure(self, run_id: UUID, error: Exception) -> None:
        report(f"run {run_id}", error)
        self._waiting.add(run_id)
        if is_outage(error):
            return
        self._failures[run_id] = self._failures.get(run_id, 0) + 1
        if self._failures[run_id] >= ATTEMPTS:
            async with self._database.session() as session:
                await RunService(session, self._env).give_up(run_id, _reason(error))
            del self._failures[run_id]


def _reason(error: Exception) -> str:
    """What went wrong and where; not the message, which may hold what a subject's data says."""
    state = f" {sqlstate(error)}" if isinstance(error, DBAPIError) else ""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}{state} in {frame.name}, {Path(frame.filename).name}:{frame.lineno}"


@asynccontextmanager
async def runs_worker(app: Starlette) -> AsyncIterator[None]:
    """The lifespan part that works off runs until the service stops."""
    worker = RunsWorker(app.state.db, app.state.env)
    task = asyncio.create_task(step_for_ever("runs", worker.step, PAUSE), name="runs of credit")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
