"""Running Alembic: the same for every service, on the direct address, one runner at a time.

`python -m common.migrations credit` migrates the database of `CREDIT_DIRECT_DATABASE_URL`, or else of
`CREDIT_DATABASE_URL`.
"""

import asyncio
import os
import sys
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from common.db import migrations_folder
from common.settings import async_url

__all__ = ["alembic_config", "migrate", "run_migrations"]

_LOCK = 0x7472757374


def alembic_config(url: str, migrations: Path) -> Config:
    """An Alembic configuration for the scripts in `migrations` and the database at `url`."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "os")
    config.set_main_option("sqlalchemy.url", async_url(url).replace("%", "%%"))
    return config


def migrate(url: str, migrations: Path, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`. Not to be called inside a running event loop."""
    command.upgrade(alembic_config(url, migrations), revision)


def run_migrations(metadata: MetaData) -> None:
    """What a service's `migrations/env.py` does: run, or compare with, `metadata`.

    An advisory lock lets two runners that start together take turns.
    """
    url = context.config.get_main_option("sqlalchemy.url")
    if not url:
        raise RuntimeError("sqlalchemy.url is not set")

    def work(connection: Connection) -> None:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            compare_type=True,
            compare_server_default=True,
            include_object=lambda _, name, kind, *__: (kind, name) != ("table", "alembic_version"),
        )
        with context.begin_transaction():
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            context.run_migrations()

    async def connect() -> None:
        engine = create_async_engine(async_url(url), poolclass=NullPool)
        async with engine.connect() as connection:
            await connection.run_sync(work)
            await connection.commit()
        await engine.dispose()

    asyncio.run(connect())


if __name__ == "__main__":
    name = sys.argv[1]
    prefix = f"{name.upper()}_"
    address = os.environ.get(f"{prefix}DIRECT_DATABASE_URL") or os.environ[f"{prefix}DATABASE_URL"]
    migrate(address, migrations_folder(name))
