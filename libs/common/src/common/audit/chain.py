"""The hash of an entry, and the check that no entry was changed, moved or taken out."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from typing import Any

import rfc8785
from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from common.problems import Text

from .table import AUDIT, LANES

__all__ = ["ChainReport", "Head", "content_hash", "genesis", "heads", "verify_chain"]

_BATCH = 1_000
_CONTENT = ("actor", "actor_kind", "client_id", "department", "action", "target", "purpose", "details")


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a lane at some moment. Kept outside the database, it shows if the end was cut off."""

    lane: int
    position: int
    hash: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """Outcome of a check: how many entries hold, the heads, and the first break of each broken lane."""

    entries: int
    heads: tuple[Head, ...]
    breaks: tuple[Text, ...]

    @property
    def intact(self) -> bool:
        """Whether every entry is as it was written."""
        return not self.breaks


def genesis(lane: int) -> bytes:
    """What stands before the first entry of a lane."""
    return sha256(f"tourtrust audit lane {lane}".encode()).digest()


def content_hash(entry: Mapping[str, Any]) -> bytes:
    """SHA-256 over the RFC 8785 form of what the entry says."""
    content = {name: entry[name] for name in _CONTENT}
    content["id"] = str(entry["id"])
    content["recorded_at"] = entry["recorded_at"].astimezone(UTC).isoformat(timespec="microseconds")
    return sha256(rfc8785.dumps(content)).digest()


async def heads(session: AsyncSession) -> list[Head]:
    """The last entry of each lane in use, to be published or stored elsewhere."""
    last = select(AUDIT.c.lane, func.max(AUDIT.c.position)).group_by(AUDIT.c.lane)
    rows = await session.execute(
        select(AUDIT.c.lane, AUDIT.c.position, AUDIT.c.hash)
        .where(tuple_(AUDIT.c.lane, AUDIT.c.position).in_(last))
        .order_by(AUDIT.c.lane)
    )
    return [Head(row.lane, row.position, row.hash.hex()) for row in rows]


async def verify_chain(session: AsyncSession, known_heads: Iterable[Head] = ()) -> ChainReport:
    """Recompute every hash, and look for each of `known_heads` in its place.

    A lane is followed to its first break; what stands behind that proves nothing. Reads in batches, so the
    length of the table costs time only.
    """
    expected = {(head.lane, head.position): head.hash for head in known_heads}
    entries, ends, breaks = 0, [], []
    for lane in range(LANES):
        position, previous = 0, genesis(lane)
        fault = None
        async for row in _entries(session, lane):
            if row["position"] != position + 1:
                fault = Text(f"第 {position + 1} 条缺失", f"entry {position + 1} is missing")
            elif sha256(previous + content_hash(row)).digest() != row["hash"]:
                fault = Text(f"第 {position + 1} 条被改动", f"entry {position + 1} was changed")
            elif expected.pop((lane, position + 1), row["hash"].hex()) != row["hash"].hex():
                fault = Text(f"第 {position + 1} 条被替换", f"entry {position + 1} was replaced")
            if fault:
                break
            position, previous = position + 1, row["hash"]
        if fault is None and any(key[0] == lane for key in expected):
            fault = Text(f"第 {position} 条之后被截断", f"entries after {position} were cut off")
        if fault:
            breaks.append(Text(f"审计链 {lane}：{fault.zh}", f"audit lane {lane}: {fault.en}"))
        if position:
            ends.append(Head(lane, position, previous.hex()))
        entries += position
    return ChainReport(entries, tuple(ends), tuple(breaks))


async def _entries(session: AsyncSession, lane: int) -> AsyncIterator[Mapping[str, Any]]:
    position = 0
    while True:
        batch = (
            await session.execute(
                select(AUDIT)
                .where(AUDIT.c.lane == lane, AUDIT.c.position > position)
                .order_by(AUDIT.c.position)
                .limit(_BATCH)
            )
        ).mappings()
        rows: list[Mapping[str, Any]] = [dict(row) for row in batch]
        for row in rows:
            yield row
        if len(rows) < _BATCH:
            return
        position = rows[-1]["position"]
