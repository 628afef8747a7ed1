"""Epochs: which life of the database a transaction id belongs to.

A dump restored into a new cluster brings its rows' transaction ids along, while the cluster counts from the
beginning again; ordered by them, old events would wait behind ids that come in years. So a restore raises the
epoch: rows of older epochs, all of them committed, are sent first, in order of `seq`.
"""

from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import Connection, text

__all__ = ["adopt_stream", "check_epoch", "raise_epoch"]

_RAISE = """
INSERT INTO event_epoch (single, epoch) VALUES (true, 2)
ON CONFLICT (single) DO UPDATE
   SET epoch = event_epoch.epoch + 1, system_identifier = NULL, raised_at = now()
RETURNING epoch
"""
_FIRST = """
INSERT INTO event_epoch (single, epoch, system_identifier)
SELECT true, CASE WHEN EXISTS (SELECT FROM outbox) THEN 2 ELSE 1 END, $1
ON CONFLICT (single) DO NOTHING
"""
_FROM_THE_FUTURE = """
SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL AND epoch = $1
                  AND xid >= pg_snapshot_xmax(pg_current_snapshot()))
"""
_REOPEN = """
WITH chunk AS (SELECT id FROM outbox WHERE id > $1 ORDER BY id LIMIT 500),
     reopened AS (UPDATE outbox SET published_at = NULL FROM chunk
                   WHERE outbox.id = chunk.id AND published_at > $2 RETURNING 1)
SELECT (SELECT id FROM chunk ORDER BY id DESC LIMIT 1) AS last, (SELECT count(*) FROM reopened) AS count
"""
_BEFORE_ALL = UUID(int=0)


def raise_epoch(connection: Connection) -> int:
    """Begin a new epoch; to be called by a restore, and by a migration that rewrites the outbox.

    Returns:
        The new epoch.
    """
    return int(connection.execute(text(_RAISE)).scalar_one())


async def check_epoch(connection: asyncpg.Connection) -> tuple[int, bool]:
    """The epoch to relay in, raised first when the database has moved to another cluster.

    Two signs tell: the cluster's system identifier is not the one stored (where the role may ask for it), or
    an unsent row carries a transaction id that this cluster has not given out yet.

    Returns:
        The epoch, and whether it was raised now.
    """
    identifier = await _system_identifier(connection)
    await connection.execute(_FIRST, identifier)
    row = await connection.fetchrow("SELECT epoch, system_identifier FROM event_epoch")
    assert row is not None  # noqa: S101 (inserted above)
    stored, epoch = row["system_identifier"], int(row["epoch"])
    moved = stored is not None and identifier is not None and stored != identifier
    raised = moved or bool(await connection.fetchval(_FROM_THE_FUTURE, epoch))
    if raised:
        epoch = int(await connection.fetchval(_RAISE))
    await connection.execute("UPDATE event_epoch SET system_identifier = $1", identifier)
    return epoch, raised


async def adopt_stream(connection: asyncpg.Connection, created_at: datetime, kept_since: datetime) -> int:
    """Note which stream the outbox is sent to; when it is a new one, send again what it should hold.

    The bus can lose its disk, the outbox must not care: all events published after `kept_since` (what a
    stream still keeps) are unpublished again, and consumers know by their inbox which they have had.

    Returns:
        How many events will be sent again.
    """
    stored = await connection.fetchval("SELECT stream_created_at FROM event_epoch")
    reopened = 0
    if stored is not None and stored != created_at:
        last: UUID | None = _BEFORE_ALL
        while last is not None:
            chunk = await connection.fetchrow(_REOPEN, last, kept_since)
            assert chunk is not None  # noqa: S101 (an aggregate always gives a row)
            last, reopened = chunk["last"], reopened + int(chunk["count"])
    await connection.execute("UPDATE event_epoch SET stream_created_at = $1", created_at)
    return reopened


async def _system_identifier(connection: asyncpg.Connection) -> int | None:
    try:
        value = await connection.fetchval("SELECT system_identifier FROM pg_control_system()")
    except asyncpg.InsufficientPrivilegeError:
        return None
    return None if value is None else int(value)
