"""Databases: nothing prepared survives behind a pooler, wrong schemas are refused, two migrate in turn."""

import asyncio
import sys
from hashlib import sha256

import pytest
from common.db import (
    Database,
    SchemaError,
    check_database,
    copy_records,
    migrations_folder,
    sqlstate,
)
from common.migrations import migrate
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, StatementError
from tourtrust.runtime.postgres import PostgresServer


async def ask_twice_through_a_pooler(url: str, statement_cache: int) -> int:
    """The same statement in two transactions, between which the server's side is another connection."""
    database = Database(url, statement_cache=statement_cache, pool_size=1)
    try:
        for _ in range(2):
            async with database.session() as session:
                answer = await session.scalar(text("SELECT 40 + :n"), {"n": 2})
            async with database.session() as session:
                raw = await (await session.connection()).get_raw_connection()
                assert raw.driver_connection is not None
                await raw.driver_connection.execute("DEALLOCATE ALL")
        return int(answer)
    finally:
        await database.dispose()


async def test_without_statement_cache_a_transaction_pooler_will_do(postgres: PostgresServer) -> None:
    assert await ask_twice_through_a_pooler(postgres.dsn, 0) == 42
    with pytest.raises(DBAPIError, match="does not exist"):
        await ask_twice_through_a_pooler(postgres.dsn, 100)


async def test_errors_of_statements_hide_their_parameters(postgres: PostgresServer) -> None:
    database = Database(postgres.dsn)
    for statement in ("SELECT nothing WHERE 'x' = :name", "SELECT CAST(:name AS text), :missing"):
        with pytest.raises((DBAPIError, StatementError)) as caught:
            async with database.session() as session:
                await session.execute(text(statement), {"name": "王样例"})
        assert "王样例" not in str(caught.value)
    await database.dispose()


async def test_a_copy_that_fails_raises_as_any_statement_does(postgres: PostgresServer) -> None:
    """A vanished connection and a refused record are errors of the database, told apart by their state."""
    database = Database(postgres.create_database("copied"))
    async with database.session() as session:
        await session.execute(text("CREATE TABLE once (id integer PRIMARY KEY)"))
    with pytest.raises(DBAPIError) as caught:
        async with database.session() as session:
            await copy_records(session, "once", ["id"], [(1,), (1,)])
    assert sqlstate(caught.value) == "23505"
    with pytest.raises(DBAPIError) as caught:
        async with database.session() as session, database.session() as killer:
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
            await killer.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            await copy_records(session, "once", ["id"], [(1,)])
    assert caught.value.connection_invalidated
    async with database.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM once")) == 0
    await database.dispose()


async def test_an_empty_database_is_refused_by_name(postgres: PostgresServer) -> None:
    database = Database(postgres.create_database("no_schema"))
    with pytest.raises(SchemaError, match="schema is at nothing"):
        await check_database(database, migrations_folder("gateway"))
    await database.dispose()


@pytest.mark.parametrize(
    ("locale", "with_trigrams", "good"),
    [
        ("LOCALE 'C'", False, False),
        ("LOCALE 'C'", True, False),
        ("LOCALE 'C.UTF-8'", False, True),
        ("LOCALE 'C.UTF-8'", True, True),
        ("LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C.UTF-8'", True, True),
        ("LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C' LOCALE 'C'", True, False),
    ],
)
async def test_a_database_in_which_chinese_can_be_searched_is_accepted(
    postgres: PostgresServer, locale: str, with_trigrams: bool, good: bool
) -> None:
    name = f"locale_{sha256(f'{locale}{with_trigrams}'.encode()).hexdigest()[:12]}"
    postgres.sql(f"CREATE DATABASE {name} TEMPLATE template0 {locale}")
    database = Database(postgres.url(name))
    try:
        if with_trigrams:
            async with database.session() as session:
                await session.execute(text("CREATE EXTENSION pg_trgm"))
        if good:
            await check_database(database, None)
        else:
            with pytest.raises(SchemaError, match="Chinese text could not be searched"):
                await check_database(database, None)
    finally:
        await database.dispose()


async def test_two_runners_of_migrations_take_turns(postgres: PostgresServer) -> None:
    url = postgres.create_database("migrated_twice")
    folder = migrations_folder("gateway")
    code = "import sys, pathlib, common.migrations as m; m.migrate(sys.argv[1], pathlib.Path(sys.argv[2]))"
    runners = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", code, url, str(folder)) for _ in range(2)
    ]
    assert [await runner.wait() for runner in runners] == [0, 0]
    database = Database(url)
    await check_database(database, folder)
    await database.dispose()
    await asyncio.to_thread(migrate, url, folder)
