"""Every select and insert of the copy of subjects."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from contracts.subjects.models import Subject

__all__ = ["find", "find_by_keys", "learn_grade", "learn_measures", "save"]


async def find(session: AsyncSession, subject_id: UUID) -> Subject | None:
    """The subject of that id, if the copy knows it."""
    return await session.get(Subject, subject_id)


async def find_by_keys(session: AsyncSession, keys: Collection[str]) -> dict[str, Subject]:
    """Subjects by credit code; of several with one code the last one heard of."""
    rows = await session.scalars(
        select(Subject).where(col(Subject.key).in_(keys)).order_by(col(Subject.updated_at))
    )
    return {row.key: row for row in rows if row.key is not None}


async def save(session: AsyncSession, values: dict[str, Any]) -> None:
    """Keep what an event says, unless the copy already knows a newer version."""
    statement = insert(Subject).values(**values)
    changed = {name: statement.excluded[name] for name in values if name != "subject_id"}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[col(Subject.subject_id)],
            set_=changed,
            where=col(Subject.version) < statement.excluded["version"],
        )
    )


async def learn_grade(
    session: AsyncSession,
    subject_id: UUID,
    *,
    version: int,
    grade: str | None,
    tier: str | None,
    now: datetime,
) -> None:
    """Keep a newer grade; a subject the copy does not know yet brings its own when it comes."""
    await session.execute(
        update(Subject)
        .where(col(Subject.subject_id) == subject_id, col(Subject.grade_version) < version)
        .values(grade=grade, tier=tier, grade_version=version, updated_at=now)
    )


async def learn_measures(
    session: AsyncSession, subject_id: UUID, *, version: int, measures: list[dict[str, Any]], now: datetime
) -> None:
    """Keep newer measures in place of all that were known."""
    await session.execute(
        update(Subject)
        .where(col(Subject.subject_id) == subject_id, col(Subject.measures_version) < version)
        .values(measures=measures, measures_version=version, updated_at=now)
    )
