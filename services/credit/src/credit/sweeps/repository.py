"""Every select of the nightly sweeps, set-based."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from common.auth import Principal, region_clause, region_prefix
from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.facts.models import Fact
from credit.facts.rules import Action
from credit.facts.schemas import SourceKind
from credit.listings.models import Listing
from credit.subjects.models import Subject
from credit.warnings.models import Warning, WarningSource, WarningSweep
from credit.warnings.rules import Counts, Hit, WarningRule

__all__ = ["SweepKey", "SweepRepository", "among"]

SweepKey = tuple[str, str, str]
"""Rule, region and version: what is swept of a rule on a day."""


def among(rule: WarningRule, actor: Principal | None = None) -> ColumnElement[bool]:
    """The subjects that a rule concerns by region and kind, with an actor of those in its regions."""
    where: list[ColumnElement[bool]] = [col(Subject.region).like(f"{region_prefix(rule.region)}%")]
    if rule.kinds:
        where.append(col(Subject.kind).in_(rule.kinds))
    if actor is not None:
        where.append(region_clause(col(Subject.region), actor))
    return and_(*where)


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

    async def open_day(self, day: date, rules: Sequence[SweepKey]) -> None:
        """Enter the sweeps of a day that are not entered yet."""
        rows = [
            {"day": day, "rule_id": one, "region": region, "version": version, "found": 0, "raised": 0}
            for one, region, version in rules
        ]
        if rows:
            await self._session.execute(insert(WarningSweep).values(rows).on_conflict_do_nothing())

    async def take(self, day: date, key: SweepKey) -> WarningSweep | None:
        """A sweep of the day, locked; None when it is finished or somebody else works on it."""
        rule_id, region, version = key
        query = (
            select(WarningSweep)
            .where(
                col(WarningSweep.day) == day,
                col(WarningSweep.rule_id) == rule_id,
                col(WarningSweep.region) == region,
                col(WarningSweep.version) == version,
                col(WarningSweep.done_at).is_(None),
            )
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def done_between(self, first: date, before: date) -> set[SweepKey]:
        """Which sweeps were finished on a day from `first` on and before `before`."""
        query = select(col(WarningSweep.rule_id), col(WarningSweep.region), col(WarningSweep.version)).where(
            col(WarningSweep.day) >= first,
            col(WarningSweep.day) < before,
            col(WarningSweep.done_at).is_not(None),
        )
        rows = await self._session.execute(query.distinct())
        return {(row.rule_id, row.region, row.version) for row in rows}

    async def days(self, day: date) -> Sequence[WarningSweep]:
        """The sweeps of a day."""
        query = select(WarningSweep).where(col(WarningSweep.day) == day)
        return (await self._session.execute(query)).scalars().all()

    async def with_facts(
        self,
        codes: Collection[str],
        since: date,
        until: date,
        at_least: int,
        who: ColumnElement[bool],
        after: UUID | None,
        limit: int,
    ) -> list[UUID]:
        """Subjects with at least so many standing facts of `codes`, in order of id."""
        query = (
            select(col(Fact.subject_id))
            .join(Subject, col(Subject.id) == col(Fact.subject_id))
            .where(who, *_standing(codes, since, until))
            .group_by(col(Fact.subject_id))
            .having(func.count() >= at_least)
        )
        if after is not None:
            query = query.where(col(Fact.subject_id) > after)
        query = query.order_by(col(Fact.subject_id)).limit(limit)
        return list((await self._session.execute(query)).scalars())

    async def hits(
        self,
        subjects: Collection[UUID],
        codes: Collection[str],
        since: date,
        until: date,
        authorities: Collection[str] = (),
    ) -> dict[UUID, list[Hit]]:
        """The standing facts of `codes` of these subjects, made by authorities so named (none: by all)."""
        query = select(col(Fact.subject_id), col(Fact.id), col(Fact.occurred_on)).where(
            col(Fact.subject_id).in_(subjects), *_standing(codes, since, until)
        )
        if authorities:
            query = query.where(
                or_(*(col(Fact.source_authority).contains(name, autoescape=True) for name in authorities))
            )
        found: dict[UUID, list[Hit]] = {}
        for row in await self._session.execute(query):
            found.setdefault(row.subject_id, []).append(Hit(row.id, row.occurred_on))
        return found

    async def listings(self, hits: dict[UUID, list[Hit]]) -> dict[UUID, list[Hit]]:
        """Of listing facts the first of each listing, and none of a listing whose ground was undone.

        A listing that was lifted and restored has a fact for each time, of one number and a mark behind "#".
        A fact that a merger brought over is of the listing that its original names.
        """
        ids = [hit.id for one in hits.values() for hit in one]
        numbers = {one: reference.partition("#")[0] for one, reference in (await self._of(ids)).items()}
        query = select(col(Listing.number)).where(
            col(Listing.number).in_(set(numbers.values())), col(Listing.annulled)
        )
        undone = set((await self._session.execute(query)).scalars())
        found: dict[UUID, list[Hit]] = {}
        for subject_id, own in hits.items():
            first: dict[str, Hit] = {}
            for hit in sorted(own, key=lambda one: (one.on, one.id)):
                if numbers[hit.id] not in undone:
                    first.setdefault(numbers[hit.id], hit)
            if first:
                found[subject_id] = list(first.values())
        return found

    async def _of(self, facts: Collection[UUID]) -> dict[UUID, str]:
        """The reference of each fact, of a merger's copy that of the fact it goes back to."""
        found: dict[UUID, str] = {}
        ahead = {one: one for one in facts}
        while ahead:
            query = select(col(Fact.id), col(Fact.source_kind), col(Fact.source_reference)).where(
                col(Fact.id).in_(set(ahead.values())), col(Fact.version) == 1
            )
            rows = {row.id: row for row in await self._session.execute(query)}
            further = {}
            for one, source in ahead.items():
                if (row := rows.get(source)) is None:
                    continue
                found[one] = row.source_reference
                if (origin := _original(row.source_kind, row.source_reference)) is not None:
                    further[one] = origin
            ahead = further
        return found

    async def subjects(self, ids: Collection[UUID], who: ColumnElement[bool]) -> dict[UUID, Subject]:
        """Which of these subjects there are among `who`, not locked."""
        query = select(Subject).where(col(Subject.id).in_(ids), who)
        return {row.id: row for row in (await self._session.execute(query)).scalars()}

    async def warned(
        self,
        rules: Collection[str],
        since: date,
        until: date,
        at_least: int,
        who: ColumnElement[bool],
        after: UUID | None,
        limit: int,
    ) -> list[UUID]:
        """Subjects about whom these rules have at least so many pieces of evidence, in order of id."""
        query = (
            select(col(Warning.subject_id))
            .join(WarningSource, col(WarningSource.warning_id) == col(Warning.id))
            .join(Subject, col(Subject.id) == col(Warning.subject_id))
            .where(
                who,
                col(WarningSource.rule_id).in_(rules),
                col(WarningSource.occurred_on).between(since, until),
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

    async def groups(
        self, codes: Collection[str], since: date, until: date, who: ColumnElement[bool]
    ) -> list[tuple[str, str]]:
        """The groups of peers (kind, city prefix) in which anything of `codes` happened to any of `who`."""
        city = func.left(col(Subject.region), 4).label("city")
        query = (
            select(col(Subject.kind), city)
            .select_from(Fact)
            .join(Subject, col(Subject.id) == col(Fact.subject_id))
            .where(who, *_standing(codes, since, until))
            .distinct()
        )
        return sorted((row.kind, row.city) for row in await self._session.execute(query))

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


def _original(kind: str, reference: str) -> UUID | None:
    """The fact of which a merger made this one."""
    if kind != SourceKind.MERGE:
        return None
    try:
        return UUID(reference.rpartition(":")[2])
    except ValueError:
        return None


def _days(licensed_on: date | None, past_from: date, recent_from: date) -> int | None:
    """How long of the past window a subject was in business; None for all of it."""
    if licensed_on is None or licensed_on <= past_from:
        return None
    return max(0, (recent_from - licensed_on).days)
