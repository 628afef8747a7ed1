"""One leader per database: whoever holds a session advisory lock on a direct connection.

The lock lives exactly as long as the connection, so a leader that dies, or is cut off, is followed by another
without anyone's hand, and a leader that loses its connection stops its work at once.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg

from common.events.bell import Bell
from common.events.guard import while_holding

__all__ = ["CHANNEL", "LeadershipLost", "lead"]

CHANNEL = "tourtrust_outbox"
_TRY = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
# The server notices within some ten seconds that a leader's machine has vanished, and frees the lock.
_SESSION = {
    "application_name": "tourtrust-relay",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "idle_session_timeout": "0",
}


class LeadershipLost(ConnectionError):
    """The connection that held the lock is gone."""


async def lead(
    url: str,
    name: str,
    bell: Bell,
    work: Callable[[asyncpg.Connection], Coroutine[Any, Any, None]],
    *,
    poll: float = 1.0,
) -> None:
    """Wait to become the leader called `name` in a database, then do `work` on the lock's connection.

    While waiting, a bell rung here is passed to the leader by NOTIFY.

    Raises:
        LeadershipLost: the connection ended; the work was cancelled.
    """
    connection = await asyncpg.connect(
        url.replace("postgresql+asyncpg://", "postgresql://", 1),
        timeout=5,
        command_timeout=30,
        server_settings=_SESSION,
    )
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        while not await connection.fetchval(_TRY, name):
            if await bell.wait(poll):
                await connection.execute(f"NOTIFY {CHANNEL}")
        await connection.add_listener(CHANNEL, lambda *_: bell.ring())
        await while_holding(lost, LeadershipLost("the leader's connection ended"), work(connection))
    finally:
        try:
            await connection.close(timeout=2)
        except BaseException as error:
            connection.terminate()
            if not isinstance(error, Exception):
                raise
