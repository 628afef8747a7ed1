"""The consumer: takes events from the bus and lets each take effect once, in order.

One process per database consumes (the leader, see `part`), one batch at a time. A batch is one transaction:
the inbox rows, the handlers' work (a savepoint each) and what is held back are committed together, then the
messages are acknowledged. A message that comes again finds its inbox row and is acknowledged without effect.

An event whose handler fails is kept in `inbox_held` and tried again (module `held`); the later events of its
aggregate wait there behind it, so a handler never sees an aggregate's events out of order.

When a consumer starts while messages of a predecessor are unacknowledged, it waits until the bus gives them
again: taking newer ones first would break the order. For the same reason it begins anew when it sees that a
message went to another process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from common.clock import Clock
from common.crypto import Keyring
from common.db import sqlstate
from common.events.envelope import Event, MalformedEvent, decode, filter_subject
from common.events.held import Held, hold, where
from common.events.metrics import HANDLE_SECONDS, HANDLED
from common.events.stream import Puller, ensure_consumer
from common.events.tuning import Sessions, Tuning
from common.settings import ServiceSettings
from common.telemetry import ALERTS, propagator, tracer

__all__ = ["Consumer", "HandlerContext", "Subscription"]

log = structlog.get_logger(__name__)

_TAKE = text(
    "WITH taken AS (INSERT INTO inbox (consumer, event_id, handled_at)"
    " SELECT :consumer, unnest(CAST(:ids AS uuid[])), now() ON CONFLICT DO NOTHING RETURNING event_id)"
    " SELECT ARRAY(SELECT event_id FROM taken) AS fresh,"
    " ARRAY(SELECT DISTINCT aggregate FROM inbox_held WHERE consumer = :consumer AND parked_at IS NULL"
    " AND aggregate = ANY(:aggregates)) AS blocked, set_config('statement_timeout', :limit, true)"
)


@dataclass(frozen=True, slots=True)
class HandlerContext:
    """What a handler may need besides its session and the event."""

    clock: Clock
    settings: ServiceSettings
    keyring: Keyring
    state: Any


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a service listens to.

    `consumer` is the durable name ("credit-from-complaints"), never changed once it is used; `types` are full
    event types; `handle` works in the given session, flushes at most and never commits.
    """

    consumer: str
    types: tuple[str, ...]
    handle: Callable[[AsyncSession, Event, HandlerContext], Awaitable[None]]

    def __post_init__(self) -> None:
        for type_ in self.types:
            filter_subject(type_)


class Consumer:
    """One subscription at work."""

    def __init__(
        self,
        service: str,
        subscription: Subscription,
        sessions: Sessions,
        context: HandlerContext,
        tuning: Tuning,
    ) -> None:
        self._service = service
        self.subscription = subscription
        self._name = subscription.consumer
        self._sessions = sessions
        self._context = context
        self._tuning = tuning
        self.trouble: str | None = None
        self.held = Held(service, self._name, sessions, self._handle, tuning)

    async def run(self, client: Client) -> None:
        """Consume until cancelled.

        Raises:
            BusLost, nats.errors.Error: the bus is gone.
            sqlalchemy.exc.SQLAlchemyError, OSError: the database is gone; nothing of the batch was kept.
        """
        tuning = self._tuning
        pending, delivered = await ensure_consumer(
            client.jetstream(),
            self._name,
            self.subscription.types,
            ack_wait=tuning.ack_wait,
            batch=tuning.batch,
        )
        if pending:
            await asyncio.sleep(tuning.ack_wait + 0.2)
        async with Puller(client, self._name, delivered) as puller:
            while True:
                wait = await self.held.work()
                messages = await puller.next(tuning.batch, min(wait, tuning.wait))
                if messages:
                    await self.take(messages)
                self.trouble = None

    async def take(self, messages: Sequence[Msg]) -> None:
        """Handle one batch in the order given, commit, then acknowledge."""
        events: list[Event] = []
        for message in messages:
            try:
                event = decode(message.data, subject=message.subject)
            except MalformedEvent as error:
                HANDLED.labels(self._name, "malformed").inc()
                ALERTS.labels(self._service, "malformed_event").inc()
                stream_seq = message.metadata.sequence.stream
                log.error("malformed event left in the stream", seq=stream_seq, reason=str(error)[:200])
                continue
            if event.type in self.subscription.types:
                events.append(event)
            else:
                HANDLED.labels(self._name, "ignored").inc()
        with HANDLE_SECONDS.labels(self._name).time():
            await self._commit(events)
        for message in messages:
            await message.ack()

    async def _commit(self, events: Sequence[Event], *, careful: bool = False) -> None:
        """Handle the events in one transaction.

        At first without savepoints, which nearly always does. When something fails, again with a savepoint
        for each event; when then the commit itself is refused, each event in a transaction of its own.
        """
        if not events:
            return
        try:
            async with self._sessions.session() as session:
                outcomes = await self._handle_all(session, events, careful)
        except Exception as error:
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise
            if not careful:
                await self._commit(events, careful=True)
                return
            if not isinstance(error, DBAPIError) or (sqlstate(error) or "")[:2] not in {"23", "40"}:
                raise
            if len(events) > 1:
                for event in events:
                    await self._commit([event], careful=True)
                return
            outcomes = await self._refuse(events[0], where(error))
        for outcome in outcomes:
            HANDLED.labels(self._name, outcome).inc()

    async def _handle_all(self, session: AsyncSession, events: Sequence[Event], careful: bool) -> list[str]:
        fresh, waiting_for = await self._claim(session, events)
        outcomes = []
        for event in events:
            if event.id not in fresh:
                outcomes.append("duplicate")
                continue
            fresh.discard(event.id)
            if event.aggregate in waiting_for:
                await hold(session, self._name, event)
                outcomes.append("held")
            elif not careful:
                await self._handle(session, event)
                outcomes.append("handled")
            elif error := await self._attempt(session, event):
                await hold(session, self._name, event, error=error, delay=self._tuning.first_delay)
                waiting_for.add(event.aggregate)
                self.held.wake()
                outcomes.append("held")
            else:
                outcomes.append("handled")
        return outcomes

    async def _attempt(self, session: AsyncSession, event: Event) -> str | None:
        """Handle the event in a savepoint; gives what failed."""
        try:
            async with session.begin_nested():
                await self._handle(session, event)
        except Exception as error:
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise
            log.warning("event handler failed", consumer=self._name, type=event.type, error=where(error))
            return where(error)
        return None

    async def _refuse(self, event: Event, error: str) -> list[str]:
        async with self._sessions.session() as session:
            fresh, _ = await self._claim(session, [event])
            if not fresh:
                return ["duplicate"]
            await hold(session, self._name, event, error=error, delay=self._tuning.first_delay)
        self.held.wake()
        return ["held"]

    async def _claim(self, session: AsyncSession, events: Sequence[Event]) -> tuple[set[UUID], set[str]]:
        """Take the events into the inbox; gives those that are new, and the aggregates that are held up."""
        given = {
            "consumer": self._name,
            "ids": [str(event.id) for event in events],
            "aggregates": list({event.aggregate for event in events}),
            "limit": f"{self._tuning.statement_timeout}s",
        }
        row = (await session.execute(_TAKE, given)).one()
        return set(row.fresh), set(row.blocked)

    async def _handle(self, session: AsyncSession, event: Event) -> None:
        parent = propagator.extract({"traceparent": event.traceparent} if event.traceparent else {})
        with tracer.start_as_current_span(f"handle {event.type}", context=parent):
            await self.subscription.handle(session, event, self._context)
            await session.flush()
