"""Every select and insert of the copied subjects."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from complaints.subjects.models import Subject

__all__ = ["SubjectRepository"]


class SubjectRepository:
    """The copied subjects of one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find_by_key(self, key: str) -> Subject | None:
        """The subject with this USCC or card number."""
        found: Subject | None = await self._session.scalar(
            select(Subject).where(col(Subject.key) == key).order_by(col(Subject.id)).limit(1)
        )
        return found

    async def measures_of(self, subject_id: UUID | None, key: str | None) -> list[dict[str, Any]]:
        """The measures of a subject, by its id or else by its key; none for one that is not known."""
        subject = None if subject_id is None else await self._session.get(Subject, subject_id)
        if subject is None and key is not None:
            subject = await self.find_by_key(key)
        return [] if subject is None else subject.measures

    async def store_measures(self, subject_id: UUID, version: int, measures: list[dict[str, Any]]) -> None:
        """Take over a stored subject's measures, all of them, unless some as new are already here."""
        await self._session.execute(
            update(Subject)
            .where(col(Subject.id) == subject_id, col(Subject.measures_version) < version)
            .values(measures=measures, measures_version=version)
        )

    async def store(self, subject_id: UUID, version: int, values: dict[str, Any]) -> None:
        """Take over the subject's data unless a version as new is already here."""
        statement = insert(Subject).values(id=subject_id, version=version, grade_version=0, **values)
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["id"],
                set_={**values, "version": version},
                where=col(Subject.version) < version,
            )
        )

    async def store_grade(self, subject_id: UUID, version: int, values: dict[str, Any]) -> None:
        """Take over the subject's grade unless a grade as new is already here."""
        statement = insert(Subject).values(
            id=subject_id, version=0, grade_version=version, scope=[], **values
        )
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["id"],
                set_={**values, "grade_version": version},
                where=col(Subject.grade_version) < version,
            )
        )
