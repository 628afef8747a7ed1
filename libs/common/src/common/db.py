"""PostgreSQL for every service: registry, ids, types, engine, one-transaction sessions, boot checks."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import DateTime, Dialect, MetaData, Table, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7

from common.settings import async_url

__all__ = [
    "DRIVER_ERRORS",
    "Database",
    "SchemaError",
    "UtcDateTime",
    "check_database",
    "copy_records",
    "copy_rows",
    "include",
    "migrations_folder",
    "new_id",
    "new_registry",
    "sqlstate",
]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises where SQLAlchemy does not stand between."""


def new_registry() -> registry:
    """A registry of one service's own, with the house's constraint names."""
    return registry(metadata=MetaData(naming_convention=NAMING))


def new_id() -> UUID:
    """A new UUIDv7: made in the application, ordered by time of making."""
    return uuid7()


def include(metadata: MetaData, *tables: Table) -> None:
    """Copy tables that common defines into a service's metadata, so that Alembic builds them there."""
    for table in tables:
        if table.name not in metadata.tables:
            table.to_metadata(metadata)


def migrations_folder(package: str) -> Path:
    """The Alembic scripts of a service: inside the package when installed, beside `src` in the repository."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(package)
    inside = Path(spec.origin).parent / "migrations"
    return inside if inside.exists() else inside.parents[2] / "migrations"


class UtcDateTime(TypeDecorator[datetime]):
    """`timestamptz` that takes aware instants only and gives them back in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant needs its time zone")
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)


def sqlstate(error: DBAPIError) -> str | None:
    """The five-character SQLSTATE behind a database error, or None when the server gave none."""
    origin: Any = error.orig
    return getattr(origin, "sqlstate", None)


async def copy_records(
    session: AsyncSession, table: str, columns: Sequence[str], records: Iterable[tuple[Any, ...]]
) -> None:
    """Write records by COPY, on the session's own connection and in its transaction.

    Raises:
        DBAPIError: whatever the driver raised, as from any other statement of the session.
    """
    raw = await (await session.connection()).get_raw_connection()
    driver: Any = raw.driver_connection
    try:
        await driver.copy_records_to_table(table, records=records, columns=columns)
    except DRIVER_ERRORS as error:
        gone = driver.is_closed()
        raise DBAPIError(f"COPY {table}", None, error, True, connection_invalidated=gone) from error


async def copy_rows(session: AsyncSession, model: type[Any], rows: Sequence[object]) -> None:
    """Write rows of a mapped class by COPY, each an object with its columns as attributes.

    Raises as `copy_records`.
    """
    if not rows:
        return
    table: Table = model.__table__
    columns = [column.name for column in table.columns]
    documents = [place for place, column in enumerate(table.columns) if isinstance(column.type, JSONB)]
    values = attrgetter(*columns)
    await copy_records(session, table.name, columns, [_record(values(row), documents) for row in rows])


def _record(values: tuple[Any, ...], documents: list[int]) -> tuple[Any, ...]:
    """The values as COPY takes them: documents as their text."""
    if not documents:
        return values
    record = list(values)
    for place in documents:
        if record[place] is not None:
            record[place] = json.dumps(record[place], ensure_ascii=False)
    return tuple(record)


async def _connect(*args: Any, **options: Any) -> Any:
    """asyncpg's connection; a name that does not resolve and the like are ConnectionErrors too."""
    try:
        return await asyncpg.connect(*args, **options)
    except OSError as error:
        raise ConnectionError(f"no connection to PostgreSQL: {error}") from error


class Database:
    """The engine and the sessions of one service. One `session()` is one transaction.

    `statement_cache=0` is for a pooler that gives each transaction another connection of the server: nothing
    prepared is used again, and no setting is sent that such a pooler refuses.
    """

    def __init__(self, url: str, *, statement_cache: int = 100, pool_size: int = 10) -> None:
        connect_args: dict[str, Any] = {
            "async_creator_fn": _connect,
            "statement_cache_size": statement_cache,
            "prepared_statement_cache_size": statement_cache,
            "timeout": 5,
            "server_settings": {"timezone": "UTC"},
        }
        if statement_cache == 0:
            connect_args["prepared_statement_name_func"] = lambda: f"__{uuid7().hex}__"
        else:
            connect_args["server_settings"]["jit"] = "off"
        self.engine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=5,
            pool_pre_ping=False,
            pool_recycle=1800,
            hide_parameters=True,
            connect_args=connect_args,
        )
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self.sessions() as session, session.begin():
            yield session

    async def dispose(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


class SchemaError(RuntimeError):
    """The database is not what this code needs; the service must not start."""


async def check_database(database: Database, migrations: Path | None) -> None:
    """Refuse to run on a stale schema, or on a locale in which Chinese cannot be searched.

    Raises:
        SchemaError: the schema is not at the head of `migrations`, or the database is not UTF8, or its locale
            knows no Chinese letter. Where pg_trgm is installed it is asked, whoever provides the locale;
            elsewhere the character type must be another than C.
    """
    async with database.engine.connect() as connection:
        encoding = await connection.scalar(text("SHOW server_encoding"))
        ctype = await connection.scalar(
            text("SELECT datctype FROM pg_database WHERE datname = current_database()")
        )
        if await connection.scalar(text("SELECT to_regprocedure('show_trgm(text)') IS NOT NULL")):
            searchable = bool(await connection.scalar(text("SELECT show_trgm('旅游')")))
        else:
            searchable = ctype not in {"C", "POSIX"}
        if encoding != "UTF8" or not searchable:
            raise SchemaError(
                f"database must be UTF8 with locale C.UTF-8, found {encoding}/{ctype}: "
                "Chinese text could not be searched"
            )
        if migrations is None:
            return
        config = Config()
        config.set_main_option("script_location", str(migrations))
        heads = set(ScriptDirectory.from_config(config).get_heads())
        try:
            rows = await connection.execute(text("SELECT version_num FROM alembic_version"))
            found = {row[0] for row in rows}
        except DBAPIError as error:
            if sqlstate(error) != "42P01":
                raise
            found = set()
        if found != heads:
            raise SchemaError(
                f"schema is at {sorted(found) or 'nothing'}, this code needs {sorted(heads)}: "
                "run the migrations"
            )
