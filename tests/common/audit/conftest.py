"""A database of the audit table alone, made append-only as a service's migration does."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from common.audit import TABLES, append_only_ddl
from common.auth import Principal
from common.db import Database, include
from sqlalchemy import MetaData, text

ACTOR = Principal("officer-1", "department", "officer", frozenset({"pii:reveal"}), ("140000",), "140100-WLJ")


@pytest.fixture
def actor() -> Principal:
    return ACTOR


@pytest.fixture(scope="session")
async def database(postgres: Any) -> AsyncIterator[Database]:
    database = Database(postgres.create_database("audit_test"), pool_size=20)
    metadata = MetaData()
    include(metadata, *TABLES)
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        for statement in append_only_ddl("audit"):
            await connection.execute(text(statement))
    yield database
    await database.dispose()


@pytest.fixture(autouse=True)
async def empty(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER append_only"))
        await connection.execute(text("DELETE FROM audit"))
        await connection.execute(text("ALTER TABLE audit ENABLE TRIGGER append_only"))
