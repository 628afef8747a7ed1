"""Waking the relay as soon as a transaction that published something commits.

A `NOTIFY` inside the transaction would be simpler, but PostgreSQL commits notifying transactions one at a
time, which would put a ceiling on writes. So the commit rings a bell inside the process: the leader reads at
once; a process that is not the leader sends one `NOTIFY` for all commits since the last, outside of them.
The relay's poll once a second remains the safety net.
"""

import asyncio
from weakref import WeakSet

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

__all__ = ["Bell", "ring_on_commit"]

_MARK = "common.events.bell"


class Bell:
    """Waited for by one task, rung from anywhere in the process."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()
        _bells.add(self)

    def ring(self) -> None:
        """Wake the waiter, now or when it next waits. Safe from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._rung.set)

    async def wait(self, seconds: float) -> bool:
        """Wait until rung, at most `seconds`; says whether it was."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True


_bells: WeakSet[Bell] = WeakSet()


def ring_on_commit(session: AsyncSession) -> None:
    """Ring all bells of this process when the session's transaction commits."""
    if not session.info.get(_MARK):
        session.info[_MARK] = True
        event.listen(session.sync_session, "after_commit", _ring)


def _ring(session: Session) -> None:
    if not session.in_nested_transaction():
        for bell in list(_bells):
            bell.ring()
