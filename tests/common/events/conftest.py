"""What the event tests share: a fresh database and service names of its own per test, processes, waiting."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import nats as nats_client
import pytest
from nats.aio.client import Client
from tourtrust.runtime.nats import NatsServer
from tourtrust.runtime.postgres import PostgresServer

from .node import Node, prepare

_serial = itertools.count(1)
Spawn = Callable[..., "subprocess.Popen[str]"]


async def until(question: Callable[[], Awaitable[bool]], seconds: float = 15) -> None:
    """Wait until the question is answered with yes."""
    async with asyncio.timeout(seconds):
        while not await question():  # noqa: ASYNC110 (asks a database)
            await asyncio.sleep(0.02)


@dataclass
class Bench:
    """One test's two services, the source that publishes and the target that consumes, on one database."""

    source: str
    target: str
    url: str
    nats: NatsServer
    connection: asyncpg.Connection
    nodes: list[Node] = field(default_factory=list)

    def node(self, service: str, *subscriptions: Any, **options: Any) -> Node:
        """A node of a service on the test's database; of several, one leads."""
        node = Node(service, self.url, self.nats.url, subscriptions, **options)
        self.nodes.append(node)
        return node

    async def effects(self, consumer: str = "%") -> list[tuple[str, int]]:
        """What took effect, in the order it did: (thing, version)."""
        rows = await self.connection.fetch(
            "SELECT thing, version FROM effect WHERE consumer LIKE $1 ORDER BY n", consumer
        )
        return [(row["thing"], row["version"]) for row in rows]

    async def count(self, query: str, *arguments: Any) -> int:
        """The number a query gives."""
        return int(await self.connection.fetchval(query, *arguments))

    async def settled(self, consumer: str = "%", seconds: float = 20) -> None:
        """Wait until the outbox is empty and as many effects stand as there are events."""

        async def done() -> bool:
            left = await self.count("SELECT count(*) FROM outbox WHERE published_at IS NULL")
            missing = await self.count(
                "SELECT count(*) FROM outbox o WHERE NOT EXISTS"
                " (SELECT FROM effect e WHERE e.event_id = o.id AND e.consumer LIKE $1)",
                consumer,
            )
            return left == 0 and missing == 0

        await until(done, seconds)

    async def assert_once_in_order(self, consumer: str = "%") -> None:
        """Each event took effect exactly once, and each thing's versions came 1, 2, 3 ..."""
        effects = await self.effects(consumer)
        events = await self.count("SELECT count(*) FROM outbox")
        assert len(effects) == events
        seen: dict[str, int] = {}
        for thing, version in effects:
            assert version == seen.get(thing, 0) + 1, (thing, version)
            seen[thing] = version


@pytest.fixture
async def bench(postgres: PostgresServer, nats: NatsServer) -> AsyncIterator[Bench]:
    """A fresh database with the tables, and names no other test uses (the stream is shared)."""
    serial = f"{os.getpid()}x{next(_serial)}"
    url = postgres.create_database(f"events_{serial}")
    await prepare(url)
    connection = await asyncpg.connect(url)
    made = Bench(f"source{serial}", f"target{serial}", url, nats, connection)
    yield made
    for node in made.nodes:
        await node.db.dispose()
    await made.connection.close()


@pytest.fixture
async def client(nats: NatsServer) -> AsyncIterator[Client]:
    """A connection of an outsider to the bus."""
    async with await nats_client.connect(nats.url) as connected:
        yield connected


@pytest.fixture
def spawn(bench: Bench) -> Iterator[Spawn]:
    """Start a process of a service; what still runs is killed at the end."""
    running: list[subprocess.Popen[str]] = []

    def start(service: str, **order: Any) -> "subprocess.Popen[str]":
        order |= {"service": service, "database_url": bench.url, "nats_url": bench.nats.url}
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("node.py")), json.dumps(order)],
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
