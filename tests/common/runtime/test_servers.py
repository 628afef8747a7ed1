"""The embedded PostgreSQL and NATS are real, keep their data, and come back after a crash."""

from pathlib import Path

import asyncpg
import nats as nats_client
import pytest
from nats.js.errors import APIError
from tourtrust.runtime.nats import NatsServer, service_user
from tourtrust.runtime.postgres import PostgresServer


async def test_database_is_utf8_and_its_trigrams_find_chinese(postgres: PostgresServer) -> None:
    url = postgres.create_database("runtime_locale", owner="runtime_owner", password="a'b\"c")
    connection = await asyncpg.connect(url)
    try:
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
        assert (
            await connection.fetchval("SELECT datctype FROM pg_database WHERE datname=current_database()")
            == "C.UTF-8"
        )
        await connection.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gist")
        assert await connection.fetchval("SELECT show_trgm('旅行社')") != []
    finally:
        await connection.close()


async def test_a_role_cannot_enter_another_roles_database(postgres: PostgresServer) -> None:
    postgres.create_database("runtime_one", owner="runtime_first", password="one")
    postgres.create_database("runtime_two", owner="runtime_second", password="two")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(postgres.url("runtime_two", "runtime_first", "one"))


async def test_postgres_keeps_committed_rows_over_a_kill(postgres: PostgresServer) -> None:
    url = postgres.create_database("runtime_kill")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)")
    await connection.close()
    postgres.kill()
    postgres.start()
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT id FROM kept") == 7
    await connection.close()


async def test_nats_keeps_messages_over_a_kill(nats: NatsServer) -> None:
    client = await nats_client.connect(nats.url)
    jetstream = client.jetstream()
    await jetstream.add_stream(name="RUNTIME", subjects=["runtime.>"])
    await jetstream.publish("runtime.a", b"kept")
    await client.close()
    nats.kill()
    nats.start()
    client = await nats_client.connect(nats.url)
    message = await client.jetstream().get_msg("RUNTIME", seq=1)
    assert message.data == b"kept"
    await client.jetstream().delete_stream("RUNTIME")
    await client.close()


async def test_a_service_publishes_only_its_own_events(server_home: Path) -> None:
    users = (service_user("credit", "c"), service_user("contracts", "k"))
    server = NatsServer(server_home / "nats-users", users=users, durable=False)
    server.start()
    try:
        refusals: list[Exception] = []

        async def note(error: Exception) -> None:
            refusals.append(error)

        client = await nats_client.connect(server.url, user="credit", password="c", error_cb=note)
        jetstream = client.jetstream(timeout=1)
        await jetstream.add_stream(name="EVENTS", subjects=["ev.>"])
        await jetstream.publish("ev.credit.0.fact_recorded", b"{}")
        with pytest.raises(TimeoutError):
            await jetstream.publish("ev.contracts.0.contract_registered", b"{}")
        with pytest.raises((TimeoutError, APIError)):
            await jetstream.delete_stream("EVENTS")
        subscription = await jetstream.pull_subscribe("ev.>", durable="probe", stream="EVENTS")
        (message,) = await subscription.fetch(1, timeout=2)
        await message.ack_sync()
        await client.close()
        assert any("ev.contracts.0" in str(refusal) for refusal in refusals)
    finally:
        server.stop()
