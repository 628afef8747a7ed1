"""Order under concurrent transactions, where the order of a sequence is not the order of commits."""

import asyncio
import random

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from common.db import include, new_registry
from common.events import TABLES
from sqlalchemy import Connection, text

from .conftest import Bench, until
from .node import change, recorder


class SkippingReader:
    """What a relay must not be: it remembers the last `seq` it saw and asks for what comes after."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self.last = 0
        self.seen: set[int] = set()

    async def read(self) -> None:
        """Take all that is visible behind the last one."""
        for row in await self.connection.fetch(
            "SELECT seq FROM outbox WHERE seq > $1 ORDER BY seq", self.last
        ):
            self.last = row["seq"]
            self.seen.add(row["seq"])


async def test_long_transactions_lose_nothing_where_a_reader_by_seq_skips(bench: Bench) -> None:
    node = bench.node(bench.source, recorder("long", bench.source))
    naive = SkippingReader(bench.connection)
    luck = random.Random(7)

    async def writer(name: str) -> None:
        for _ in range(8):
            async with node.db.session() as session:
                await change(session, bench.source, f"thing-{name}")
                await asyncio.sleep(luck.choice([0, 0, 0.01, 0.08]))

    async def read() -> None:
        while True:
            await naive.read()
            await asyncio.sleep(0.005)

    async with node.part():
        reading = asyncio.create_task(read())
        await asyncio.gather(*(writer(str(n)) for n in range(8)))
        await asyncio.sleep(0.02)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await naive.read()
        await bench.settled()
    await bench.assert_once_in_order()
    assert len(naive.seen) < 64


async def test_a_running_transaction_holds_back_what_began_after_it(bench: Bench) -> None:
    node = bench.node(bench.source, recorder("held-back", bench.source))
    async with node.part():
        async with node.db.session() as slow:
            await change(slow, bench.source, "slow")
            async with node.db.session() as quick:
                await change(quick, bench.source, "quick")
            await asyncio.sleep(0.6)
            assert await bench.effects() == []
        await bench.settled()
    assert await bench.effects() == [("slow", 1), ("quick", 1)]


@pytest.mark.parametrize("third_running", [False, True])
async def test_an_early_id_does_not_overtake_on_the_same_aggregate(bench: Bench, third_running: bool) -> None:
    """The second change of a thing commits under a lower transaction id than the first."""
    node = bench.node(bench.source, recorder("early", bench.source))
    third = await node.db.engine.connect()
    async with node.part():
        await until(lambda: _leading(bench))
        async with node.db.session() as early:
            await early.execute(text("SELECT pg_current_xact_id()"))
            if third_running:
                await third.execute(text("SELECT pg_current_xact_id()"))
            async with node.db.session() as late:
                await change(late, bench.source, "thing")
            await change(early, bench.source, "thing")
        if third_running:
            await asyncio.sleep(0.5)
            assert await bench.effects() == []  # version 1 is not safe to send yet, so version 2 waits
        await third.close()
        await bench.settled()
    rows = await bench.connection.fetch("SELECT aggregate_version AS v FROM outbox ORDER BY xid")
    assert [row["v"] for row in rows] == [2, 1]
    assert await bench.effects() == [("thing", 1), ("thing", 2)]


async def test_two_relays_send_each_event_once(bench: Bench) -> None:
    nodes = [bench.node(bench.source, recorder("two", bench.source)) for _ in range(2)]

    async def write(n: int) -> None:
        for k in range(30):
            async with nodes[n].db.session() as session:
                await change(session, bench.source, f"thing-{n}-{k % 3}")

    async with nodes[0].part(), nodes[1].part():
        await asyncio.gather(write(0), write(1))
        await bench.settled()
        assert await _leading(bench)
        assert [await node.lack() for node in nodes] == [None, None]
    await bench.assert_once_in_order()


async def test_a_standby_passes_on_the_bell(bench: Bench) -> None:
    leader = bench.node(bench.source, recorder("bell", bench.source))
    async with leader.part():
        async with leader.db.session() as session:
            await change(session, bench.source, "thing")
        await bench.settled()
        await bench.connection.execute("LISTEN tourtrust_outbox")
        heard = asyncio.Event()
        await bench.connection.add_listener("tourtrust_outbox", lambda *_: heard.set())
        standby = bench.node(bench.source)
        async with standby.part():
            await until(lambda: _two_sessions(bench))
            async with standby.db.session() as session:
                await change(session, bench.source, "thing")
            await asyncio.wait_for(heard.wait(), 2)
            await bench.settled()


async def test_alembic_finds_the_tables_as_declared(bench: Bench) -> None:
    metadata = new_registry().metadata
    include(metadata, *TABLES)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables},
        )
        return list(compare_metadata(context, metadata))

    async with bench.node(bench.source).db.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def _two_sessions(bench: Bench) -> bool:
    return (
        await bench.count(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'tourtrust-relay' AND datname = current_database()"
        )
        == 2
    )


async def _leading(bench: Bench) -> bool:
    return (
        await bench.count(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        == 1
    )
