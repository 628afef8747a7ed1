"""Every select and insert on warnings."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, Row, false, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.subjects.models import Subject

from .models import Warning, WarningAct

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

    async def add_once(self, warning: Warning) -> bool:
        """Store a warning unless its rule already raised one from the same source; says whether it is new."""
        query = (
            insert(Warning)
            .values(**warning.model_dump())
            .on_conflict_do_nothing(index_elements=["rule_id", "source_reference"])
            .returning(col(Warning.id))
        )
        return (await self._session.execute(query)).first() is not None

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
        self, principal: Principal, filters: dict[str, Any], before: UUID | None, limit: int
    ) -> Sequence[Row[Warning, str, str]]:
        """`limit + 1` warnings the caller may see, the newest first."""
        query = (
            select(Warning, col(Subject.name), col(Subject.region))
            .join(Subject, col(Subject.id) == col(Warning.subject_id))
            .where(_visible_to(principal))
        )
        if filters.get("state"):
            query = query.where(col(Warning.state) == filters["state"])
        if filters.get("subject_id"):
            query = query.where(col(Warning.subject_id) == filters["subject_id"])
        if filters.get("rule_id"):
            query = query.where(col(Warning.rule_id) == filters["rule_id"])
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

    def add_act(self, act: WarningAct) -> None:
        """Queue a step for the next flush."""
        self._session.add(act)
