"""All SQL of the log. Callers own the transaction; nothing here commits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from common.ledger.appending import CHANNEL, EntryConflict, NewEntry, append, append_many, salt_context
from common.ledger.entries import KEY_EVENT, key_announcement
from common.ledger.models import checkpoints, cosignatures, keys, leaves, promises, queue, tiles
from common.ledger.note import VerifierKey
from common.ledger.receipt import Receipt
from common.ledger.signer import LogSigner, add_log_key
from common.ledger.tiles import Tile, prove, tiles_needed
from common.ledger.tree import consistency_ranges, inclusion_ranges
from common.problems import StateConflict, Text

__all__ = [
    "CHANNEL",
    "EntryConflict",
    "KeyValidity",
    "LogCheckpoint",
    "NewEntry",
    "NotSequenced",
    "append",
    "append_many",
    "consistency_proof",
    "erase",
    "find_leaf",
    "first_checkpoint",
    "get_receipt",
    "inclusion_proof",
    "latest_checkpoint",
    "list_keys",
    "rotate",
]

ROTATION_LOCK = 0x5454_4C45_4447_4501
Handle = AsyncSession | AsyncConnection


class NotSequenced(StateConflict):
    """An entry that is still in the queue cannot be erased."""

    type = "/problems/entry-not-sequenced"
    title = Text("记录尚未写入日志", "The entry is not in the log yet")


@dataclass(frozen=True)
class LogCheckpoint:
    """A stored checkpoint: the note with the log's line, and the lines of witnesses by their names."""

    size: int
    root: bytes
    note: str
    signed_at: datetime
    cosignatures: dict[str, str]

    def cosigned(self) -> str:
        """The note with all lines, the log's first, then the witnesses' by name."""
        return self.note + "".join(line for _, line in sorted(self.cosignatures.items()))


@dataclass(frozen=True)
class KeyValidity:
    """A key of the log and the trees that it signs: sizes from `first_size` to `last_size` (None: still)."""

    key: str
    first_size: int
    last_size: int | None
    valid_from: datetime
    announced_under: str | None


async def find_leaf(session: Handle, id: str, version: int) -> int | None:
    """The index of an entry in the log; None while it is queued, unknown or erased."""
    index: int | None = await session.scalar(
        select(promises.c.leaf_index).where(promises.c.id == id, promises.c.version == version)
    )
    return index


async def get_receipt(
    session: Handle, *, log: LogSigner, id: str, version: int, size: int | None = None
) -> Receipt | None:
    """The receipt of an entry; None until it is included, or when it is unknown or erased.

    It is proven in the first checkpoint that holds it, so it is the same bytes at every asking; or, for
    bundles that prove several entries together, in the checkpoint of exactly `size`.
    """
    found = (
        await session.execute(
            select(promises).where(
                promises.c.id == id, promises.c.version == version, promises.c.leaf_index.is_not(None)
            )
        )
    ).one_or_none()
    if found is None:
        return None
    at = await first_checkpoint(session, max(found.leaf_index + 1, size or 0))
    if at is None or (size is not None and at.size != size):
        return None
    return Receipt(
        log_origin=log.origin,
        id=found.id,
        version=found.version,
        event=found.event,
        document_hash=found.document_hash,
        salt=bytes.fromhex(log.cipher.decrypt(found.salt, context=salt_context(id, version))),
        leaf_index=found.leaf_index,
        tree_size=at.size,
        inclusion_proof=tuple(await inclusion_proof(session, found.leaf_index, at.size)),
        checkpoint=at.note,
    )


async def erase(session: AsyncSession, id: str) -> int:
    """Destroy salt, document hash and the way to the leaf of every version of `id`; gives how many.

    The entries stay in the log and can no longer be linked to a document by anyone without a receipt.

    Raises:
        NotSequenced: a version is still in the queue.
    """
    if await session.scalar(select(queue.c.seq).where(queue.c.id == id).limit(1)) is not None:
        raise NotSequenced
    gone = await session.execute(delete(promises).where(promises.c.id == id).returning(promises.c.version))
    return len(gone.all())


