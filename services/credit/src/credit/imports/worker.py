"""The part of the service that applies staged files chunk by chunk; several processes share the work."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from common.db import Database, sqlstate
from common.problems import Problem
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from starlette.applications import Starlette

from credit.environment import Environment

from .service import ImportService
from .staging import Stager

__all__ = ["ImportWorker", "importing"]

log = structlog.get_logger(__name__)

MAX_ROWS = 1_000
LONGEST = 0.8
PAUSE = 1.0
ATTEMPTS = 3


class ImportWorker:
    """Applies chunks of at most `MAX_ROWS` rows, fewer when they take longer than `LONGEST` seconds."""

    def __init__(self, database: Database, env: Environment) -> None:
        self._database, self._env = database, env
        self._limit = MAX_ROWS // 2
        self._speed: float | None = None
        self._failures = 0
        self.bell = asyncio.Event()

    async def run(self) -> None:
        """Work for ever; without work wait for the bell, or look again after a pause."""
        while True:
            if not await self.step():
                self.bell.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.bell.wait(), PAUSE)

    async def step(self) -> bool:
        """One chunk in one transaction; says whether there may be more at once.

        A chunk that fails is tried again row by row; a row that fails alone, several times, is passed over.
        """
        began = time.perf_counter()
        try:
            async with self._database.session() as session:
                done = await ImportService(session, self._env).advance(self._limit, self._speed)
        except Exception as error:
            # Whatever it is: one file must not keep all others from being applied.
            state = sqlstate(error) if isinstance(error, DBAPIError) else None
            log.warning(
                "import_chunk_failed",
                kind=type(error).__name__,
                sqlstate=state,
                rows=self._limit,
                exc_info=None if isinstance(error, SQLAlchemyError | OSError | Problem) else error,
            )
            await self._after_failure()
            return False
        self._failures = 0
        if done is None:
            self._limit, self._speed = MAX_ROWS // 2, None
            return False
        took = time.perf_counter() - began
        if done:
            self._speed = done / took
            if took > LONGEST:
                self._limit = max(1, self._limit // 2)
            elif took < LONGEST / 2:
                self._limit = min(MAX_ROWS, self._limit * 2)
        return True

    async def _after_failure(self) -> None:
        self._failures += 1
        if self._failures < ATTEMPTS:
            return
        if self._limit > 1:
            self._limit, self._failures = 1, 0
            return
        with contextlib.suppress(SQLAlchemyError, OSError):
            async with self._database.session() as session:
                await ImportService(session, self._env).pass_over()
        self._failures = 0


@asynccontextmanager
async def importing(app: Starlette) -> AsyncIterator[None]:
    """The lifespan part that takes files in (`app.state.stager`) and applies them."""
    state = app.state
    state.stager = Stager(state.db, state.env, state.settings)
    state.import_worker = ImportWorker(state.db, state.env)
    task = asyncio.create_task(state.import_worker.run(), name="imports of credit")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
