"""A dump restored into a new cluster, whose transaction ids start low again; and the two signs of it."""

import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from common.db import Database
from common.events import raise_epoch
from common.events.epoch import check_epoch
from tourtrust.runtime.postgres import PostgresServer

from .conftest import Bench
from .node import Node, change, recorder

_SPEND_IDS = """
DO $$ BEGIN FOR n IN 1..3000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$
"""


@pytest.fixture
def other_cluster(server_home: Path) -> Iterator[PostgresServer]:
    """A second cluster, fresh from initdb."""
    server = PostgresServer(
        server_home / f"other-{secrets.token_hex(4)}", password=secrets.token_hex(8), durable=False
    )
    server.start()
    yield server
    server.stop()


def _move(bench: Bench, postgres: PostgresServer, other: PostgresServer) -> str:
    """Dump the test's database and load it into the other cluster, by PostgreSQL's own programs."""
    target = other.create_database("restored")
    dump = subprocess.run(
        [postgres.programs / "pg_dump", bench.url], check=True, capture_output=True, env={}
    ).stdout
    subprocess.run(
        [other.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", target],
        input=dump, check=True, capture_output=True, env={},
    )  # fmt: skip
    return target


async def _xid(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())"))


@pytest.mark.parametrize("identifier_known", [True, False])
async def test_restore_into_a_new_cluster_raises_the_epoch_and_keeps_the_order(
    bench: Bench, postgres: PostgresServer, other_cluster: PostgresServer, identifier_known: bool
) -> None:
    first = bench.node(bench.source, recorder("restored", bench.source))
    async with first.part():
        for n in range(6):
            async with first.db.session() as session:
                await change(session, bench.source, f"thing-{n % 3}")
        await bench.settled()
    await bench.connection.execute(_SPEND_IDS)
    for n in range(9):
        async with first.db.session() as session:
            await change(session, bench.source, f"thing-{n % 3}")
    if not identifier_known:
        await bench.connection.execute("UPDATE event_epoch SET system_identifier = NULL")
    old_xid, old_epoch = await _xid(bench.connection), await bench.count("SELECT epoch FROM event_epoch")

    url = _move(bench, postgres, other_cluster)
    await bench.connection.close()
    bench.connection, bench.url = await asyncpg.connect(url), url
    assert await _xid(bench.connection) < old_xid - 1000
    second = bench.node(bench.source, recorder("restored", bench.source))
    for n in range(6):  # the service may write before the relay has looked
        async with second.db.session() as session:
            await change(session, bench.source, f"thing-{n % 3}")
    async with second.part():
        await bench.settled()
        for n in range(6):
            async with second.db.session() as session:
                await change(session, bench.source, f"thing-{n % 3}")
        await bench.settled()
    await bench.assert_once_in_order()
    assert await bench.count("SELECT epoch FROM event_epoch") == old_epoch + 1
    assert await bench.count("SELECT count(*) FROM outbox WHERE epoch = $1", old_epoch + 1) >= 6


async def test_without_a_new_epoch_a_restore_would_stop_the_relay(
    bench: Bench, postgres: PostgresServer, other_cluster: PostgresServer
) -> None:
    """The reason for epochs: restored rows carry ids from the future, so their turn never comes."""
    node = bench.node(bench.source)
    await bench.connection.execute(_SPEND_IDS)
    async with node.db.session() as session:
        await change(session, bench.source, "thing")
    url = _move(bench, postgres, other_cluster)
    connection = await asyncpg.connect(url)
    query = "SELECT count(*) FROM outbox WHERE xid < pg_snapshot_xmin(pg_current_snapshot())"
    assert await connection.fetchval(query) == 0
    await connection.close()


async def test_the_epoch_rises_once_and_can_be_raised_by_hand(bench: Bench) -> None:
    assert await check_epoch(bench.connection) == (1, False)
    assert await check_epoch(bench.connection) == (1, False)
    database = Database(bench.url)
    async with database.engine.begin() as connection:
        assert await connection.run_sync(raise_epoch) == 2
    await database.dispose()
    assert await check_epoch(bench.connection) == (2, False)
    await bench.connection.execute("UPDATE event_epoch SET system_identifier = 1")
    assert await check_epoch(bench.connection) == (3, True)
    assert await check_epoch(bench.connection) == (3, False)


async def test_an_outbox_that_no_relay_has_seen_starts_with_its_rows_as_the_older_epoch(bench: Bench) -> None:
    node: Node = bench.node(bench.source)
    async with node.db.session() as session:
        await change(session, bench.source, "thing")
    assert await check_epoch(bench.connection) == (2, False)
