"""Every select and insert on warnings."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.auth import Principal, region_clause, region_prefix
from sqlalchemy import ColumnElement, Row, extract, false, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.subjects.models import Subject

from .models import Warning, WarningAct, WarningRuleVersion, WarningSource
from .rules import State

__all__ = ["WarningRepository"]

_AUTHORITIES = frozenset({"officer", "service"})


def _visible_to(principal: Principal) -> ColumnElement[bool]:
    """Warnings are internal to authorities: no subject, platform or tourist ever sees one."""
    if principal.subject_id is not None or principal.kind not in _AUTHORITIES:
        return false()
    return region_clause(col(Subject.region), principal)


class WarningRepository:
    """Warnings in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def seen(self, rule_id: str, source: str) -> bool:
        """Whether a rule has seen this evidence already."""
        return await self._session.get(WarningSource, (rule_id, source)) is not None

    async def open_of(self, rule_id: str, subject_id: UUID, window: str) -> Warning | None:
        """The open warning of a rule about a subject, locked."""
        query = select(Warning).where(
            col(Warning.rule_id) == rule_id,
            col(Warning.subject_id) == subject_id,
            col(Warning.window_key) == window,
            col(Warning.state) != State.RESOLVED,
        )
        return (await self._session.execute(query.with_for_update())).scalar_one_or_none()

    async def add_once(self, warning: Warning) -> bool:
        """Store a warning unless its rule already raised one from the same source; says whether it is new."""
        query = (
            insert(Warning).values(**warning.model_dump()).on_conflict_do_nothing().returning(col(Warning.id))
        )
        return (await self._session.execute(query)).first() is not None

    def add(self, row: WarningAct | WarningSource | WarningRuleVersion) -> None:
        """Queue a step, a piece of evidence or a rule version for the next flush."""
        self._session.add(row)

    async def find(
        self, warning_id: UUID, principal: Principal, *, lock: bool = False
    ) -> Row[Warning, str, str] | None:
        """A warning the caller may see, with its subject's name and region."""
        query = (
            select(Warning, col(Subject.name), col(Subject.region))
            .join(Subject, col(Subject.id) == col(Warning.subject_id))
            .where(col(Warning.id) == warning_id, _visible_to(principal))
        )
        if lock:
            query = query.with_for_update(of=Warning)
        return (await self._session.execute(query)).one_or_none()

    async def page(
        self, principal: Principal, filters: dict[str, Any], today: date, before: UUID | None, limit: int
    ) -> Sequence[Row[Warning, str, str]]:
        """`limit + 1` warnings the caller may see, the newest first."""
        query = (
            select(Warning, col(Subject.name), col(Subject.region))
            .join(Subject, col(Subject.id) == col(Warning.subject_id))
            .where(_visible_to(principal))
        )
        for name in ("state", "subject_id", "rule_id", "kind"):
            if filters.get(name):
                query = query.where(col(getattr(Warning, name)) == filters[name])
        if filters.get("region"):
            query = query.where(col(Subject.region).like(f"{region_prefix(filters['region'])}%"))
        if filters.get("due_before"):
            query = query.where(
                col(Warning.due_on) < filters["due_before"], col(Warning.state) != State.RESOLVED
            )
        if filters.get("overdue") is not None:
            late = (col(Warning.due_on) < today) & (col(Warning.state) != State.RESOLVED)
            query = query.where(late if filters["overdue"] else ~late)
        if filters.get("escalated") is not None:
            query = query.where(col(Warning.escalated_to).is_not(None).is_(filters["escalated"]))
        if before is not None:
            query = query.where(col(Warning.id) < before)
        return (await self._session.execute(query.order_by(col(Warning.id).desc()).limit(limit + 1))).all()

    async def acts_of(self, warnings: Sequence[UUID]) -> dict[UUID, list[WarningAct]]:
        """The steps taken with each of these warnings, in order."""
        query = (
            select(WarningAct)
            .where(col(WarningAct.warning_id).in_(warnings))
            .order_by(col(WarningAct.warning_id), col(WarningAct.version))
        )
        acts: dict[UUID, list[WarningAct]] = {}
        for act in (await self._session.execute(query)).scalars():
            acts.setdefault(act.warning_id, []).append(act)
        return acts

    async def sources_of(self, warnings: Sequence[UUID]) -> dict[UUID, list[WarningSource]]:
        """The evidence of each of these warnings, in the order in which it was seen."""
        query = (
            select(WarningSource)
            .where(col(WarningSource.warning_id).in_(warnings))
            .order_by(col(WarningSource.seen_at), col(WarningSource.source_reference))
        )
        sources: dict[UUID, list[WarningSource]] = {}
        for source in (await self._session.execute(query)).scalars():
            sources.setdefault(source.warning_id, []).append(source)
        return sources

    async def overdue(self, today: date, limit: int) -> Sequence[Row[Warning, str]]:
        """Open warnings past their day that were never escalated, with their region, locked."""
        query = (
            select(Warning, col(Subject.region))
            .join(Subject, col(Subject.id) == col(Warning.subject_id))
            .where(
                col(Warning.due_on) < today,
                col(Warning.state) != State.RESOLVED,
                col(Warning.escalated_to).is_(None),
            )
            .order_by(col(Warning.due_on), col(Warning.id))
            .limit(limit)
            .with_for_update(of=Warning, skip_locked=True)
        )
        return (await self._session.execute(query)).all()

    async def touched_by(self, subject_id: UUID, fact_id: UUID, since: Any) -> Sequence[Warning]:
        """Warnings about a subject raised since then, in whose evidence a fact stands."""
        query = (
            select(Warning)
            .join(WarningSource, col(WarningSource.warning_id) == col(Warning.id))
            .where(
                col(Warning.subject_id) == subject_id,
                col(WarningSource.seen_at) >= since,
                col(WarningSource.details).contains({"facts": [str(fact_id)]}),
            )
            .distinct()
            .order_by(col(Warning.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def outcomes(self, rule_id: str, principal: Principal) -> Sequence[Row[int, str | None, int]]:
        """How many warnings of a rule were raised in which year and how they ended."""
        year = extract("year", func.timezone("Asia/Shanghai", col(Warning.raised_at))).label("year")
        query = (
            select(year, col(Warning.outcome), func.count().label("n"))
            .join(Subject, col(Subject.id) == col(Warning.subject_id))
            .where(col(Warning.rule_id) == rule_id, _visible_to(principal))
            .group_by(year, col(Warning.outcome))
        )
        return (await self._session.execute(query)).all()

    async def rules_generation(self) -> tuple[int, datetime | None]:
        """How many versions written through the API are active, and when one was activated last."""
        activated = col(WarningRuleVersion.activated_at)
        row = (await self._session.execute(select(func.count(activated), func.max(activated)))).one()
        return row[0], row[1]

    async def written_rules(self) -> Sequence[WarningRuleVersion]:
        """The active rule versions written through the API, in the order of their activation."""
        return await self._rules(col(WarningRuleVersion.activated_at).is_not(None))

    async def rules_seen_by(self, principal: Principal) -> Sequence[WarningRuleVersion]:
        """As `written_rules`, with those of the caller's regions that are not active."""
        active = col(WarningRuleVersion.activated_at).is_not(None)
        return await self._rules(or_(active, region_clause(col(WarningRuleVersion.region), principal)))

    async def _rules(self, which: ColumnElement[bool]) -> Sequence[WarningRuleVersion]:
        query = (
            select(WarningRuleVersion)
            .where(which)
            .order_by(
                col(WarningRuleVersion.activated_at),
                col(WarningRuleVersion.written_at),
                col(WarningRuleVersion.id),
            )
        )
        return (await self._session.execute(query)).scalars().all()

    async def lock_rules(self, rule_id: str) -> None:
        """Let one transaction at a time write versions of a rule."""
        await self._session.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(f"warning-rule:{rule_id}", 0)))
        )

    async def rule_version(
        self, rule_id: str, version: str, region: str, principal: Principal
    ) -> WarningRuleVersion | None:
        """One written version of the caller's regions, locked."""
        query = (
            select(WarningRuleVersion)
            .where(
                col(WarningRuleVersion.rule_id) == rule_id,
                col(WarningRuleVersion.version) == version,
                col(WarningRuleVersion.region) == region,
                region_clause(col(WarningRuleVersion.region), principal),
            )
            .with_for_update()
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def next_serial(self, rule_id: str, region: str) -> int:
        """The serial of the next written version."""
        query = select(func.coalesce(func.max(col(WarningRuleVersion.serial)), 0) + 1).where(
            col(WarningRuleVersion.rule_id) == rule_id, col(WarningRuleVersion.region) == region
        )
        serial: int = (await self._session.execute(query)).scalar_one()
        return serial
