"""What breaks: processes by `kill -9`, the bus, the database, a leader's connection. Each event once."""

import asyncio
import contextlib
import random
import shutil
from pathlib import Path

import asyncpg
import pytest
from nats.aio.client import Client
from sqlalchemy.exc import SQLAlchemyError
from tourtrust.runtime.nats import NatsServer, NatsUser, service_user
from tourtrust.runtime.postgres import PostgresServer

from .conftest import Bench, Spawn, until
from .node import Node, change, recorder


async def _write(node: Node, service: str, count: int, things: int = 5) -> None:
    for n in range(count):
        async with node.db.session() as session:
            await change(session, service, f"thing-{n % things}")


async def _write_through_trouble(node: Node, service: str, count: int) -> None:
    """Write on while the database goes away and comes back; what was not committed is written again."""
    for n in range(count):
        while True:
            try:
                async with node.db.session() as session:
                    await change(session, service, f"thing-{n % 5}")
                break
            except (SQLAlchemyError, OSError):
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.005)


async def test_relay_killed_in_the_middle_of_a_batch(bench: Bench, spawn: Spawn) -> None:
    node = bench.node(bench.source, recorder("after-relay", bench.source))
    await _write(node, bench.source, 80)
    process = spawn(bench.source, die_before_publish=30)
    assert await asyncio.to_thread(process.wait, 20) == -9
    assert await bench.count("SELECT count(*) FROM outbox WHERE published_at IS NULL") > 0
    async with node.part():
        await bench.settled()
    await bench.assert_once_in_order()


async def test_consumer_killed_between_commit_and_ack(bench: Bench, spawn: Spawn) -> None:
    node = bench.node(bench.source, recorder("twice", bench.source))
    await _write(node, bench.source, 40)
    process = spawn(bench.source, die_before_ack=10, consumer="twice", source=bench.source)
    assert await asyncio.to_thread(process.wait, 20) == -9
    committed = len(await bench.effects())
    assert committed >= 10
    await _write(node, bench.source, 40)
    async with node.part():
        await bench.settled()
    await bench.assert_once_in_order()


async def test_consumer_killed_before_commit_does_not_lose_the_order(bench: Bench, spawn: Spawn) -> None:
    """What the dead one had in hand comes again before anything newer of the same things."""
    node = bench.node(bench.source, recorder("before", bench.source))
    await _write(node, bench.source, 40)
    process = spawn(bench.source, die_in_handler=10, consumer="before", source=bench.source)
    assert await asyncio.to_thread(process.wait, 20) == -9
    assert await bench.effects() == []
    await _write(node, bench.source, 40)
    async with node.part():
        await bench.settled()
    await bench.assert_once_in_order()


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_bus_restarts(bench: Bench, nats: NatsServer, how: str) -> None:
    node = bench.node(bench.source, recorder(f"restart-{how}", bench.source))
    async with node.part():
        await _write(node, bench.source, 20)
        writing = asyncio.create_task(_write_through_trouble(node, bench.source, 60))
        await asyncio.sleep(0.1)
        getattr(nats, how)()
        await until(lambda: _lacking(node))
        await writing
        assert await bench.count("SELECT count(*) FROM outbox WHERE published_at IS NULL") > 0
        await asyncio.to_thread(nats.start)
        await bench.settled()
        await until(lambda: _well(node))
    await bench.assert_once_in_order()


async def test_bus_loses_its_disk(bench: Bench, nats: NatsServer, client: Client) -> None:
    node = bench.node(bench.source)
    async with node.part():
        await _write(node, bench.source, 30)
        await until(lambda: _all_published(bench))
    await client.close()
    nats.stop()
    shutil.rmtree(nats.home / "jetstream")
    nats.start()
    again = bench.node(bench.source, recorder("after-loss", bench.source))
    async with again.part():
        await _write(node, bench.source, 5)
        await bench.settled()
    await bench.assert_once_in_order()


async def test_database_restarts(bench: Bench, postgres: PostgresServer) -> None:
    node = bench.node(bench.source, recorder("database", bench.source))
    async with node.part():
        await _write(node, bench.source, 20)
        writing = asyncio.create_task(_write_through_trouble(node, bench.source, 60))
        await asyncio.sleep(0.1)
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            await bench.connection.close(timeout=1)
        await asyncio.to_thread(postgres.kill)
        await until(lambda: _lacking(node))
        await asyncio.to_thread(postgres.start)
        bench.connection = await asyncpg.connect(bench.url)
        await writing
        await bench.settled()
        await until(lambda: _well(node))
    await bench.assert_once_in_order()


