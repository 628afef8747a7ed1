"""Every select and insert on inspections."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, Row, and_, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.facts.models import Fact
from credit.facts.rules import Action
from credit.objections.models import Objection
from credit.objections.rules import Target
from credit.subjects.models import Subject

from .models import Inspection, InspectionAct, InspectionDraw, InspectionRecord
from .rules import InspectionKind, InspectionState

__all__ = ["InspectionFilters", "InspectionRepository"]

_OPEN = (InspectionState.ASSIGNED, InspectionState.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class InspectionFilters:
    """What a list of inspections is narrowed by. `overdue` names what is late on `today`."""

    today: date
    mine: str | None = None
    state: str | None = None
    kind: str | None = None
    subject_id: UUID | None = None
    campaign_id: UUID | None = None
    due_before: date | None = None
    overdue: str | None = None


def _visible_to(principal: Principal) -> ColumnElement[bool]:
    """Whom an inspection is planned for does not see it before it happens: subjects see none."""
    if principal.subject_id is not None:
        return false()
    return region_clause(col(Inspection.region), principal)


def _overdue(filters: InspectionFilters) -> ColumnElement[bool]:
    visit = and_(col(Inspection.state).in_(_OPEN), col(Inspection.due_on) < filters.today)
    publication = and_(
        col(Inspection.published_at).is_(None),
        col(Inspection.publish_by).is_not(None),
        col(Inspection.publish_by) < filters.today,
    )
    return {"visit": visit, "publication": publication}.get(filters.overdue or "", or_(visit, publication))


def _revoked() -> ColumnElement[bool]:
    """Whether the fact that a result became is revoked in its newest version."""
    later = aliased(Fact)
    newer = select(col(later.id)).where(col(later.id) == col(Fact.id), col(later.version) > col(Fact.version))
    return (
        select(col(Fact.id))
        .where(col(Fact.id) == col(Inspection.fact_id), col(Fact.action) == Action.REVOKE, ~newer.exists())
        .exists()
    )


def _withheld() -> ColumnElement[bool]:
    """Whether a sustained objection took the fact that a result became off the page."""
    return (
        select(col(Objection.id))
        .where(
            col(Objection.subject_id) == col(Inspection.subject_id),
            col(Objection.fact_id) == col(Inspection.fact_id),
            col(Objection.target) == Target.PAGE,
            col(Objection.remedy).is_not(None),
        )
        .exists()
    )


class InspectionRepository:
    """Inspections in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Inspection | InspectionDraw | InspectionRecord) -> None:
        """Queue a row for the next flush."""
        self._session.add(row)

    def note(
        self, visit: Inspection, act: str, note: str | None, data: dict[str, Any], by: str, now: datetime
    ) -> None:
        """Queue a step of an inspection whose version was counted up for it."""
        self._session.add(
            InspectionAct(
                inspection_id=visit.id,
                version=visit.version,
                act=act,
                note=note,
                data=data,
                done_by=by,
                done_at=now,
            )
        )

    async def find(
        self, inspection_id: UUID, principal: Principal | None, *, lock: bool = False
    ) -> Inspection | None:
        """An inspection of the caller's regions, or of any for a round (None)."""
        query = select(Inspection).where(col(Inspection.id) == inspection_id)
        if principal is not None:
            query = query.where(_visible_to(principal))
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def page(
        self, principal: Principal, filters: InspectionFilters, before: UUID | None, limit: int
    ) -> list[tuple[Inspection, str]]:
        """`limit + 1` inspections of the caller's regions with the subject's name, the newest first."""
        query = (
            select(Inspection, col(Subject.name))
            .join(Subject, col(Subject.id) == col(Inspection.subject_id))
            .where(_visible_to(principal))
        )
        if filters.mine is not None:
            query = query.where(col(Inspection.inspectors).contains([filters.mine]))
        if filters.state is not None:
            query = query.where(col(Inspection.state) == filters.state)
        if filters.kind is not None:
            query = query.where(col(Inspection.kind) == filters.kind)
        if filters.subject_id is not None:
            query = query.where(col(Inspection.subject_id) == filters.subject_id)
        if filters.campaign_id is not None:
            query = query.where(col(Inspection.campaign_id) == filters.campaign_id)
        if filters.due_before is not None:
            query = query.where(col(Inspection.due_on) < filters.due_before, col(Inspection.state).in_(_OPEN))
        if filters.overdue is not None:
            query = query.where(_overdue(filters))
        if before is not None:
            query = query.where(col(Inspection.id) < before)
        rows = (await self._session.execute(query.order_by(col(Inspection.id).desc()).limit(limit + 1))).all()
        return [(row[0], row[1]) for row in rows]

    async def published(
        self, since: date, subject_key: str | None, before: UUID | None, limit: int
    ) -> list[tuple[Inspection, Subject]]:
        """`limit + 1` published inspections finished since a day, the newest first, for the public.

        A result whose fact was revoked, or taken off the page by an objection, is shown no longer.
        """
        query = (
            select(Inspection, Subject)
            .join(Subject, col(Subject.id) == col(Inspection.subject_id))
            .where(
                col(Inspection.published_at).is_not(None),
                col(Inspection.finished_on) >= since,
                ~_revoked(),
                ~_withheld(),
            )
        )
        if subject_key is not None:
            query = query.where(col(Subject.key) == subject_key)
        if before is not None:
            query = query.where(col(Inspection.id) < before)
        rows = (await self._session.execute(query.order_by(col(Inspection.id).desc()).limit(limit + 1))).all()
        return [(row[0], row[1]) for row in rows]

    async def open_drawn(self, subject_id: UUID) -> Inspection | None:
        """The visit from another draw that a subject still waits for, locked: new items join it."""
        query = (
            select(Inspection)
            .where(
                col(Inspection.subject_id) == subject_id,
                col(Inspection.kind) == InspectionKind.DRAWN,
                col(Inspection.state) == InspectionState.ASSIGNED,
            )
            .order_by(col(Inspection.due_on))
            .limit(1)
            .with_for_update()
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def draws_of(self, inspection_id: UUID) -> Sequence[InspectionDraw]:
        """The draws that chose this visit, the oldest first."""
        query = (
            select(InspectionDraw)
            .where(col(InspectionDraw.inspection_id) == inspection_id)
            .order_by(col(InspectionDraw.number))
        )
        return (await self._session.execute(query)).scalars().all()

    async def acts_of(self, inspection_id: UUID) -> Sequence[InspectionAct]:
        """The steps of an inspection, in order."""
        query = (
            select(InspectionAct)
            .where(col(InspectionAct.inspection_id) == inspection_id)
            .order_by(col(InspectionAct.version))
        )
        return (await self._session.execute(query)).scalars().all()

    async def newest_record(self, inspection_id: UUID) -> InspectionRecord | None:
        """The revision that arrived last."""
        query = (
            select(InspectionRecord)
            .where(col(InspectionRecord.inspection_id) == inspection_id)
            .order_by(col(InspectionRecord.revision).desc())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def to_remind(self, by: date, limit: int) -> Sequence[Inspection]:
        """Finished inspections to be published by `by` at the latest, not yet reminded of, locked."""
        query = (
            select(Inspection)
            .where(
                col(Inspection.published_at).is_(None),
                col(Inspection.publish_by) <= by,
                col(Inspection.reminded_on).is_(None),
            )
            .order_by(col(Inspection.publish_by))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self._session.execute(query)).scalars().all()

    async def names(self, subjects: Collection[UUID]) -> dict[UUID, str]:
        """Names of subjects as shown."""
        query = select(col(Subject.id), col(Subject.name)).where(col(Subject.id).in_(subjects))
        return {row.id: row.name for row in (await self._session.execute(query)).all()}

    async def brought_by(
        self,
        subject_id: UUID,
        draws: Collection[UUID],
        facts: Collection[UUID],
        references: Collection[str],
        after: UUID | None,
        limit: int,
    ) -> Sequence[Inspection]:
        """`limit` visits to a subject behind `after` that one of these draws or references called for, or
        that recorded one of these facts, in order."""
        drawn = select(col(InspectionDraw.inspection_id)).where(
            col(InspectionDraw.subject_id) == subject_id, col(InspectionDraw.draw_id).in_(draws)
        )
        query = select(Inspection).where(
            col(Inspection.subject_id) == subject_id,
            or_(
                col(Inspection.id).in_(drawn),
                col(Inspection.fact_id).in_(facts),
                col(Inspection.trigger)["reference"].astext.in_(references),
            ),
        )
        if after is not None:
            query = query.where(col(Inspection.id) > after)
        return (await self._session.execute(query.order_by(col(Inspection.id)).limit(limit))).scalars().all()

    async def of_campaign(self, campaign_id: UUID) -> Sequence[Row[UUID, str, str, str | None, str]]:
        """The inspections of a campaign, as (id, number, state, result, department)."""
        query = select(
            col(Inspection.id),
            col(Inspection.number),
            col(Inspection.state),
            col(Inspection.result),
            col(Inspection.department),
        ).where(col(Inspection.campaign_id) == campaign_id)
        return (await self._session.execute(query.order_by(col(Inspection.id)))).all()
