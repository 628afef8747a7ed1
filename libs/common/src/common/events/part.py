"""Events as a part of a service's life: one task that keeps relay and consumers running."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import asyncpg
import structlog
from nats.aio.client import Client

from common.events.bell import Bell
from common.events.consumer import Consumer, HandlerContext, Subscription
from common.events.epoch import adopt_stream, check_epoch
from common.events.guard import stop, while_holding
from common.events.held import where
from common.events.leader import lead
from common.events.relay import Relay
from common.events.stream import KEPT_FOR, BusLost, connect, ensure_stream
from common.events.tuning import Tuning
from common.settings import ServiceSettings

__all__ = ["events_part"]

log = structlog.get_logger(__name__)

LOCK = "tourtrust.events"


class Application(Protocol):
    """What is needed of the application: its `state` with db, settings, clock, keyring and readiness."""

    @property
    def state(self) -> Any: ...


def events_part(
    service: str, subscriptions: Sequence[Subscription] = (), tuning: Tuning | None = None
) -> Callable[[Application], AbstractAsyncContextManager[None]]:
    """The lifespan part that sends this service's events and handles those it subscribes to.

    It tolerates that NATS or PostgreSQL is down, at start or later: it waits with growing pauses, `/readyz`
    says degraded, and nothing is lost. Of several processes on one database one does the work; the others
    stand by.
    """

    @asynccontextmanager
    async def part(app: Application) -> AsyncIterator[None]:
        runner = _Runner(service, app.state, subscriptions, tuning or Tuning())
        app.state.readiness["events"] = runner.lack
        task = asyncio.create_task(runner.run(), name=f"events of {service}")
        try:
            yield
        finally:
            await stop(task)

    return part


class _Runner:
    def __init__(
        self, service: str, state: Any, subscriptions: Sequence[Subscription], tuning: Tuning
    ) -> None:
        self._service = service
        self._settings: ServiceSettings = state.settings
        self._tuning = tuning
        self._trouble: str | None = "not connected to the event bus yet; events wait in the outbox"
        context = HandlerContext(state.clock, state.settings, state.keyring, state)
        self._consumers = [Consumer(service, each, state.db, context, tuning) for each in subscriptions]

    async def lack(self) -> str | None:
        """What events lack at present, for `/readyz`."""
        parked = sum(consumer.held.parked for consumer in self._consumers)
        lacks = [self._trouble, *(consumer.trouble for consumer in self._consumers)]
        lacks.append(f"{parked} events are parked" if parked else None)
        return "; ".join(lack for lack in lacks if lack) or None

    async def run(self) -> None:
        """Run for ever; whatever fails is begun anew from the database."""
        if self._settings.nats_url is None:
            self._trouble = "no event bus is configured; events wait in the outbox"
            return
        pause = 0.1
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._connected()
            except Exception as error:
                reason = where(error)
                self._trouble = f"events do not flow ({reason}); they wait in the outbox"
                log.warning("events interrupted", service=self._service, reason=reason)
            pause = 0.1 if loop.time() - began > 10 else min(pause * 2, 5.0)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 (spreads the load, guards nothing)

    async def _connected(self) -> None:
        bell = Bell()
        async with connect(self._settings, f"tourtrust-{self._service}") as (client, closed):
            created_at = await ensure_stream(client.jetstream())
            self._trouble = None

            async def work(connection: asyncpg.Connection) -> None:
                await self._work(connection, client, created_at, bell)

            url = self._settings.relay_database_url
            leading = lead(url, LOCK, bell, work, poll=self._tuning.poll)
            await while_holding(closed, BusLost("the bus connection ended"), leading)

    async def _work(
        self, connection: asyncpg.Connection, client: Client, created_at: datetime, bell: Bell
    ) -> None:
        epoch, raised = await check_epoch(connection)
        if raised:
            log.warning("the database moved to another cluster", service=self._service, epoch=epoch)
        reopened = await adopt_stream(connection, created_at, datetime.now(UTC) - KEPT_FOR)
        if reopened:
            log.warning("the stream was lost; sending again", service=self._service, events=reopened)
        relay = Relay(self._service, connection, client.jetstream(), bell, poll=self._tuning.poll)
        tasks = [asyncio.create_task(relay.run(epoch))]
        tasks += [asyncio.create_task(self._keep(consumer, client)) for consumer in self._consumers]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            await stop(*tasks)

    async def _keep(self, consumer: Consumer, client: Client) -> None:
        """Keep one consumer running beside the others; a fault of one does not stop the relay."""
        name = consumer.subscription.consumer
        while True:
            try:
                await consumer.run(client)
            except Exception as error:
                consumer.trouble = f"consumer {name} is interrupted ({where(error)})"
                log.warning("consumer interrupted", consumer=name, reason=where(error))
            await asyncio.sleep(1)
            if client.is_closed:
                raise BusLost("the bus connection ended")