async def test_a_leader_cut_off_stops_and_another_takes_over(bench: Bench) -> None:
    nodes = [bench.node(bench.source, recorder("cut-off", bench.source)) for _ in range(2)]
    async with nodes[0].part(), nodes[1].part():
        for _ in range(4):
            writing = asyncio.create_task(_write(nodes[0], bench.source, 25))
            await asyncio.sleep(0.03)
            await bench.connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            await writing
        await bench.settled()
    await bench.assert_once_in_order()


async def test_a_message_caught_by_an_old_request_is_waited_for(bench: Bench, client: Client) -> None:
    """A predecessor that is cut off, but not yet gone, may catch a message that it will never handle."""
    node = bench.node(bench.source, recorder("caught", bench.source))
    async with node.part():
        await _write(node, bench.source, 3, things=1)
        await bench.settled()
        caught = await client.subscribe(client.new_inbox())
        for _ in range(5):
            request = b'{"batch": 1, "expires": 10000000000}'
            await client.publish("$JS.API.CONSUMER.MSG.NEXT.EVENTS.caught", request, reply=caught.subject)
        await client.flush()
        await _write(node, bench.source, 30, things=1)
        await bench.settled()
        assert caught.pending_msgs > 0
    await bench.assert_once_in_order()


async def test_each_service_may_say_only_its_own(bench: Bench, server_home: Path) -> None:
    """Relay and consumer need no more than this, which is less than the platform's users may."""
    needed = (
        f"ev.{bench.source}.>",
        "$JS.API.STREAM.INFO.EVENTS",
        "$JS.API.STREAM.CREATE.EVENTS",
        "$JS.API.CONSUMER.CREATE.EVENTS.>",
        "$JS.API.CONSUMER.MSG.NEXT.EVENTS.>",
        "$JS.ACK.EVENTS.>",
    )
    users = (NatsUser(bench.source, "s1", needed, ("_INBOX.>",)), service_user(bench.target, "s2"))
    server = NatsServer(server_home / f"nats-{bench.source}", users=users, durable=False)
    server.start()
    try:
        right = Node(
            bench.source, bench.url, server.url, (recorder("own", bench.source),),
            nats_user=bench.source, nats_password="s1",
        )  # fmt: skip
        wrong = Node(bench.source, bench.url, server.url, nats_user=bench.target, nats_password="s2")
        bench.nodes += [right, wrong]
        await _write(right, bench.source, 3)
        async with wrong.part():
            await until(lambda: _lacking(wrong))
            await asyncio.sleep(1)
            assert await bench.count("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 3
        async with right.part():
            await bench.settled()
    finally:
        server.stop()
    await bench.assert_once_in_order()


@pytest.mark.full
async def test_many_rounds_of_everything_breaking(
    bench: Bench, spawn: Spawn, nats: NatsServer, postgres: PostgresServer
) -> None:
    """A minute of writers, relays and consumers killed at random points, the bus and the database too."""
    luck = random.Random(20261123)
    node = bench.node(bench.source)
    loop = asyncio.get_running_loop()
    end = loop.time() + 60
    writing = asyncio.create_task(_write_through_trouble(node, bench.source, 3000))
    while loop.time() < end:
        order = {"consumer": "rounds", "source": bench.source}
        kind = luck.choice(["die_before_publish", "die_before_ack", "die_in_handler", None])
        process = spawn(bench.source, **order, **({kind: luck.randint(1, 200)} if kind else {}))
        await asyncio.sleep(luck.uniform(0.8, 3))
        match luck.choice(["bus", "database", "process", "process"]):
            case "bus":
                nats.kill()
                await asyncio.sleep(luck.uniform(0, 1))
                await asyncio.to_thread(nats.start)
            case "database":
                await asyncio.to_thread(postgres.kill)
                await asyncio.sleep(luck.uniform(0, 1))
                await asyncio.to_thread(postgres.start)
        process.kill()
    bench.connection.terminate()
    bench.connection = await asyncpg.connect(bench.url)
    await writing
    final = bench.node(bench.source, recorder("rounds", bench.source))
    async with final.part():
        await bench.settled(seconds=60)
    await bench.assert_once_in_order()


async def _lacking(node: Node) -> bool:
    return await node.lack() is not None


async def _well(node: Node) -> bool:
    return await node.lack() is None


async def _all_published(bench: Bench) -> bool:
    return await bench.count("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0
