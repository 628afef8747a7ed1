"""Every select and insert of the copied subjects."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
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
