"""Databases for tests, built by the service's own migrations and copied from a template."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from common.migrations import migrate
from common.settings import async_url

__all__ = ["PostgresServer", "ServiceDatabase"]


class PostgresServer(Protocol):
    """What is needed of a running server: the superuser's address of one of its databases."""

    def url(self, database: str) -> str: ...


class ServiceDatabase:
    """One service's template database and the copies made from it."""

    _serial = itertools.count(1)

    def __init__(self, server: PostgresServer, name: str, migrations: Path) -> None:
        self._server = server
        self._template = f"{name}_t{os.getpid()}_{next(self._serial)}"
        self._migrations = migrations

    async def build(self) -> None:
        """Make the template with all migrations applied."""
        await self._execute(f'CREATE DATABASE "{self._template}"')
        await asyncio.to_thread(migrate, self._server.url(self._template), self._migrations)

    async def copy(self) -> str:
        """The address of a fresh copy, for tests that commit or race."""
        name = f"{self._template}_{next(self._serial)}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"')
        return self._server.url(name)

    async def drop(self, url: str) -> None:
        """Remove a copy, closing what is still connected."""
        await self._execute(f'DROP DATABASE IF EXISTS "{url.rsplit("/", 1)[-1]}" WITH (FORCE)')

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session on the template inside an outer transaction that is always rolled back."""
        engine = create_async_engine(async_url(self._server.url(self._template)), poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                outer = await connection.begin()
                async with AsyncSession(
                    connection, join_transaction_mode="create_savepoint", expire_on_commit=False
                ) as session:
                    yield session
                await outer.rollback()
        finally:
            await engine.dispose()

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self._server.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
