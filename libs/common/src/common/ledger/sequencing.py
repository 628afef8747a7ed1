"""The SQL by which the queue becomes leaves, tiles and a checkpoint: for sequencer and cosigner only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, String, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from common.ledger.checkpoint import Checkpoint, sign_checkpoint
from common.ledger.entries import KEY_EVENT, Entry, key_announcement
from common.ledger.errors import Reason, Refused
from common.ledger.models import checkpoints, cosignatures, keys, leaves, promises, queue, tiles
from common.ledger.note import VerifierKey
from common.ledger.signer import LogSigner
from common.ledger.store import Handle, load_tiles
from common.ledger.tiles import extend_tiles, right_edge, tree_root
from common.ledger.tree import EMPTY_ROOT, leaf_hash

__all__ = ["BATCH", "Batch", "Lag", "lag", "last_cosigned", "sequence", "start_log", "store_cosignature"]

BATCH = 1000


@dataclass(frozen=True)
class Batch:
    """What one transaction added: the checkpoint's size, its new leaves, those later than promised."""

    size: int
    count: int
    late: int


@dataclass(frozen=True)
class Lag:
    """What waits in the queue, and how much of it is beyond its promise."""

    waiting: int
    overdue: int


async def start_log(connection: AsyncConnection, log: LogSigner, now: datetime) -> None:
    """Register the first key and sign the empty tree, unless the log has begun."""
    if await connection.scalar(select(func.count()).select_from(checkpoints)):
        return
    key = log.newest()
    await connection.execute(
        insert(keys).values(key=str(key.verifier), first_size=0, valid_from=now, announced_size=None)
    )
    note = sign_checkpoint(Checkpoint(log.origin, 0, EMPTY_ROOT), key)
    await connection.execute(insert(checkpoints).values(size=0, root=EMPTY_ROOT, note=note, signed_at=now))


async def sequence(
    connection: AsyncConnection,
    log: LogSigner,
    now: datetime,
    limit: int = BATCH,
    checkpoint_after: Collection[str] = (),
) -> Batch | None:
    """Turn committed queue rows into leaves, tiles and one signed checkpoint; None when the queue is empty.

    All of it belongs to the caller's one transaction, so a crash leaves all or nothing, and the signature
    leaves this process only after the commit. Rows are taken as they are seen, whatever their order of
    commit: the order of sequencing is the order of the log, without gaps. An entry whose event is in
    `checkpoint_after` is the last of its batch, so one checkpoint ends with it and with nothing else.

    Raises:
        Refused: the stored tiles do not give the root that was last signed; nothing may be built on them.
        MissingKey: the key in force is not in the key file.
    """
    head = (
        await connection.execute(
            select(checkpoints.c.size, checkpoints.c.root).order_by(checkpoints.c.size.desc()).limit(1)
        )
    ).one()
    rows = (await connection.execute(select(queue).order_by(queue.c.seq).limit(limit))).all()
    rows = _up_to_end(rows, {KEY_EVENT, *checkpoint_after})
    if not rows:
        return None
    edge = await load_tiles(connection, right_edge(head.size))
    if tree_root(head.size, edge) != head.root:
        raise Refused(Reason.WRONG_TILE, "stored tiles")
    changed = extend_tiles(head.size, edge, [leaf_hash(row.entry) for row in rows])
    size = head.size + len(rows)
    checkpoint = Checkpoint(log.origin, size, tree_root(size, edge | changed))
    current: str = (
        await connection.scalars(
            select(keys.c.key).where(keys.c.first_size <= size).order_by(keys.c.first_size.desc()).limit(1)
        )
    ).one()
    note = sign_checkpoint(checkpoint, log.key(current))
    written = upsert(tiles)
    await connection.execute(
        written.on_conflict_do_update(
            index_elements=[tiles.c.level, tiles.c.number], set_={"hashes": written.excluded.hashes}
        ),
        [{"level": at[0], "number": at[1], "hashes": hashes} for at, hashes in changed.items()],
    )
    await _move_rows(connection, rows, head.size)
    await connection.execute(
        insert(checkpoints).values(size=size, root=checkpoint.root, note=note, signed_at=now)
    )
    await _register_announced(connection, rows[-1], VerifierKey.parse(current), size, now)
    return Batch(size, len(rows), sum(row.include_by < now for row in rows))


def _up_to_end(rows: Sequence[Row[Any]], ends: Collection[str]) -> Sequence[Row[Any]]:
    """A batch ends with the announcement of a key, so that a checkpoint of the old key ends with it; and with
    what else its service wants a checkpoint to end with."""
    for count, row in enumerate(rows, start=1):
        if row.event in ends:
            return rows[:count]
    return rows


async def _move_rows(connection: AsyncConnection, rows: Sequence[Row[Any]], first: int) -> None:
    await connection.execute(
        insert(leaves),
        [{"leaf_index": index, "entry": row.entry} for index, row in enumerate(rows, start=first)],
    )
    await connection.execute(delete(queue).where(queue.c.seq.in_([row.seq for row in rows])))
    placed = (
        func.unnest(
            bindparam("ids", type_=ARRAY(String)),
            bindparam("versions", type_=ARRAY(BigInteger)),
            bindparam("indexes", type_=ARRAY(BigInteger)),
        )
        .table_valued("id", "version", "leaf_index", name="placed")
        .render_derived()
    )
    await connection.execute(
        update(promises)
        .values(leaf_index=placed.c.leaf_index)
        .where(promises.c.id == placed.c.id, promises.c.version == placed.c.version),
        {
            "ids": [row.id for row in rows],
            "versions": [row.version for row in rows],
            "indexes": list(range(first, first + len(rows))),
        },
    )


async def _register_announced(
    connection: AsyncConnection, last: Row[Any], current: VerifierKey, size: int, now: datetime
) -> None:
    """Let the key that the last entry announces sign from the next checkpoint on."""
    if last.event != KEY_EVENT:
        return
    new = VerifierKey.parse(last.id)
    if Entry.decode(last.entry) == key_announcement(current, new):
        await connection.execute(
            upsert(keys)
            .values(key=str(new), first_size=size + 1, valid_from=now, announced_size=size)
            .on_conflict_do_nothing()
        )


async def lag(handle: Handle, now: datetime) -> Lag:
    """How much waits, and how much of it should have been included by `now`."""
    waiting, overdue = (
        await handle.execute(
            select(func.count(), func.count().filter(queue.c.include_by < now)).select_from(queue)
        )
    ).one()
    return Lag(waiting, overdue)


async def last_cosigned(session: AsyncSession, witness: str) -> int | None:
    """The size of the largest checkpoint that this witness has cosigned."""
    size: int | None = await session.scalar(
        select(func.max(cosignatures.c.size)).where(cosignatures.c.witness == witness)
    )
    return size


async def store_cosignature(
    session: AsyncSession, size: int, witness: str, line: str, cosigned_at: datetime
) -> None:
    """Keep a verified cosignature; the first one for a checkpoint stays."""
    await session.execute(
        upsert(cosignatures)
        .values(size=size, witness=witness, line=line, cosigned_at=cosigned_at)
        .on_conflict_do_nothing()
    )
