"""Tasks that must not outlive what they depend on, nor the one who started them."""

import asyncio
from collections.abc import Coroutine
from typing import Any

__all__ = ["stop", "while_holding"]


async def stop(*tasks: "asyncio.Task[None]") -> None:
    """Cancel the tasks until they have ended.

    One cancellation is not always enough: database and bus clients may swallow it while they close a broken
    connection. A cancellation of the caller takes effect once the tasks have ended.
    """
    cancelled: asyncio.CancelledError | None = None
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        try:
            await asyncio.wait(pending, timeout=1)
        except asyncio.CancelledError as error:
            cancelled = error
    await asyncio.gather(*tasks, return_exceptions=True)
    if cancelled is not None:
        raise cancelled


async def while_holding(lost: asyncio.Event, error: Exception, work: Coroutine[Any, Any, None]) -> None:
    """Do the work; once `lost` is set, cancel it and raise `error` instead."""
    working = asyncio.create_task(work)
    watching = asyncio.create_task(_wait(lost))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise error
        working.result()
    finally:
        await stop(working, watching)


async def _wait(lost: asyncio.Event) -> None:
    await lost.wait()