async def first_checkpoint(session: Handle, size: int) -> LogCheckpoint | None:
    """The smallest checkpoint that holds at least `size` leaves: the first, for all who ask."""
    return await _checkpoint(
        session, select(checkpoints).where(checkpoints.c.size >= size).order_by(checkpoints.c.size).limit(1)
    )


async def latest_checkpoint(session: Handle) -> LogCheckpoint | None:
    """The checkpoint of the whole tree; None before the log was ever started."""
    return await _checkpoint(session, select(checkpoints).order_by(checkpoints.c.size.desc()).limit(1))


async def _checkpoint(session: Handle, statement: Select[Any]) -> LogCheckpoint | None:
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        return None
    lines = await session.execute(
        select(cosignatures.c.witness, cosignatures.c.line).where(cosignatures.c.size == found.size)
    )
    return LogCheckpoint(
        found.size, found.root, found.note, found.signed_at, {row.witness: row.line for row in lines}
    )


async def load_tiles(session: Handle, wanted: Collection[Tile]) -> dict[Tile, bytes]:
    """The stored hashes of these tiles."""
    if not wanted:
        return {}
    rows = await session.execute(
        select(tiles.c.level, tiles.c.number, tiles.c.hashes).where(
            tuple_(tiles.c.level, tiles.c.number).in_(sorted(wanted))
        )
    )
    return {(level, number): hashes for level, number, hashes in rows}


async def load_entries(session: Handle, start: int, end: int) -> list[bytes]:
    """The entries of the leaves `start` up to `end`."""
    rows = await session.scalars(
        select(leaves.c.entry)
        .where(leaves.c.leaf_index >= start, leaves.c.leaf_index < end)
        .order_by(leaves.c.leaf_index)
    )
    return list(rows)


async def inclusion_proof(session: Handle, index: int, size: int) -> list[bytes]:
    """The proof that leaf `index` stands in the tree of `size`, which must not exceed the log's."""
    ranges = inclusion_ranges(index, size)
    return prove(ranges, await load_tiles(session, tiles_needed(ranges)))


async def consistency_proof(session: Handle, old: int, new: int) -> list[bytes]:
    """The proof that the tree of `new` begins with the tree of `old`; `new` must not exceed the log's."""
    if old == 0:
        return []
    ranges = consistency_ranges(old, new)
    return prove(ranges, await load_tiles(session, tiles_needed(ranges)))


async def list_keys(session: Handle) -> list[KeyValidity]:
    """The keys of the log, oldest first, each with the checkpoint under which it was announced."""
    rows = (
        await session.execute(
            select(keys, checkpoints.c.note)
            .outerjoin(checkpoints, checkpoints.c.size == keys.c.announced_size)
            .order_by(keys.c.first_size)
        )
    ).all()
    ends: list[int | None] = [row.first_size - 1 for row in rows[1:]]
    return [
        KeyValidity(row.key, row.first_size, last, row.valid_from, row.note)
        for row, last in zip(rows, [*ends, None], strict=False)
    ]


async def rotate(session: AsyncSession, *, log: LogSigner, now: datetime) -> VerifierKey:
    """Make a new key in the key file and have the log, under its present key, announce it.

    The checkpoint that ends with the announcement is signed by the old key, all later ones by the new. Give
    the new verifier key to the witness before the announcement: make the key with `add_log_key`, tell the
    witness, then call this, which announces the newest key of the file. Calling again before the announcement
    is in the log changes nothing.

    Raises:
        StateConflict: the log was never started.
    """
    await session.execute(select(func.pg_advisory_xact_lock(ROTATION_LOCK)))
    known = await list_keys(session)
    if not known:
        raise StateConflict
    waiting = await session.scalar(select(queue.c.id).where(queue.c.event == KEY_EVENT).limit(1))
    if waiting is not None:
        return VerifierKey.parse(waiting)
    old = VerifierKey.parse(known[-1].key)
    new = log.newest().verifier
    if new == old:
        new = add_log_key(log.key_file)
    entry = key_announcement(old, new)
    await session.execute(
        insert(queue).values(
            id=entry.id,
            version=entry.version,
            event=entry.event,
            entry=entry.encode(),
            include_by=now + log.include_within,
        )
    )
    await session.execute(select(func.pg_notify(CHANNEL, "")))
    return new
