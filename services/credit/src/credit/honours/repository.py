"""Every select and insert on honours."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.auth import Principal, region_clause, region_prefix
from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.facts.models import Fact
from credit.facts.rules import Action
from credit.subjects.models import Subject

from .models import Honour, HonourAct
from .rules import HELD, SHOWN

__all__ = ["HonourRepository"]


_SHOWN = (col(Honour.state).in_(SHOWN), col(Honour.suspended).is_(False))
"""What anyone sees: honours that are held and not suspended."""


def _visible(principal: Principal, *, all_of: bool) -> ColumnElement[bool]:
    """An officer sees those of its regions, a subject its own; who is not told `all_of` them what all see."""
    if principal.subject_id is not None:
        return col(Honour.subject_id) == principal.subject_id
    within = region_clause(col(Honour.region), principal)
    return within if all_of else and_(within, *_SHOWN)


class HonourRepository:
    """Honours in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_once(self, honour: Honour) -> bool:
        """Store an application unless one of the same honour is open; says whether it is new."""
        query = (
            insert(Honour).values(**honour.model_dump()).on_conflict_do_nothing().returning(col(Honour.id))
        )
        return (await self._session.execute(query)).first() is not None

    def add_act(self, act: HonourAct) -> None:
        """Queue a step for the next flush."""
        self._session.add(act)

    async def find(
        self, honour_id: UUID, principal: Principal, *, all_of: bool, lock: bool = False
    ) -> Row[Honour, Subject] | None:
        """An honour the caller may see, with its subject; its row is locked after the subject's."""
        query = (
            select(Honour, Subject)
            .join(Subject, col(Subject.id) == col(Honour.subject_id))
            .where(col(Honour.id) == honour_id, _visible(principal, all_of=all_of))
        )
        if lock:
            query = query.with_for_update(of=Honour).execution_options(populate_existing=True)
        return (await self._session.execute(query)).one_or_none()

    async def page(
        self,
        principal: Principal,
        filters: dict[str, Any],
        before: UUID | None,
        limit: int,
        *,
        all_of: bool,
    ) -> Sequence[Row[Honour, Subject]]:
        """`limit + 1` honours the caller may see, the newest first."""
        query = (
            select(Honour, Subject)
            .join(Subject, col(Subject.id) == col(Honour.subject_id))
            .where(_visible(principal, all_of=all_of))
        )
        for name in ("state", "policy_id", "subject_id"):
            if filters.get(name):
                query = query.where(col(getattr(Honour, name)) == filters[name])
        if before is not None:
            query = query.where(col(Honour.id) < before)
        return (await self._session.execute(query.order_by(col(Honour.id).desc()).limit(limit + 1))).all()

    async def public_page(
        self, filters: dict[str, Any], before: UUID | None, limit: int
    ) -> Sequence[Row[Honour, Subject]]:
        """`limit + 1` honours that are held and not suspended, the newest first."""
        query = (
            select(Honour, Subject).join(Subject, col(Subject.id) == col(Honour.subject_id)).where(*_SHOWN)
        )
        if filters.get("number"):
            query = query.where(col(Honour.number) == filters["number"])
        if filters.get("policy_id"):
            query = query.where(col(Honour.policy_id) == filters["policy_id"])
        if filters.get("region"):
            query = query.where(col(Honour.region).like(f"{region_prefix(filters['region'])}%"))
        if before is not None:
            query = query.where(col(Honour.id) < before)
        return (await self._session.execute(query.order_by(col(Honour.id).desc()).limit(limit + 1))).all()

    async def acts_of(self, honours: Sequence[UUID]) -> dict[UUID, list[HonourAct]]:
        """The steps of each of these honours, in order."""
        query = (
            select(HonourAct)
            .where(col(HonourAct.honour_id).in_(honours))
            .order_by(col(HonourAct.honour_id), col(HonourAct.version))
        )
        acts: dict[UUID, list[HonourAct]] = {}
        for act in (await self._session.execute(query)).scalars():
            acts.setdefault(act.honour_id, []).append(act)
        return acts

    async def last_days(self, subject_id: UUID, today: date) -> dict[str, date]:
        """The newest day of each code that stands about a subject."""
        newer = aliased(Fact)
        query = (
            select(col(Fact.code), func.max(col(Fact.occurred_on)).label("day"))
            .where(
                col(Fact.subject_id) == subject_id,
                col(Fact.occurred_on) <= today,
                col(Fact.action) != Action.REVOKE,
                ~select(col(newer.id))
                .where(col(newer.id) == col(Fact.id), col(newer.version) > col(Fact.version))
                .exists(),
            )
            .group_by(col(Fact.code))
        )
        return {row.code: row.day for row in await self._session.execute(query)}

    async def due(self, today: date, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Held honours that expired, or whose subject changed since it was looked at, in order."""
        query = (
            select(col(Honour.id))
            .join(Subject, col(Subject.id) == col(Honour.subject_id))
            .where(*_due(today))
            .order_by(col(Honour.id))
            .limit(limit)
        )
        if after is not None:
            query = query.where(col(Honour.id) > after)
        return (await self._session.execute(query)).scalars().all()

    async def holders(self, honours: Collection[UUID]) -> Sequence[UUID]:
        """Whose these honours are."""
        query = select(col(Honour.subject_id)).where(col(Honour.id).in_(honours)).distinct()
        return (await self._session.execute(query)).scalars().all()

    async def take_due(
        self, today: date, honours: Collection[UUID], subjects: Collection[UUID]
    ) -> Sequence[Row[Honour, Subject]]:
        """Those of the honours that are still due, locked, with their subjects, which are locked already.

        What others hold is passed by.
        """
        query = (
            select(Honour, Subject)
            .join(Subject, col(Subject.id) == col(Honour.subject_id))
            .where(col(Honour.id).in_(honours), col(Honour.subject_id).in_(subjects), *_due(today))
            .order_by(col(Subject.id), col(Honour.id))
            .with_for_update(of=Honour, skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).all()

    async def rests_on(self, subject_id: UUID, since: datetime) -> Sequence[Honour]:
        """Honours of a subject that were suspended, refused or revoked, or found failing, since then."""
        query = (
            select(Honour)
            .join(HonourAct, col(HonourAct.honour_id) == col(Honour.id))
            .where(col(Honour.subject_id) == subject_id, col(HonourAct.done_at) >= since)
            .distinct()
            .order_by(col(Honour.id))
        )
        return (await self._session.execute(query)).scalars().all()


def _due(today: date) -> list[ColumnElement[bool]]:
    """Held, and expired or not looked at since its subject changed."""
    return [
        col(Honour.state).in_(HELD),
        or_(col(Honour.expires_on) < today, col(Honour.checked_version) != col(Subject.version)),
    ]
