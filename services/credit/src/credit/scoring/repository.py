"""Every select and insert on published grades."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from common.auth import region_prefix
from sqlalchemy import literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.subjects.models import Subject

from .models import PublishedGrade

__all__ = ["ScoringRepository"]


class ScoringRepository:
    """Published grades in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, grade: PublishedGrade) -> None:
        """Queue a published grade for the next flush."""
        self._session.add(grade)

    async def page(self, subject_id: UUID, below: int | None, limit: int) -> Sequence[PublishedGrade]:
        """`limit + 1` published grades, the newest first."""
        query = select(PublishedGrade).where(col(PublishedGrade.subject_id) == subject_id)
        if below is not None:
            query = query.where(col(PublishedGrade.version) < below)
        query = query.order_by(col(PublishedGrade.version).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def get(self, subject_id: UUID, version: int) -> PublishedGrade | None:
        """One published grade."""
        return await self._session.get(PublishedGrade, (subject_id, version))

    async def of_result(self, subject_id: UUID, result_hash: str) -> PublishedGrade | None:
        """The published grade that came from this very result."""
        query = select(PublishedGrade).where(
            col(PublishedGrade.subject_id) == subject_id, col(PublishedGrade.result_hash) == result_hash
        )
        return (await self._session.execute(query.limit(1))).scalar_one_or_none()

    async def due(self, today: date, after: tuple[date, UUID] | None, limit: int) -> list[tuple[date, UUID]]:
        """Whose score may change by `today` with nothing new recorded, behind `after`: (day, subject).

        Those that another process is at are left out.
        """
        order = (col(Subject.look_again_on), col(Subject.id))
        query = select(*order).where(col(Subject.look_again_on) <= today).order_by(*order).limit(limit)
        if after is not None:
            query = query.where(tuple_(*order) > tuple_(*(literal(part) for part in after)))
        rows = await self._session.execute(query.with_for_update(skip_locked=True))
        return [(row.look_again_on, row.id) for row in rows]

    async def take_due(self, today: date, subjects: Collection[UUID]) -> Sequence[Subject]:
        """Those of the subjects that are still due, locked; what others hold is passed by."""
        query = (
            select(Subject)
            .where(col(Subject.id).in_(subjects), col(Subject.look_again_on) <= today)
            .order_by(col(Subject.id))
            .with_for_update(skip_locked=True)
        )
        return (await self._session.execute(query)).scalars().all()

    async def population(
        self, kinds: Sequence[str], region: str, after: UUID | None, limit: int
    ) -> Sequence[Subject]:
        """The next `limit` subjects of these kinds in a region, in order of id, without merged ones."""
        query = select(Subject).where(
            col(Subject.kind).in_(kinds),
            col(Subject.region).like(f"{region_prefix(region)}%"),
            col(Subject.merged_into).is_(None),
        )
        if after is not None:
            query = query.where(col(Subject.id) > after)
        return (await self._session.execute(query.order_by(col(Subject.id)).limit(limit))).scalars().all()

    async def lock_many(self, subject_ids: Sequence[UUID]) -> Sequence[Subject]:
        """These subjects, locked for writing in order of id."""
        query = (
            select(Subject)
            .where(col(Subject.id).in_(subject_ids))
            .order_by(col(Subject.id))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalars().all()
