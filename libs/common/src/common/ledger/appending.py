"""Putting entries into the queue of the log, in the transaction that makes them true."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Select, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from common.ledger.entries import KEY_EVENT, SALT_SIZE, Entry, Promise, commit
from common.ledger.models import keys, promises, queue
from common.ledger.note import SignerKey
from common.ledger.signer import LogSigner
from common.problems import StateConflict, Text

__all__ = ["CHANNEL", "EntryConflict", "NewEntry", "append", "append_many", "salt_context"]

CHANNEL = "ledger_queue"


class EntryConflict(StateConflict):
    """The id and version are already in the log with another document or event."""

    type = "/problems/entry-conflict"
    title = Text("该编号与版本已登记另一内容", "This id and version are registered with other content")


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One document for `append_many`; the fields are those of `append`."""

    id: str
    version: int
    event: str
    document_hash: bytes


def salt_context(entry_id: str, version: int) -> str:
    """What binds an encrypted salt to its entry."""
    return f"ledger.salt/{entry_id}/{version}"


async def append(
    session: AsyncSession,
    *,
    log: LogSigner,
    id: str,
    version: int,
    event: str,
    document_hash: bytes,
    now: datetime,
) -> Promise:
    """Queue a document's commitment for the log, in the caller's transaction, and promise to include it.

    The id is published as it stands: it must mean nothing outside and be no key of a person. The same id and
    version with the same event and document gives the same promise again.

    Raises:
        EntryConflict: id and version stand for another event or document.
        Refused: id or event is empty or too long, or the event is reserved.
    """
    given = NewEntry(id, version, event, document_hash)
    entry, promise, row = _prepared(given, log, await _key_in_force(session, log), now)
    if await session.scalar(_APPEND, row) is not None:
        return promise
    return await _promised_before(session, log, entry, document_hash)


async def append_many(
    session: AsyncSession, *, log: LogSigner, entries: Sequence[NewEntry], now: datetime
) -> list[Promise]:
    """Queue many commitments in one statement, as `append` would one after the other; promises in that order.

    Raises:
        EntryConflict, Refused: as for `append`; also when an id and version stand twice among `entries`.
    """
    if not entries:
        return []
    if len({(given.id, given.version) for given in entries}) != len(entries):
        raise EntryConflict
    key = await _key_in_force(session, log)
    prepared = [_prepared(given, log, key, now) for given in entries]
    names = [*_PROMISED, "entry"]
    columns = {name: [row[name] for _, _, row in prepared] for name in names}
    found = await session.execute(_APPEND_MANY, columns)
    new = {(row.id, row.version) for row in found}
    return [
        promise
        if (given.id, given.version) in new
        else await _promised_before(session, log, entry, given.document_hash)
        for given, (entry, promise, _) in zip(entries, prepared, strict=True)
    ]


def _prepared(
    given: NewEntry, log: LogSigner, key: SignerKey, now: datetime
) -> tuple[Entry, Promise, dict[str, Any]]:
    """The entry, its signed promise and the row of both. Raises EntryConflict, Refused."""
    salt = secrets.token_bytes(SALT_SIZE)
    entry = Entry(given.id, given.version, given.event, commit(salt, given.document_hash))
    if given.event == KEY_EVENT or len(given.document_hash) != 32:
        raise EntryConflict
    due = now + log.include_within
    due = due.replace(microsecond=due.microsecond // 1000 * 1000)
    promise = Promise(given.id, given.version, entry.commitment, log.origin, due).signed(key)
    row = {
        "id": given.id,
        "version": given.version,
        "event": given.event,
        "document_hash": given.document_hash,
        "salt": log.cipher.encrypt(salt.hex(), context=salt_context(given.id, given.version)),
        "commitment": promise.commitment,
        "include_by": promise.include_by,
        "signature": promise.signature,
        "entry": entry.encode(),
    }
    return entry, promise, row


def _append_statement() -> Select[Any]:
    """One round trip: the promise if it is new, its queue row, and the bell; gives no row if it is not."""
    given = {name: bindparam(name, type_=promises.c[name].type) for name in _PROMISED}
    promised = (
        upsert(promises).values(given).on_conflict_do_nothing().returning(promises.c.id).cte("promised")
    )
    entry = bindparam("entry", type_=queue.c.entry.type)
    names = ["id", "version", "event", "include_by"]
    queued = (
        insert(queue)
        .from_select([*names, "entry"], select(*(given[name] for name in names), entry).select_from(promised))
        .returning(queue.c.seq)
        .cte("queued")
    )
    return select(queued.c.seq, func.pg_notify(CHANNEL, ""))


_PROMISED = (
    "id",
    "version",
    "event",
    "document_hash",
    "salt",
    "commitment",
    "include_by",
    "signature",
)
_APPEND = _append_statement()


def _append_many_statement() -> Select[Any]:
    """As `_APPEND` for arrays of rows: gives id and version of those that were new, queued in their order."""
    types = {name: promises.c[name].type for name in _PROMISED} | {"entry": queue.c.entry.type}
    arrays = func.unnest(*(bindparam(name, type_=ARRAY(kind)) for name, kind in types.items()))
    given = arrays.table_valued(*types, with_ordinality="place", joins_implicitly=True).render_derived()
    promised = (
        upsert(promises)
        .from_select(list(_PROMISED), select(*(given.c[name] for name in _PROMISED)))
        .on_conflict_do_nothing()
        .returning(promises.c.id, promises.c.version)
        .cte("promised")
    )
    names = ["id", "version", "event", "include_by", "entry"]
    rows = (
        select(*(given.c[name] for name in names))
        .join(promised, (promised.c.id == given.c.id) & (promised.c.version == given.c.version))
        .order_by(given.c.place)
    )
    queued = insert(queue).from_select(names, rows).returning(queue.c.id, queue.c.version).cte("queued")
    return select(queued.c.id, queued.c.version, func.pg_notify(CHANNEL, ""))


_APPEND_MANY = _append_many_statement()


async def _key_in_force(session: AsyncSession, log: LogSigner) -> SignerKey:
    """The key that signs promises: while the file holds several, the last one that the log has announced."""
    if (only := log.only_key()) is not None:
        return only
    announced = await session.scalar(select(keys.c.key).order_by(keys.c.first_size.desc()).limit(1))
    return log.newest() if announced is None else log.key(announced)


async def _promised_before(
    session: AsyncSession, log: LogSigner, entry: Entry, document_hash: bytes
) -> Promise:
    found = (
        await session.execute(
            select(promises).where(promises.c.id == entry.id, promises.c.version == entry.version)
        )
    ).one()
    if (found.event, found.document_hash) != (entry.event, document_hash):
        raise EntryConflict
    return Promise(found.id, found.version, found.commitment, log.origin, found.include_by, found.signature)
