"""The relay: takes what the outbox holds to the bus, in order, and marks it when the bus has it.

Order. Rows of the present epoch are read by `(epoch, xid, seq)`, and only those whose transaction lies below
every running one (`xid < pg_snapshot_xmin`): no later read can bring up an earlier row. Rows of older epochs
come first, by `seq`. One case is left: a transaction that drew its id early but touched an aggregate late
would overtake the one that touched it before. So each aggregate's rows go by `seq`, which is drawn under the
aggregate's row lock, and wait for one that is committed but not yet below every running transaction.

On the bus, an aggregate's next event is sent only when the one before is acknowledged; different aggregates
go side by side. So whatever breaks, no event of an aggregate can be stored before an earlier one.
"""

import asyncio
import itertools
import json
from uuid import UUID

import asyncpg
from nats.js import JetStreamContext

from common.events.bell import Bell
from common.events.envelope import Event, encode, subject_for
from common.events.metrics import PUBLISHED, UNPUBLISHED
from common.events.stream import STREAM

__all__ = ["Relay", "event_of"]

BATCH = 500
_COLUMNS = "id, type, aggregate_id, aggregate_version, data, traceparent, created_at"
_OLDER = f"""
SELECT {_COLUMNS}, false AS early
  FROM outbox WHERE published_at IS NULL AND epoch < $1 ORDER BY epoch, seq LIMIT {BATCH}
"""  # noqa: S608
_PRESENT = f"""
WITH head AS MATERIALIZED (
    SELECT aggregate_id, seq FROM outbox
     WHERE published_at IS NULL AND epoch = $1 AND xid < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY epoch, xid, seq LIMIT {BATCH}),
lanes AS (SELECT aggregate_id AS lane, max(seq) AS last FROM head GROUP BY aggregate_id)
SELECT {_COLUMNS}, xid >= pg_snapshot_xmin(pg_current_snapshot()) AS early
  FROM lanes JOIN outbox ON aggregate_id = lane AND seq <= last
 WHERE published_at IS NULL AND epoch = $1 ORDER BY seq
"""  # noqa: S608
_MARK = "UPDATE outbox SET published_at = clock_timestamp() WHERE id = ANY($1)"
_WAITING = "SELECT count(*) FROM (SELECT FROM outbox WHERE published_at IS NULL LIMIT 10000) AS waiting"


class Relay:
    """Runs on the connection that holds the leader's lock, so it cannot outlive its leadership."""

    def __init__(
        self,
        service: str,
        connection: asyncpg.Connection,
        js: JetStreamContext,
        bell: Bell,
        *,
        poll: float = 1.0,
    ) -> None:
        self._service = service
        self._connection = connection
        self._js = js
        self._bell = bell
        self._poll = poll

    async def run(self, epoch: int) -> None:
        """Relay until cancelled.

        Raises:
            nats.errors.Error, TimeoutError: the bus did not take an event; it stays unmarked.
            asyncpg.PostgresError, OSError: the database is gone.
        """
        pause = self._poll
        while True:
            if await self.step(epoch):
                pause = 0.02
                continue
            waiting = int(await self._connection.fetchval(_WAITING))
            UNPUBLISHED.labels(self._service).set(waiting)
            # Committed rows above a running transaction come free when it ends, of which nothing tells us.
            pause = min(pause * 1.5, self._poll) if waiting else self._poll
            if await self._bell.wait(pause):
                pause = 0.02

    async def step(self, epoch: int) -> int:
        """Send one batch; says how many events were sent."""
        rows = await self._connection.fetch(_OLDER, epoch) or await self._connection.fetch(_PRESENT, epoch)
        lanes: dict[str, list[asyncpg.Record]] = {}
        for row in rows:
            lanes.setdefault(row["aggregate_id"], []).append(row)
        sent: list[UUID] = []
        try:
            async with asyncio.TaskGroup() as group:
                for lane in lanes.values():
                    group.create_task(self._send(lane, sent))
        except* Exception as failures:
            raise _first(failures) from failures
        finally:
            if sent and not self._connection.is_closed():
                await self._connection.execute(_MARK, sent)
                PUBLISHED.labels(self._service).inc(len(sent))
        return len(sent)

    async def _send(self, lane: list[asyncpg.Record], sent: list[UUID]) -> None:
        for row in itertools.takewhile(lambda row: not row["early"], lane):
            event = event_of(self._service, row)
            await self._js.publish(
                subject_for(event.type, event.subject),
                json.dumps(encode(event), ensure_ascii=False, separators=(",", ":")).encode(),
                timeout=10,
                stream=STREAM,
                headers={"Nats-Msg-Id": str(event.id)},
            )
            sent.append(event.id)


def event_of(service: str, row: asyncpg.Record) -> Event:
    """The event that an outbox row stands for."""
    return Event(
        id=row["id"],
        type=row["type"],
        source=f"/tourtrust/{service}",
        subject=row["aggregate_id"],
        version=row["aggregate_version"],
        time=row["created_at"],
        data=json.loads(row["data"]),
        traceparent=row["traceparent"],
    )


def _first(failures: BaseExceptionGroup) -> BaseException:
    inner = failures.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
