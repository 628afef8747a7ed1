"""The way of an event: milliseconds from the commit that published it to the commit that handled it.

The floor is what the same parts need without us: one JetStream publish with its acknowledgement, one pull,
one row inserted and committed. Both are measured in turns, one event at a time, so that whatever else the
machine does falls on both alike. A burst of many events at once then shows how many a second flow through.
"""

import argparse
import asyncio
import json
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import nats
import uvloop
from common.clock import SystemClock
from common.db import Database, include, new_registry
from common.events import (
    TABLES,
    Event,
    HandlerContext,
    NewEvent,
    Subscription,
    event_type,
    events_part,
    publish,
    publish_many,
)
from common.events.stream import Puller
from nats.aio.client import Client
from nats.js import api
from sqlalchemy import event as hooks
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from tourtrust.runtime.nats import NatsServer
from tourtrust.runtime.postgres import PostgresServer

SAMPLES = 300
BURST = 2000


class Arrivals:
    """A handler that writes one row, and the instants at which its transactions committed."""

    def __init__(self) -> None:
        self.waiting: dict[UUID, asyncio.Future[float]] = {}

    def expect(self, id_: UUID) -> asyncio.Future[float]:
        """The instant at which the event will have been handled."""
        return self.waiting.setdefault(id_, asyncio.get_running_loop().create_future())

    async def handle(self, session: AsyncSession, event: Event, context: HandlerContext) -> None:
        """Insert a row and note when that is committed."""
        await session.execute(text("INSERT INTO effect VALUES (:id)"), {"id": event.id})

        def committed(sync_session: Any) -> None:
            future = self.expect(event.id)
            if not sync_session.in_nested_transaction() and not future.done():
                future.set_result(time.perf_counter())

        hooks.listen(session.sync_session, "after_commit", committed)


@asynccontextmanager
async def service(
    name: str, url: str, bus: NatsServer, *subscriptions: Subscription
) -> AsyncIterator[Database]:
    """A service with nothing but its events, running on a database of its own."""
    metadata = new_registry().metadata
    include(metadata, *TABLES)
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(text("CREATE TABLE effect (id uuid PRIMARY KEY)"))
    settings = SimpleNamespace(nats_url=bus.url, nats_user=None, nats_password=None, relay_database_url=url)
    state = SimpleNamespace(settings=settings, db=database, clock=SystemClock(), keyring=None, readiness={})
    async with events_part(name, subscriptions)(SimpleNamespace(state=state)):
        while await state.readiness["events"]() is not None:  # noqa: ASYNC110 (asks the part)
            await asyncio.sleep(0.05)
        yield database
    await database.dispose()


async def say(database: Database, number: int) -> tuple[UUID, float]:
    """Publish one event; gives its id and the instant of the commit."""
    async with database.session() as session:
        id_ = await publish(
            session,
            service="credit",
            name="fact_recorded",
            aggregate_id=f"subject-{number}",
            aggregate_version=1,
            data={"code": "A01", "number": number},
            now=datetime.now(UTC),
        )
    return id_, time.perf_counter()


async def floor_once(client: Client, puller: Puller, connection: asyncpg.Connection, payload: bytes) -> float:
    """Seconds for publish with acknowledgement, pull, insert and commit, and nothing else."""
    began = time.perf_counter()
    await client.jetstream().publish("floor.0", payload)
    messages = await puller.next(1, 5)
    await connection.execute("INSERT INTO floor VALUES ($1)", secrets.token_hex(16))
    took = time.perf_counter() - began
    await messages[0].ack()
    return took


def _spread(seconds: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(seconds, n=100)
    return round(cuts[49] * 1000, 2), round(cuts[98] * 1000, 2)


async def _measure(postgres: PostgresServer, bus: NatsServer) -> dict[str, Any]:
    arrivals = Arrivals()
    listening = Subscription("bench", (event_type("credit", "fact_recorded"),), arrivals.handle)
    connection = await asyncpg.connect(postgres.create_database("floor"))
    await connection.execute("CREATE TABLE floor (id text PRIMARY KEY)")
    async with (
        await nats.connect(bus.url) as client,
        service("credit", postgres.create_database("source"), bus) as source,
        service("contracts", postgres.create_database("target"), bus, listening),
    ):
        await client.jetstream().add_stream(api.StreamConfig(name="FLOOR", subjects=["floor.>"]))
        await client.jetstream().add_consumer("FLOOR", api.ConsumerConfig(durable_name="floor"))
        payload = b"x" * 400
        ours: list[float] = []
        floor: list[float] = []
        async with Puller(client, "floor", 0, stream="FLOOR") as puller:
            for number in range(SAMPLES + 20):
                id_, committed = await say(source, number)
                ours.append(await asyncio.wait_for(arrivals.expect(id_), 10) - committed)
                floor.append(await floor_once(client, puller, connection, payload))
        del ours[:20], floor[:20]
        rate = await _burst(source, arrivals)
    await connection.close()
    p50, p99 = _spread(ours)
    floor_p50, floor_p99 = _spread(floor)
    return {
        "p50_ms": p50,
        "p99_ms": p99,
        "floor_p50_ms": floor_p50,
        "floor_p99_ms": floor_p99,
        "p50_ratio": round(p50 / floor_p50, 2),
        "p99_ratio": round(p99 / floor_p99, 2),
        "events_per_s": round(rate),
    }


async def _burst(source: Database, arrivals: Arrivals) -> float:
    """Events per second from the commit of many to the last handled: what relay and consumer can carry."""
    events = [
        NewEvent("fact_recorded", f"subject-{n}", 1, {"code": "A01", "number": n}, datetime.now(UTC))
        for n in range(BURST)
    ]
    before = set(arrivals.waiting)
    began = time.perf_counter()
    for first in range(0, BURST, 500):
        async with source.session() as session:
            await publish_many(session, service="credit", events=events[first : first + 500])
    async with source.session() as session:
        ids = (await session.execute(text("SELECT id FROM outbox"))).scalars()
        handled = [arrivals.expect(id_) for id_ in ids if id_ not in before]
    return BURST / (max(await asyncio.gather(*handled)) - began)


def run() -> dict[str, Any]:
    """Start PostgreSQL and NATS as the embedded platform does, and measure."""
    home = Path(tempfile.mkdtemp(prefix="tourtrust-bench-"))
    home.chmod(0o755)
    postgres = PostgresServer(home / "postgres", password=secrets.token_hex(16))
    bus = NatsServer(home / "nats")
    try:
        postgres.start()
        bus.start()
        return uvloop.run(_measure(postgres, bus))
    finally:
        bus.stop()
        postgres.stop()
        shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = run()
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"commit to handled     p50 {result['p50_ms']} ms, p99 {result['p99_ms']} ms")
    print(f"floor of the parts    p50 {result['floor_p50_ms']} ms, p99 {result['floor_p99_ms']} ms")
    print(f"ratio                 p50 {result['p50_ratio']}, p99 {result['p99_ratio']}")
    print(f"burst                 {result['events_per_s']} events/s from commit to handled")


if __name__ == "__main__":
    main()
