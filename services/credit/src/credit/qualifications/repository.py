"""Every select and insert on qualifications and training."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from .models import Qualification, Training

__all__ = ["QualificationRepository"]


class QualificationRepository:
    """Qualifications and training in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Qualification | Training) -> None:
        """Queue a new row for the next flush."""
        self._session.add(row)

    async def of_subject(self, subject_id: UUID) -> Sequence[Qualification]:
        """The qualifications of a subject, the newest record first."""
        query = (
            select(Qualification)
            .where(col(Qualification.subject_id) == subject_id)
            .order_by(col(Qualification.id).desc())
        )
        return (await self._session.execute(query)).scalars().all()

    async def find(self, qualification_id: UUID) -> Qualification | None:
        """One qualification."""
        return await self._session.get(Qualification, qualification_id)

    async def held(self, kind: str, number: str) -> Qualification | None:
        """The qualification that stands under a number."""
        query = select(Qualification).where(
            col(Qualification.kind) == kind,
            col(Qualification.number) == number,
            col(Qualification.ended_at).is_(None),
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def find_training(self, training_id: UUID) -> Training | None:
        """One training."""
        return await self._session.get(Training, training_id)

    async def training(self, authority: str, certificate_no: str) -> Training | None:
        """The training that an authority certified under a number."""
        query = select(Training).where(
            col(Training.authority) == authority,
            col(Training.certificate_no) == certificate_no,
            col(Training.withdrawn_at).is_(None),
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def trainings(self, subject_id: UUID, before: UUID | None, limit: int) -> Sequence[Training]:
        """`limit + 1` trainings of a subject, the newest record first."""
        query = select(Training).where(col(Training.subject_id) == subject_id)
        if before is not None:
            query = query.where(col(Training.id) < before)
        return (
            (await self._session.execute(query.order_by(col(Training.id).desc()).limit(limit + 1)))
            .scalars()
            .all()
        )

    async def trainings_in(self, subject_id: UUID, first: date, last: date) -> Sequence[Training]:
        """The trainings that a subject completed between two days, both inside, but for withdrawn ones."""
        query = select(Training).where(
            col(Training.subject_id) == subject_id,
            col(Training.completed_on).between(first, last),
            col(Training.withdrawn_at).is_(None),
        )
        return (await self._session.execute(query)).scalars().all()
