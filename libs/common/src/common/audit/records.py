"""Writing entries."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import rfc8785
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from common.auth import Principal
from common.db import new_id
from common.problems import InvalidPayload
from common.problems import Text as Sentence

from .chain import content_hash, genesis
from .table import AUDIT, LANES, LOCK_SPACE

__all__ = ["record", "record_reveal"]

_LANE = "audit_lane"
_TAKE_FREE_LANE = text(
    "SELECT lane FROM unnest(CAST(:lanes AS integer[])) AS lane"
    " WHERE pg_try_advisory_xact_lock(:space, lane) LIMIT 1"
)
_WAIT_FOR_LANE = text("SELECT pg_advisory_xact_lock(:space, :lane)")


async def record(
    session: AsyncSession,
    *,
    actor: Principal,
    action: str,
    target: str,
    purpose: str | None = None,
    details: Mapping[str, Any] | None = None,
    now: datetime,
) -> None:
    """Write one entry in the caller's transaction: it stands exactly when the act stands.

    `action` is a code such as "subject.merge", `target` an id with its kind such as "subject:…". `details`
    is JSON without personal data. Needs READ COMMITTED, the default: the lane's last entry must be seen.

    Raises:
        ValueError: `details` is no JSON that RFC 8785 can hold, or `now` has no zone.
    """
    entry: dict[str, Any] = {
        "id": new_id(),
        "recorded_at": now,
        "actor": actor.sub,
        "actor_kind": actor.kind,
        "client_id": actor.client_id,
        "department": actor.department,
        "action": action,
        "target": target,
        "purpose": purpose,
        "details": dict(details or {}),
    }
    try:
        content = content_hash(entry)
    except rfc8785.CanonicalizationError as failure:
        raise ValueError("details hold something that is no JSON") from failure
    lane = await _take_lane(session)
    last = (
        select(AUDIT.c.position, AUDIT.c.hash)
        .where(AUDIT.c.lane == lane)
        .order_by(AUDIT.c.position.desc())
        .limit(1)
        .subquery()
    )
    previous = func.coalesce(select(last.c.hash).scalar_subquery(), genesis(lane))
    await session.execute(
        insert(AUDIT).values(
            **entry,
            lane=lane,
            position=func.coalesce(select(last.c.position).scalar_subquery(), 0) + 1,
            hash=func.sha256(previous.op("||")(content)),
        )
    )


async def record_reveal(
    session: AsyncSession,
    *,
    actor: Principal,
    target: str,
    fields: Sequence[str],
    purpose: str,
    now: datetime,
) -> None:
    """Who saw what: `actor` reads `fields` of `target` in the clear, for `purpose`. Record, then show.

    Raises:
        InvalidPayload: the purpose is blank.
    """
    if not purpose.strip():
        raise InvalidPayload.at("/purpose", Sentence("须说明查看目的", "say what the data are needed for"))
    await record(
        session,
        actor=actor,
        action="pii.reveal",
        target=target,
        purpose=purpose.strip(),
        details={"fields": sorted(fields)},
        now=now,
    )


async def _take_lane(session: AsyncSession) -> int:
    """A lane held until the transaction ends: the one this session had before, else any that is free."""
    first: int = session.info.get(_LANE, secrets.randbelow(LANES))
    lanes = [(first + n) % LANES for n in range(LANES)]
    lane: int | None = await session.scalar(_TAKE_FREE_LANE, {"space": LOCK_SPACE, "lanes": lanes})
    if lane is None:
        lane = first
        await session.execute(_WAIT_FOR_LANE, {"space": LOCK_SPACE, "lane": lane})
    session.info[_LANE] = lane
    return lane
