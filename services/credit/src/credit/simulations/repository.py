"""Every select on the results of runs."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Text, case, cast, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.runs.models import ScoringResult
from credit.subjects.models import Subject

__all__ = ["ResultRepository"]

Result = tuple[ScoringResult, str, str | None, str, str]


def _size() -> ColumnElement[str]:
    """Staff in the classes of the statistical standard for services, unknown where nobody said."""
    staff = col(Subject.headcount)
    return case(
        (staff.is_(None), literal("unknown")),
        (staff < 10, literal("micro")),
        (staff < 100, literal("small")),
        (staff < 300, literal("medium")),
        else_=literal("large"),
    )


_GROUPS: dict[str, Any] = {
    "kind": col(Subject.kind),
    "region": func.concat(func.left(col(Subject.region), 4), "00"),
    "size": _size(),
}


class ResultRepository:
    """Results of runs in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(
        self,
        run_id: UUID,
        *,
        changed: bool | None,
        after: UUID | None,
        limit: int,
        grades: tuple[str | None, str | None] = (None, None),
    ) -> Sequence[Result]:
        """`limit` results with name, key, kind and region of the subject, in order of its id.

        `grades` narrows to those that had the first before and the second after.
        """
        query = (
            select(ScoringResult, col(Subject.name), col(Subject.key), col(Subject.kind), col(Subject.region))
            .join(Subject, col(Subject.id) == col(ScoringResult.subject_id))
            .where(col(ScoringResult.run_id) == run_id)
        )
        if changed is not None:
            query = query.where(col(ScoringResult.changed).is_(changed))
        for column, grade in zip((ScoringResult.grade_before, ScoringResult.grade), grades, strict=True):
            if grade is not None:
                query = query.where(col(column) == grade)
        if after is not None:
            query = query.where(col(ScoringResult.subject_id) > after)
        query = query.order_by(col(ScoringResult.subject_id)).limit(limit)
        rows = await self._session.execute(query)
        return [(result, name, key, kind, region) for result, name, key, kind, region in rows]

    async def compare(self, run_id: UUID, before_id: UUID, low: UUID, high: UUID) -> None:
        """Set beside the results of a run those of `before_id`, which are used up; none where there is none.

        Of the subjects behind `low` up to `high`.
        """
        values = {"run_id": run_id, "before_id": before_id, "low": low, "high": high}
        await self._session.execute(_COMPARE, values)

    async def subjects(self, subject_ids: Sequence[UUID]) -> dict[UUID, Subject]:
        """These subjects by id."""
        query = select(Subject).where(col(Subject.id).in_(subject_ids))
        return {subject.id: subject for subject in (await self._session.execute(query)).scalars()}

    async def migrations(self, run_id: UUID, by: str | None) -> Sequence[Row[Any]]:
        """How many subjects went from which grade to which, in all or by kind, region (city) or size."""
        group = _GROUPS[by] if by else cast(literal(""), Text)
        shift = col(ScoringResult.score) - col(ScoringResult.score_before)
        query = (
            select(
                group.label("name"),
                col(ScoringResult.grade_before).label("before"),
                col(ScoringResult.grade).label("after"),
                func.count().label("subjects"),
                func.count().filter(col(ScoringResult.changed)).label("changed"),
                func.sum(shift).label("shift"),
                func.count(shift).label("compared"),
            )
            .join(Subject, col(Subject.id) == col(ScoringResult.subject_id))
            .where(col(ScoringResult.run_id) == run_id)
            .group_by(text("1, 2, 3"))
            .order_by(text("1, 2, 3"))
        )
        return list(await self._session.execute(query))

    async def scores(self, run_id: UUID, *, before: bool) -> dict[Decimal, int]:
        """How many subjects had which score before, or have it now."""
        column = col(ScoringResult.score_before) if before else col(ScoringResult.score)
        query = (
            select(column, func.count())
            .where(col(ScoringResult.run_id) == run_id, column.is_not(None))
            .group_by(column)
        )
        return {score: count for score, count in await self._session.execute(query) if score is not None}


_COMPARE = text(
    """
    WITH before AS (
        DELETE FROM scoring_results
        WHERE run_id = :before_id AND subject_id > :low AND subject_id <= :high
        RETURNING subject_id, score, grade, tier
    ), paired AS (
        SELECT r.subject_id, b.score, b.grade, b.tier
        FROM scoring_results r LEFT JOIN before b ON b.subject_id = r.subject_id
        WHERE r.run_id = :run_id AND r.subject_id > :low AND r.subject_id <= :high
    )
    UPDATE scoring_results r
    SET score_before = p.score, grade_before = p.grade,
        changed = (r.score, r.grade, r.tier) IS DISTINCT FROM (p.score, p.grade, p.tier)
    FROM paired p
    WHERE r.run_id = :run_id AND r.subject_id = p.subject_id
    """
)
