"""Every select and insert on commitments."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from common.auth import Principal, region_clause, region_prefix
from sqlalchemy import ColumnElement, Row, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.subjects.models import Subject
from credit.subjects.rules import PERSONS
from credit.subjects.rules import Kind as SubjectKind

from .models import Commitment, CommitmentEvent
from .rules import Event, Kind, Result, State

__all__ = ["CommitmentFilters", "CommitmentRepository", "CommitmentRow"]

CommitmentRow = Row[Commitment, Subject]
_SHOWN = (col(Commitment.publicly_shown).is_(True), col(Commitment.result) != Result.BROKEN)


@dataclass(frozen=True, slots=True)
class CommitmentFilters:
    """What a list of commitments is narrowed by."""

    subject_id: UUID | None = None
    state: State | None = None
    kind: Kind | None = None


def _visible_to(principal: Principal) -> ColumnElement[bool]:
    """A subject sees its own commitments, an authority those of its regions, nobody else any."""
    if principal.subject_id is not None:
        return col(Commitment.subject_id) == principal.subject_id
    if principal.kind not in {"officer", "service"}:
        return false()
    return region_clause(col(Subject.region), principal)


class CommitmentRepository:
    """Commitments in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Commitment | CommitmentEvent) -> None:
        """Queue a new row for the next flush."""
        self._session.add(row)

    async def find(self, commitment_id: UUID, principal: Principal) -> CommitmentRow | None:
        """A commitment the caller may see, with its subject."""
        query = (
            select(Commitment, Subject)
            .join(Subject, col(Subject.id) == col(Commitment.subject_id))
            .where(col(Commitment.id) == commitment_id, _visible_to(principal))
        )
        return (await self._session.execute(query)).one_or_none()

    async def lock(self, commitment_id: UUID) -> Commitment | None:
        """A commitment with its row locked, as it is now; its subject's row is locked before."""
        query = select(Commitment).where(col(Commitment.id) == commitment_id).with_for_update()
        locked = query.execution_options(populate_existing=True)
        return (await self._session.execute(locked)).scalar_one_or_none()

    async def stated_by(self, commitment_id: UUID) -> set[str]:
        """Who ever made or entered a statement on a breach."""
        query = select(col(CommitmentEvent.done_by)).where(
            col(CommitmentEvent.commitment_id) == commitment_id,
            col(CommitmentEvent.event) == Event.STATEMENT,
        )
        return set((await self._session.execute(query)).scalars())

    async def over(self, today: date, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Open commitments whose last day lies before `today`, behind `after` in order."""
        query = (
            select(col(Commitment.id))
            .where(col(Commitment.state) == State.OPEN, col(Commitment.end_on) < today)
            .order_by(col(Commitment.id))
            .limit(limit)
        )
        if after is not None:
            query = query.where(col(Commitment.id) > after)
        return (await self._session.execute(query)).scalars().all()

    async def take_over(self, today: date, commitments: Collection[UUID]) -> Sequence[Commitment]:
        """Those of the commitments that are still to be ended, locked; what others hold is passed by."""
        query = (
            select(Commitment)
            .where(
                col(Commitment.id).in_(commitments),
                col(Commitment.state) == State.OPEN,
                col(Commitment.end_on) < today,
            )
            .order_by(col(Commitment.id))
            .with_for_update(skip_locked=True)
        )
        return (await self._session.execute(query)).scalars().all()

    async def page(
        self, principal: Principal, filters: CommitmentFilters, before: UUID | None, limit: int
    ) -> Sequence[CommitmentRow]:
        """`limit + 1` commitments the caller may see, the newest first."""
        clauses = [_visible_to(principal)]
        if filters.subject_id is not None:
            clauses.append(col(Commitment.subject_id) == filters.subject_id)
        if filters.state is not None:
            clauses.append(col(Commitment.state) == filters.state)
        if filters.kind is not None:
            clauses.append(col(Commitment.kind) == filters.kind)
        return await self._newest(clauses, before, limit)

    async def shown_of(self, subject_id: UUID) -> Sequence[Commitment]:
        """The commitments of a subject that anyone may see, the newest first."""
        query = (
            select(Commitment)
            .where(col(Commitment.subject_id) == subject_id, *_SHOWN)
            .order_by(col(Commitment.id).desc())
        )
        return (await self._session.execute(query)).scalars().all()

    async def public_page(
        self, region: str | None, kind: Kind | None, before: UUID | None, limit: int
    ) -> Sequence[CommitmentRow]:
        """`limit + 1` commitments of entities that anyone may see, the newest first."""
        clauses = [
            *_SHOWN,
            col(Subject.merged_into).is_(None),
            col(Subject.kind).not_in(tuple(PERSONS)),
            or_(col(Subject.kind) != SubjectKind.UNLICENSED_OPERATOR, col(Subject.key).is_not(None)),
        ]
        if region is not None:
            clauses.append(col(Subject.region).like(f"{region_prefix(region)}%"))
        if kind is not None:
            clauses.append(col(Commitment.kind) == kind)
        return await self._newest(clauses, before, limit)

    async def events_of(self, commitments: Sequence[UUID]) -> dict[UUID, list[CommitmentEvent]]:
        """The steps of each of these commitments, in order."""
        query = (
            select(CommitmentEvent)
            .where(col(CommitmentEvent.commitment_id).in_(commitments))
            .order_by(col(CommitmentEvent.commitment_id), col(CommitmentEvent.version))
        )
        steps: dict[UUID, list[CommitmentEvent]] = {}
        for step in (await self._session.execute(query)).scalars():
            steps.setdefault(step.commitment_id, []).append(step)
        return steps

    async def _newest(
        self, clauses: list[ColumnElement[bool]], before: UUID | None, limit: int
    ) -> Sequence[CommitmentRow]:
        if before is not None:
            clauses.append(col(Commitment.id) < before)
        query = (
            select(Commitment, Subject)
            .join(Subject, col(Subject.id) == col(Commitment.subject_id))
            .where(*clauses)
            .order_by(col(Commitment.id).desc())
            .limit(limit + 1)
        )
        return (await self._session.execute(query)).all()
