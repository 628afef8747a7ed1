"""Events held back: tried again with growing delays, in the order of their aggregate, and parked in the end.

The first held event of an aggregate is the one that is tried; the others wait. After the last attempt it is
parked: an alert is raised, its successors are released (better a copy that lacks one event than one that
stands still), and it stays until someone calls `redrive`. A handler that keeps the latest state then asks
`is_stale`. Delays run on the database's clock, not on the injected one, which may stand still.
"""

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from common.events.envelope import Event, decode, encode
from common.events.metrics import HANDLED, HELD_ROWS
from common.events.tuning import Sessions, Tuning
from common.telemetry import ALERTS

__all__ = ["Held", "hold", "redrive", "where"]

log = structlog.get_logger(__name__)

_LIMIT = text("SELECT set_config('statement_timeout', :limit, true)")
_HOLD = text(
    "INSERT INTO inbox_held (consumer, event_id, aggregate, event, attempts, next_attempt_at, error)"
    " VALUES (:consumer, :id, :aggregate, CAST(:event AS jsonb), CASE WHEN :tried THEN 1 ELSE 0 END,"
    " CASE WHEN :tried THEN clock_timestamp() + make_interval(secs => :delay) END, :error)"
)
_NOT_HANDLED = text("UPDATE inbox SET handled_at = NULL WHERE consumer = :consumer AND event_id = :id")
_DUE = text(
    "SELECT event_id, aggregate, event, attempts FROM inbox_held"
    " WHERE consumer = :consumer AND next_attempt_at <= clock_timestamp()"
    " ORDER BY position LIMIT 1 FOR UPDATE"
)
_HANDLED = text(
    "WITH gone AS (DELETE FROM inbox_held WHERE consumer = :consumer AND event_id = :id)"
    " UPDATE inbox SET handled_at = now() WHERE consumer = :consumer AND event_id = :id"
)
_AGAIN = text(
    "UPDATE inbox_held SET attempts = attempts + 1, error = :error,"
    " next_attempt_at = clock_timestamp() + make_interval(secs => :delay)"
    " WHERE consumer = :consumer AND event_id = :id"
)
_PARK = text(
    "UPDATE inbox_held SET attempts = attempts + 1, error = :error, next_attempt_at = NULL, parked_at = now()"
    " WHERE consumer = :consumer AND event_id = :id"
)
_RELEASE = text(
    "UPDATE inbox_held SET next_attempt_at = clock_timestamp() WHERE consumer = :consumer AND event_id ="
    " (SELECT event_id FROM inbox_held WHERE consumer = :consumer AND aggregate = :aggregate"
    " AND parked_at IS NULL ORDER BY position LIMIT 1)"
)
_STATES = text(
    "SELECT count(*) FILTER (WHERE next_attempt_at IS NOT NULL),"
    " count(*) FILTER (WHERE parked_at IS NOT NULL), count(*),"
    " extract(epoch FROM min(next_attempt_at) - clock_timestamp())"
    " FROM inbox_held WHERE consumer = :consumer"
)
_REDRIVE = text(
    "UPDATE inbox_held SET attempts = 0, parked_at = NULL, next_attempt_at = now()"
    " WHERE consumer = :consumer AND parked_at IS NOT NULL RETURNING event_id"
)


async def hold(
    session: AsyncSession, consumer: str, event: Event, *, error: str | None = None, delay: float = 0.0
) -> None:
    """Keep an event for later: tried `delay` seconds after an `error`, else behind those of its aggregate."""
    values = {
        "consumer": consumer,
        "id": event.id,
        "aggregate": event.aggregate,
        "event": json.dumps(encode(event)),
        "tried": error is not None,
        "delay": delay,
        "error": error,
    }
    await session.execute(_HOLD, values)
    await session.execute(_NOT_HANDLED, {"consumer": consumer, "id": event.id})


async def redrive(session: AsyncSession, consumer: str) -> int:
    """Let the consumer try its parked events again; for an operator, once the cause is gone.

    Returns:
        How many there were.
    """
    return len((await session.execute(_REDRIVE, {"consumer": consumer})).all())


def where(error: BaseException) -> str:
    """The kind of an error and the line it came from: never its text, which may quote personal data."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return type(error).__name__ + (f" {state}" if state else "") + place


class Held:
    """The held events of one consumer."""

    def __init__(
        self,
        service: str,
        consumer: str,
        sessions: Sessions,
        handle: Callable[[AsyncSession, Event], Awaitable[None]],
        tuning: Tuning,
    ) -> None:
        self._service = service
        self._consumer = consumer
        self._sessions = sessions
        self._handle = handle
        self._tuning = tuning
        self._look_at = 0.0
        self.parked = 0

    def wake(self) -> None:
        """Look at the table again at the next `work`."""
        self._look_at = 0.0

    async def work(self) -> float:
        """Try what is due. Says in how many seconds there may be something to do again."""
        now = asyncio.get_running_loop().time()
        if now >= self._look_at:
            while await self._try_one():
                pass
            self._look_at = now + await self._survey()
        return max(0.05, self._look_at - now)

    async def _survey(self) -> float:
        async with self._sessions.session() as session:
            row = (await session.execute(_STATES, {"consumer": self._consumer})).one()
        retrying, self.parked, total, due_in = row
        for state, count in (
            ("retrying", retrying),
            ("parked", self.parked),
            ("waiting", total - retrying - self.parked),
        ):
            HELD_ROWS.labels(self._consumer, state).set(count)
        return self._tuning.wait if due_in is None else min(max(float(due_in), 0.0), self._tuning.wait)

    async def _try_one(self) -> bool:
        """Try the next due event in a transaction of its own; a failure is noted in another."""
        row: Row[Any] | None = None
        try:
            async with self._sessions.session() as session:
                await session.execute(_LIMIT, {"limit": f"{self._tuning.statement_timeout}s"})
                row = (await session.execute(_DUE, {"consumer": self._consumer})).one_or_none()
                if row is None:
                    return False
                await self._handle(session, decode(row.event))
                await session.execute(_HANDLED, {"consumer": self._consumer, "id": row.event_id})
                await self._release(session, row.aggregate)
        except Exception as error:
            if row is None or (isinstance(error, DBAPIError) and error.connection_invalidated):
                raise
            await self._note_failure(row, error)
        else:
            HANDLED.labels(self._consumer, "handled").inc()
        return True

    async def _note_failure(self, row: Row[Any], error: Exception) -> None:
        attempts = row.attempts + 1
        values = {"consumer": self._consumer, "id": row.event_id, "error": where(error)}
        async with self._sessions.session() as session:
            if attempts < self._tuning.max_attempts:
                delay = min(self._tuning.first_delay * 2 ** (attempts - 1), self._tuning.longest_delay)
                await session.execute(_AGAIN, values | {"delay": delay})
                return
            await session.execute(_PARK, values)
            await self._release(session, row.aggregate)
        ALERTS.labels(self._service, "event_parked").inc()
        log.error(
            "event parked after its last attempt",
            consumer=self._consumer,
            event=str(row.event_id),
            attempts=attempts,
            error=where(error),
        )

    async def _release(self, session: AsyncSession, aggregate: str) -> None:
        await session.execute(_RELEASE, {"consumer": self._consumer, "aggregate": aggregate})
