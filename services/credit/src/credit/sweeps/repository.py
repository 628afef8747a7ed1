"""Every select of the nightly sweeps, set-based."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.facts.models import Fact
from credit.facts.rules import Action
from credit.subjects.models import Subject
from credit.warnings.models import Warning, WarningSource, WarningSweep
from credit.warnings.rules import Counts, Hit

__all__ = ["SweepRepository"]


def _standing(codes: Collection[str], since: date, until: date) -> list[ColumnElement[bool]]:
    """The newest version of a fact, of these codes and days, and not revoked."""
    newer = aliased(Fact)
    return [
        col(Fact.code).in_(codes),
        col(Fact.occurred_on).between(since, until),
        col(Fact.action) != Action.REVOKE,
        ~select(col(newer.id))
        .where(col(newer.id) == col(Fact.id), col(newer.version) > col(Fact.version))
        .exists(),
    ]


class SweepRepository:
    """What the sweeps read, and how far each has come."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open_day(self, day: date, rules: Sequence[tuple[str, str, str]]) -> None:
        """Enter the sweeps of a day that are not entered yet: (rule, region, version)."""
        rows = [
            {"day": day, "rule_id": one, "region": region, "version": version, "found": 0, "raised": 0}
            for one, region, version in rules
        ]
        if rows:
            await self._session.execute(insert(WarningSweep).values(rows).on_conflict_do_nothing())

    async def next_open(self, day: date) -> WarningSweep | None:
        """A sweep of the day that is not finished and that nobody else works on, locked."""
        query = (
            select(WarningSweep)
            .where(col(WarningSweep.day) == day, col(WarningSweep.done_at).is_(None))
            .order_by(col(WarningSweep.rule_id), col(WarningSweep.region))
            .limit(1)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def days(self, day: date) -> Sequence[WarningSweep]:
        """The sweeps of a day."""
        query = select(WarningSweep).where(col(WarningSweep.day) == day)
        return (await self._session.execute(query)).scalars().all()

    async def with_facts(
        self, codes: Collection[str], since: date, until: date, at_least: int, after: UUID | None, limit: int
    ) -> list[UUID]:
        """Subjects with at least so many standing facts of `codes`, in order of id."""
        query = (
            select(col(Fact.subject_id))
            .where(*_standing(codes, since, until))
            .group_by(col(Fact.subject_id))
            .having(func.count() >= at_least)
        )
        if after is not None:
            query = query.where(col(Fact.subject_id) > after)
        query = query.order_by(col(Fact.subject_id)).limit(limit)
        return list((await self._session.execute(query)).scalars())

    async def hits(
        self, subjects: Collection[UUID], codes: Collection[str], since: date, until: date
    ) -> dict[UUID, list[Hit]]:
        """The standing facts of `codes` of these subjects."""
        query = select(col(Fact.subject_id), col(Fact.id), col(Fact.occurred_on)).where(
            col(Fact.subject_id).in_(subjects), *_standing(codes, since, until)
        )
        found: dict[UUID, list[Hit]] = {}
        for row in await self._session.execute(query):
            found.setdefault(row.subject_id, []).append(Hit(row.id, row.occurred_on))
        return found

    async def warned(
        self, rules: Collection[str], since: date, until: date, at_least: int, after: UUID | None, limit: int
    ) -> list[UUID]:
        """Subjects about whom these rules have at least so many pieces of evidence, in order of id."""
        query = (
            select(col(Warning.subject_id))
            .join(WarningSource, col(WarningSource.warning_id) == col(Warning.id))
            .where(
                col(WarningSource.rule_id).in_(rules), col(WarningSource.occurred_on).between(since, until)
            )
            .group_by(col(Warning.subject_id))
            .having(func.count() >= at_least)
        )
        if after is not None:
            query = query.where(col(Warning.subject_id) > after)
        query = query.order_by(col(Warning.subject_id)).limit(limit)
        return list((await self._session.execute(query)).scalars())

    async def evidence(
        self, subjects: Collection[UUID], rules: Collection[str], since: date, until: date
    ) -> dict[UUID, list[Hit]]:
        """The evidence that these rules have about these subjects, under the warnings' ids."""
        query = (
            select(col(Warning.subject_id), col(Warning.id), col(WarningSource.occurred_on))
            .join(WarningSource, col(WarningSource.warning_id) == col(Warning.id))
            .where(
                col(Warning.subject_id).in_(subjects),
                col(WarningSource.rule_id).in_(rules),
                col(WarningSource.occurred_on).between(since, until),
            )
        )
        found: dict[UUID, list[Hit]] = {}
        for row in await self._session.execute(query):
            found.setdefault(row.subject_id, []).append(Hit(row.id, row.occurred_on))
        return found

    async def next_group(
        self, codes: Collection[str], since: date, until: date, after: str | None
    ) -> tuple[str, str] | None:
        """The next group of peers (kind, city prefix) in which anything of `codes` happened."""
        key = func.concat(col(Subject.kind), ":", func.left(col(Subject.region), 4)).collate("C")
        query = (
            select(key.label("key"))
            .select_from(Fact)
            .join(Subject, col(Subject.id) == col(Fact.subject_id))
            .where(*_standing(codes, since, until))
            .distinct()
            .order_by(key)
            .limit(1)
        )
        if after is not None:
            query = query.where(key > after)
        found = (await self._session.execute(query)).scalar_one_or_none()
        if found is None:
            return None
        kind, _, city = str(found).partition(":")
        return kind, city

    async def counts(
        self, kind: str, city: str, codes: Collection[str], past_from: date, recent_from: date, until: date
    ) -> dict[UUID, Counts]:
        """Recent and past facts of `codes` of each subject of a group that has any."""
        recent = col(Fact.occurred_on) >= recent_from
        query = (
            select(
                col(Fact.subject_id),
                func.count().filter(recent).label("recent"),
                func.count().filter(~recent).label("past"),
                col(Subject.licensed_on),
            )
            .join(Subject, col(Subject.id) == col(Fact.subject_id))
            .where(
                col(Subject.kind) == kind,
                col(Subject.region).like(f"{city}%"),
                *_standing(codes, past_from, until),
            )
            .group_by(col(Fact.subject_id), col(Subject.licensed_on))
            .order_by(col(Fact.subject_id))
        )
        rows: Sequence[Row[UUID, int, int, date | None]] = (await self._session.execute(query)).all()
        return {
            row.subject_id: Counts(row.recent, row.past, _days(row.licensed_on, past_from, recent_from))
            for row in rows
        }


def _days(licensed_on: date | None, past_from: date, recent_from: date) -> int | None:
    """How long of the past window a subject was in business; None for all of it."""
    if licensed_on is None or licensed_on <= past_from:
        return None
    return max(0, (recent_from - licensed_on).days)
