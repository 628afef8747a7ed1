"""Selects and inserts of signing keys."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from gateway.keys.models import SigningKey

__all__ = ["KeyRepository"]

LOCK = 0x7474_6B65_7973


class KeyRepository:
    """The key table of one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self) -> None:
        """Let one process at a time make or retire keys, until the transaction ends."""
        await self._session.execute(select(func.pg_advisory_xact_lock(LOCK)))

    async def signing(self) -> SigningKey | None:
        """The key that signs."""
        statement = select(SigningKey).where(col(SigningKey.retired_at).is_(None))
        return (await self._session.execute(statement)).scalar_one_or_none()

    async def published(self, now: datetime) -> Sequence[SigningKey]:
        """All published keys, the newest first."""
        until = col(SigningKey.published_until)
        statement = (
            select(SigningKey)
            .where(or_(until.is_(None), until > now))
            .order_by(col(SigningKey.created_at).desc(), col(SigningKey.kid).desc())
        )
        return (await self._session.execute(statement)).scalars().all()

    async def add(self, key: SigningKey) -> None:
        """Store a new key."""
        self._session.add(key)
        await self._session.flush()

    async def flush(self) -> None:
        """Write changes of loaded keys."""
        await self._session.flush()

    async def forget(self, before: datetime) -> None:
        """Delete keys that have not been published since `before`."""
        await self._session.execute(delete(SigningKey).where(col(SigningKey.published_until) < before))
