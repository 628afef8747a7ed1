"""Keeping retention true: refused attempts are deleted when their time is over."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import structlog

from contracts.registrations.service import purge_attempts

__all__ = ["retention_part"]

log = structlog.get_logger(__name__)

EVERY_SECONDS = 3600


class Application(Protocol):
    """What is needed of the application: its `state` with db and clock."""

    @property
    def state(self) -> Any: ...


def retention_part() -> Callable[[Application], AbstractAsyncContextManager[None]]:
    """The lifespan part that deletes expired attempts, at start and every hour."""

    @asynccontextmanager
    async def part(app: Application) -> AsyncIterator[None]:
        task = asyncio.create_task(_run(app.state))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    return part


async def _run(state: Any) -> None:
    while True:
        try:
            async with state.db.session() as session:
                deleted = await purge_attempts(session, state.clock.now())
            if deleted:
                log.info("attempts_deleted", count=deleted)
        except Exception as error:
            log.warning("retention_postponed", kind=type(error).__name__)
        await asyncio.sleep(EVERY_SECONDS)
