"""Bringing every database to the schema of this code; quick when there is nothing to do."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import asyncpg
from alembic.script import ScriptDirectory
from common.db import migrations_folder
from common.migrations import alembic_config, migrate

from tourtrust.runtime.errors import StartError
from tourtrust.runtime.nursery import Fork
from tourtrust.runtime.processes import tail

__all__ = ["bring_to_head"]


def bring_to_head(addresses: Mapping[str, str], logs: Path) -> list[str]:
    """Migrate the database of each service whose schema is older; gives the services that were migrated.

    `addresses` are direct addresses, by service. Each runs in a process of its own, all at once.

    Raises:
        StartError: a database cannot be reached or a migration failed.
    """
    found = asyncio.run(_versions(addresses))
    stale = [service for service in addresses if found[service] != _heads(service)]
    runs = {
        service: Fork(
            f"migrate-{service}",
            _migrate,
            service,
            addresses[service],
            env=os.environ,
            log=logs / f"{service}.migrations.log",
        )
        for service in stale
    }
    failed = [service for service, run in runs.items() if run.wait() != 0]
    if failed:
        log_file = logs / f"{failed[0]}.migrations.log"
        raise StartError(
            f"数据库迁移失败({'、'.join(failed)}),日志 {log_file} 的结尾:\n{tail(log_file)}",
            f"migrating {', '.join(failed)} failed; see {log_file}",
        )
    return stale


def _migrate(service: str, url: str) -> None:
    migrate(url, migrations_folder(service))


def _heads(service: str) -> set[str]:
    folder = migrations_folder(service)
    return set(ScriptDirectory.from_config(alembic_config("", folder)).get_heads())


async def _versions(addresses: Mapping[str, str]) -> dict[str, set[str]]:
    return dict(zip(addresses, await asyncio.gather(*map(_version, addresses.items())), strict=True))


async def _version(entry: tuple[str, str]) -> set[str]:
    service, url = entry
    try:
        connection = await asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://"), timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise StartError(
            f"连接不上 {service} 的数据库:{reason}", f"cannot reach {service}'s database"
        ) from error
    try:
        rows = await connection.fetch("SELECT version_num FROM alembic_version")
        return {row["version_num"] for row in rows}
    except asyncpg.UndefinedTableError:
        return set()
    finally:
        await connection.close()
