"""`Idempotency-Key`: the answer to a write is kept in the same transaction as the write.

The first request with a key does the work and stores its answer, encrypted, when it commits. The same key
with the same body gets that answer again; with another body 422; while the first still runs 409. Because the
answer is committed with the work or not at all, a crash leaves neither or both. Refusals that rolled back
left nothing to protect and are judged anew. Whoever has lost a right since the first answer does not get it
again: it may show what they may no longer see.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, MetaData, String, Table, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from common.auth import Principal
from common.crypto import Keyring
from common.db import UtcDateTime
from common.problems import Forbidden, IdempotencyKeyReused, RequestInProgress, Text

__all__ = ["KEPT_FOR", "PURGED_AT_ONCE", "TABLES", "Attempt", "StoredAnswer", "begin", "purge", "remember"]

KEPT_FOR = timedelta(hours=24)
PURGED_AT_ONCE = 500

ANSWERS = Table(
    "idempotency",
    MetaData(),
    Column("scope", LargeBinary, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("answer", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_idempotency_created_at", "created_at"),
)
TABLES = (ANSWERS,)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that carries a key: what it is about, what it says, and who asks."""

    scope: bytes
    body_hash: bytes
    principal: Principal

    @classmethod
    def of(
        cls, *, service: str, principal: Principal, method: str, path: str, key: str, body: bytes
    ) -> "Attempt":
        """The attempt of one caller on one path with one key."""
        parts = [service, principal.client_id, principal.sub, method, path, key]
        return cls(
            hashlib.sha256(json.dumps(parts).encode()).digest(),
            hashlib.sha256(body).digest(),
            principal,
        )


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was first given."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


async def begin(
    session: AsyncSession, attempt: Attempt, keyring: Keyring, now: datetime
) -> StoredAnswer | None:
    """Claim the key for this transaction, or give the answer already kept for it.

    Raises:
        RequestInProgress: another transaction holds the key.
        IdempotencyKeyReused: the key came with another body.
        Forbidden: the caller has lost a right that they had at the first answer.
    """
    number = int.from_bytes(attempt.scope[:8], "big", signed=True)
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(number))):
        raise RequestInProgress
    row = (
        await session.execute(
            select(ANSWERS).where(ANSWERS.c.scope == attempt.scope, ANSWERS.c.created_at > now - KEPT_FOR)
        )
    ).one_or_none()
    if row is None:
        return None
    if row.body_hash != attempt.body_hash:
        raise IdempotencyKeyReused
    kept = json.loads(keyring.decrypt(row.answer, context="idempotency"))
    if not _still_holds(kept["rights"], attempt.principal):
        raise Forbidden(
            Text("权限已变更，不再提供此前的答复", "Rights have changed; the first answer is not given again")
        )
    return StoredAnswer(
        kept["status"], [(name, value) for name, value in kept["headers"]], base64.b64decode(kept["body"])
    )


async def remember(
    session: AsyncSession, attempt: Attempt, answer: StoredAnswer, keyring: Keyring, now: datetime
) -> None:
    """Keep `answer` with the write that it reports, in the same transaction."""
    kept = json.dumps(
        {
            "rights": _rights(attempt.principal),
            "status": answer.status,
            "headers": answer.headers,
            "body": base64.b64encode(answer.body).decode(),
        }
    )
    values = {
        "body_hash": attempt.body_hash,
        "answer": keyring.encrypt(kept, context="idempotency"),
        "created_at": now,
    }
    await session.execute(
        insert(ANSWERS)
        .values(scope=attempt.scope, **values)
        .on_conflict_do_update(index_elements=["scope"], set_=values)
    )


async def purge(session: AsyncSession, now: datetime) -> int:
    """Forget up to `PURGED_AT_ONCE` answers older than `KEPT_FOR`; says how many."""
    stale = select(ANSWERS.c.scope).where(ANSWERS.c.created_at <= now - KEPT_FOR).limit(PURGED_AT_ONCE)
    forgotten = await session.execute(
        delete(ANSWERS).where(ANSWERS.c.scope.in_(stale)).returning(ANSWERS.c.scope)
    )
    return len(forgotten.all())


def _rights(principal: Principal) -> dict[str, Any]:
    return {
        "self": [principal.kind, principal.department, str(principal.subject_id)],
        "scopes": sorted(principal.scopes),
        "regions": list(principal.regions),
    }


def _still_holds(rights: dict[str, Any], principal: Principal) -> bool:
    return (
        rights["self"] == _rights(principal)["self"]
        and principal.scopes.issuperset(rights["scopes"])
        and all(principal.covers(region) for region in rights["regions"])
    )
