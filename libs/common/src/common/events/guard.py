"""Work that must not outlive what it depends on."""

import asyncio
from collections.abc import Coroutine
from typing import Any

__all__ = ["while_holding"]


async def while_holding(lost: asyncio.Event, error: Exception, work: Coroutine[Any, Any, None]) -> None:
    """Do the work; once `lost` is set, cancel it and raise `error` instead."""
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(lost.wait())
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise error
        working.result()
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)
