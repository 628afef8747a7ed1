"""Saying that something happened: a row in the outbox, in the transaction that makes it true."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from common.db import copy_records, new_id
from common.events.bell import ring_on_commit
from common.events.envelope import event_type
from common.events.models import EPOCH, OUTBOX
from common.telemetry import propagator

__all__ = ["MAX_DATA_BYTES", "NewEvent", "publish", "publish_many"]

MAX_DATA_BYTES = 256 * 1024
_EPOCH = func.coalesce(select(EPOCH.c.epoch).scalar_subquery(), 1)
_GIVEN = ("id", "type", "aggregate_id", "aggregate_version", "data", "traceparent", "created_at")
_INSERT = insert(OUTBOX).values(epoch=_EPOCH, **{name: bindparam(name) for name in _GIVEN})


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One event for `publish_many`; the fields are those of `publish`."""

    name: str
    aggregate_id: UUID | str
    aggregate_version: int
    data: dict[str, Any]
    at: datetime


async def publish(
    session: AsyncSession,
    *,
    service: str,
    name: str,
    aggregate_id: UUID | str,
    aggregate_version: int,
    data: dict[str, Any],
    now: datetime,
) -> UUID:
    """Record that `name` happened to an aggregate; it is sent once the caller's transaction has committed.

    Call it after the aggregate's row was changed (and so locked): then the events of one aggregate are sent
    in the order of its versions. `data` holds ids and codes, never a document and nothing personal.

    Returns:
        The event's id.

    Raises:
        ValueError: the name is no lower snake case, or `data` is no JSON or larger than 256 KiB.
    """
    _check(data)
    id_ = new_id()
    await session.execute(
        _INSERT,
        {
            "id": id_,
            "type": event_type(service, name),
            "aggregate_id": str(aggregate_id),
            "aggregate_version": aggregate_version,
            "data": data,
            "traceparent": _traceparent(),
            "created_at": now,
        },
    )
    ring_on_commit(session)
    return id_


async def publish_many(session: AsyncSession, *, service: str, events: Iterable[NewEvent]) -> int:
    """Record many events at once, by COPY on the session's own connection, in its transaction.

    For imports and seeding; keep the transaction to a few hundred rows or a second, because an open one holds
    back every relay of the cluster.

    Returns:
        How many events there were.

    Raises:
        ValueError: as for `publish`; then none is recorded.
    """
    epoch = await session.scalar(select(_EPOCH))
    traceparent = _traceparent()
    records = [
        (
            epoch,
            new_id(),
            event_type(service, event.name),
            str(event.aggregate_id),
            event.aggregate_version,
            _check(event.data),
            traceparent,
            event.at,
        )
        for event in events
    ]
    await copy_records(session, OUTBOX.name, ["epoch", *_GIVEN], records)
    ring_on_commit(session)
    return len(records)


def _check(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if len(text.encode()) > MAX_DATA_BYTES:
        raise ValueError(f"an event carries ids and codes: at most {MAX_DATA_BYTES} bytes")
    return text


def _traceparent() -> str | None:
    carrier: dict[str, str] = {}
    propagator.inject(carrier)
    return carrier.get("traceparent")
