"""A small service for the tests: one aggregate table, one effects table, and events on top.

Run as a program it is one process of that service, told by a JSON argument what to do and where to die.
"""

import asyncio
import json
import os
import signal
import sys
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
from common.clock import SystemClock
from common.db import Database, include, new_registry
from common.events import (
    TABLES,
    Event,
    HandlerContext,
    Subscription,
    Tuning,
    event_type,
    events_part,
    publish,
)
from common.events.consumer import Consumer
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

QUICK = Tuning(ack_wait=0.5, wait=1.0, first_delay=0.05, max_attempts=4, poll=0.3)
NAME = "thing_changed"
_TEST_TABLES = """
CREATE TABLE thing (id text PRIMARY KEY, version int NOT NULL);
CREATE TABLE effect (n bigserial PRIMARY KEY, consumer text, event_id uuid, thing text, version int,
                     at timestamptz DEFAULT clock_timestamp());
CREATE TABLE pair (id int PRIMARY KEY, must int REFERENCES pair DEFERRABLE INITIALLY DEFERRED);
"""


async def prepare(url: str) -> None:
    """Build common's tables and the test's own in an empty database."""
    metadata = new_registry().metadata
    include(metadata, *TABLES)
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await database.dispose()
    connection = await asyncpg.connect(url)
    await connection.execute(_TEST_TABLES)
    await connection.close()


@dataclass
class Node:
    """One process's worth of a service, in this process."""

    service: str
    database_url: str
    nats_url: str | None
    subscriptions: tuple[Subscription, ...] = ()
    tuning: Tuning = QUICK
    nats_user: str | None = None
    nats_password: str | None = None
    db: Database = field(init=False)
    readiness: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.db = Database(self.database_url, pool_size=5)

    def part(self) -> AbstractAsyncContextManager[None]:
        """The running events of this node."""
        settings = SimpleNamespace(
            nats_url=self.nats_url,
            nats_user=self.nats_user,
            nats_password=SecretStr(self.nats_password) if self.nats_password else None,
            relay_database_url=self.database_url,
        )
        state = SimpleNamespace(
            settings=settings, db=self.db, clock=SystemClock(), keyring=None, readiness=self.readiness
        )
        return events_part(self.service, self.subscriptions, self.tuning)(SimpleNamespace(state=state))

    async def lack(self) -> str | None:
        """What `/readyz` would say of events."""
        answer: str | None = await self.readiness["events"]()
        return answer


async def change(session: AsyncSession, service: str, thing: str) -> UUID:
    """Change one thing (making it when needed) and say so, as a use case would."""
    version = await session.scalar(
        text(
            "INSERT INTO thing VALUES (:id, 1) ON CONFLICT (id) DO UPDATE SET version = thing.version + 1"
            " RETURNING version"
        ),
        {"id": thing},
    )
    return await publish(
        session,
        service=service,
        name=NAME,
        aggregate_id=thing,
        aggregate_version=version,
        data={"version": version},
        now=datetime.now(UTC),
    )


def recorder(consumer: str, source: str) -> Subscription:
    """A subscription whose only effect is a row per event."""

    async def handle(session: AsyncSession, event: Event, context: HandlerContext) -> None:
        await session.execute(
            text("INSERT INTO effect (consumer, event_id, thing, version) VALUES (:c, :e, :t, :v)"),
            {"c": consumer, "e": event.id, "t": event.subject, "v": event.version},
        )

    return Subscription(consumer, (event_type(source, NAME),), handle)


def _die_at(owner: type, method: str, times: int) -> None:
    """Make the process kill itself, as `kill -9` would, before the method's n-th call."""
    original = getattr(owner, method)
    calls = 0

    async def counted(self: Any, *args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == times:
            os.kill(os.getpid(), signal.SIGKILL)
        return await original(self, *args, **options)

    setattr(owner, method, counted)


async def _main(order: dict[str, Any]) -> None:
    if times := order.get("die_before_publish"):
        _die_at(JetStreamContext, "publish", times)
    if times := order.get("die_in_handler"):
        _die_at(Consumer, "_handle", times)
    if times := order.get("die_before_ack"):
        _die_at(Msg, "ack", times)
    consumer = order.get("consumer")
    subscriptions = (recorder(consumer, order["source"]),) if consumer else ()
    node = Node(order["service"], order["database_url"], order["nats_url"], subscriptions)
    async with node.part():
        for round_ in range(order.get("changes", 0)):
            async with node.db.session() as session:
                await change(session, node.service, f"{order['prefix']}{round_ % 7}")
                print(round_, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
