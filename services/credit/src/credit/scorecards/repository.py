"""Every select and insert on scorecards made here."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.subjects.models import Subject

from .models import CardDraft
from .rules import State

__all__ = ["CardRepository"]

_GENERATION = text("SELECT scorecards_generation()")
_EXCLUSIVE = text("SELECT pg_advisory_xact_lock(:key)")
PUBLICATION_LOCK = 0x7472757374_01


class CardRepository:
    """Scorecards in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, draft: CardDraft) -> None:
        """Queue a draft for the next flush."""
        self._session.add(draft)

    async def get(self, card_id: UUID, *, lock: bool = False) -> CardDraft | None:
        """One version, locked to be changed."""
        query = select(CardDraft).where(col(CardDraft.id) == card_id)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def page(
        self,
        principal: Principal,
        states: Sequence[State],
        card_id: str | None,
        below: UUID | None,
        limit: int,
    ) -> Sequence[CardDraft]:
        """`limit + 1` versions, the newest first: published ones, and others of the caller's regions."""
        query = select(CardDraft).where(
            col(CardDraft.state).in_([str(state) for state in states]),
            or_(col(CardDraft.state) == State.PUBLISHED, region_clause(col(CardDraft.region), principal)),
        )
        if card_id is not None:
            query = query.where(col(CardDraft.card_id) == card_id)
        if below is not None:
            query = query.where(col(CardDraft.id) < below)
        query = query.order_by(col(CardDraft.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def generation(self) -> datetime | None:
        """When a card was last published or withdrawn.

        Takes the lock of publication in share mode until the end of the transaction: none is published while
        somebody scores, and whoever scores afterwards knows it.
        """
        moment: datetime | None = await self._session.scalar(_GENERATION)
        return moment

    async def lock_publication(self) -> None:
        """Keep everyone from scoring until the end of the transaction."""
        await self._session.execute(_EXCLUSIVE, {"key": PUBLICATION_LOCK})

    async def ever_published(self) -> Sequence[CardDraft]:
        """Every version that was published, withdrawn ones too."""
        query = select(CardDraft).where(col(CardDraft.published_at).is_not(None)).order_by(col(CardDraft.id))
        return (await self._session.execute(query)).scalars().all()

    async def last_known_at(self) -> datetime | None:
        """The latest instant at which anything was recorded about any subject, or that was asked for."""
        last = func.greatest(func.max(col(Subject.last_recorded_at)), func.max(col(Subject.asked_up_to)))
        moment: datetime | None = await self._session.scalar(select(last))
        return moment

    async def begun(self, today: date, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Published versions whose first day has come and whose rescoring was not ordered yet, in order."""
        query = select(col(CardDraft.id)).where(*_begun(today)).order_by(col(CardDraft.id)).limit(limit)
        if after is not None:
            query = query.where(col(CardDraft.id) > after)
        return (await self._session.execute(query)).scalars().all()

    async def take_begun(self, today: date, cards: Collection[UUID]) -> Sequence[CardDraft]:
        """Those of the versions that still wait for rescoring, locked; what others hold is passed by."""
        query = (
            select(CardDraft)
            .where(col(CardDraft.id).in_(cards), *_begun(today))
            .order_by(col(CardDraft.effective_from), col(CardDraft.id))
            .with_for_update(skip_locked=True)
        )
        return (await self._session.execute(query)).scalars().all()


def _begun(today: date) -> list[ColumnElement[bool]]:
    return [
        col(CardDraft.state) == State.PUBLISHED,
        col(CardDraft.taken_up_on).is_(None),
        col(CardDraft.effective_from) <= today,
    ]
