"""Sending events again, from the outbox: for a new consumer, or after a copy was lost.

The events keep their ids. A consumer that had them finds them in its inbox and does nothing; a consumer with
a new name, and so an inbox of its own, takes them. They come behind newer events, so state-keeping handlers
ask `is_stale`. From the stream instead: a consumer under a new name begins with everything the stream still
keeps (`stream.KEPT_FOR`), without any replay.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from nats.js import JetStreamContext
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from common.db import new_id
from common.events.envelope import Event, encode, subject_for
from common.events.models import OUTBOX
from common.events.stream import STREAM
from common.events.tuning import Sessions

__all__ = ["replay"]

CHUNK = 500


async def replay(
    sessions: Sessions,
    js: JetStreamContext,
    *,
    service: str,
    types: Sequence[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    aggregate_id: UUID | str | None = None,
) -> int:
    """Publish again what this service has published, in the order of the outbox.

    Chosen by full types, by time of the event (`since` <= time < `until`) and by aggregate; what is left out
    does not restrict. Events that the relay has still to send are left to it.

    Returns:
        How many events were sent.

    Raises:
        nats.errors.Error: the bus did not take one; calling again is harmless.
    """
    choice: list[ColumnElement[bool]] = [OUTBOX.c.published_at.is_not(None)]
    if types is not None:
        choice.append(OUTBOX.c.type.in_(types))
    if since is not None:
        choice.append(OUTBOX.c.created_at >= since)
    if until is not None:
        choice.append(OUTBOX.c.created_at < until)
    if aggregate_id is not None:
        choice.append(OUTBOX.c.aggregate_id == str(aggregate_id))
    run = new_id()
    count, last = 0, -1
    while True:
        async with sessions.session() as session:
            chunk = await _chunk(session, service, choice, last)
        for seq, event in chunk:
            await js.publish(
                subject_for(event.type, event.subject),
                json.dumps(encode(event), ensure_ascii=False, separators=(",", ":")).encode(),
                timeout=10,
                stream=STREAM,
                # The event's own id would be dropped as a duplicate while the stream's window is open.
                headers={"Nats-Msg-Id": f"{run}.{event.id}"},
            )
            count, last = count + 1, seq
        if len(chunk) < CHUNK:
            return count


async def _chunk(
    session: AsyncSession, service: str, choice: Sequence[ColumnElement[bool]], after: int
) -> list[tuple[int, Event]]:
    rows = await session.execute(
        select(OUTBOX).where(*choice, OUTBOX.c.seq > after).order_by(OUTBOX.c.seq).limit(CHUNK)
    )
    return [
        (
            row.seq,
            Event(
                id=row.id,
                type=row.type,
                source=f"/tourtrust/{service}",
                subject=row.aggregate_id,
                version=row.aggregate_version,
                time=row.created_at,
                data=row.data,
                traceparent=row.traceparent,
            ),
        )
        for row in rows
    ]
