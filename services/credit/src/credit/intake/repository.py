"""Every select and insert on parked events."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from .models import ParkedEvent
from .rules import ParkedState

__all__ = ["IntakeRepository"]


class IntakeRepository:
    """Parked events in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, event_id: UUID) -> ParkedEvent | None:
        """A parked event."""
        return await self._session.get(ParkedEvent, event_id)

    async def lock_key(self, key: str) -> None:
        """Let one transaction at a time deal with a subject's key, whether the subject exists yet or not."""
        await self._session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))

    def park(self, event: ParkedEvent) -> None:
        """Keep an event until its subject appears or a person decides."""
        self._session.add(event)

    async def waiting_for(self, key: str) -> Sequence[ParkedEvent]:
        """The events waiting for the subject of `key`, oldest first, locked."""
        query = (
            select(ParkedEvent)
            .where(col(ParkedEvent.subject_key) == key, col(ParkedEvent.state) == ParkedState.WAITING)
            .order_by(col(ParkedEvent.event_id))
            .with_for_update()
        )
        return (await self._session.execute(query)).scalars().all()
