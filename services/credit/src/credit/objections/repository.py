"""Every select and insert on objections."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, LargeBinary, and_, false, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.boards.models import Board
from credit.boards.rules import State as BoardState
from credit.deposits.models import RiskClassRecord
from credit.draws.models import Draw
from credit.facts.models import Fact
from credit.facts.rules import Action
from credit.facts.schemas import SourceKind
from credit.inspections.models import Inspection
from credit.inspections.rules import InspectionState
from credit.listings.models import Listing, ListingEvent
from credit.listings.rules import Event as ListingStep
from credit.scoring.models import PublishedGrade
from credit.subjects.models import Subject, of_family
from credit.warnings.models import Warning, WarningSource

from .models import Objection, ObjectionAct, ObjectionEffect
from .rules import OPEN, TOLD, RippleState, State

__all__ = ["ObjectionFilters", "ObjectionRepository"]

_BESIDE = (ListingStep.FLAG, ListingStep.UNFLAG, ListingStep.STATEMENT)
"""Steps of a listing that decide nothing about it."""


def _visible_to(principal: Principal, *, all_of: bool) -> ColumnElement[bool]:
    """What concerns the caller's own subject, or who was merged into it, if it is one; else a subject of the
    caller's regions.

    `all_of`: the caller sees all about these; who does not, sees no objection, because it names what it is
    against.
    """
    if not all_of:
        return false()
    if principal.subject_id is not None:
        return of_family(col(Objection.subject_id), principal.subject_id)
    return region_clause(col(Subject.region), principal)


@dataclass(frozen=True, slots=True)
class ObjectionFilters:
    """What a list of objections is narrowed by."""

    state: str | None = None
    target: str | None = None
    subject_id: UUID | None = None
    fact_id: UUID | None = None
    due_before: date | None = None


class ObjectionRepository:
    """Objections in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Objection | ObjectionAct | ObjectionEffect) -> None:
        """Queue a row for the next flush."""
        self._session.add(row)

    async def find(self, objection_id: UUID, principal: Principal, *, all_of: bool) -> Objection | None:
        """An objection about a subject that the caller may see."""
        query = (
            select(Objection)
            .join(Subject, col(Subject.id) == col(Objection.subject_id))
            .where(col(Objection.id) == objection_id, _visible_to(principal, all_of=all_of))
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def lock(self, objection_id: UUID) -> Objection:
        """An objection that was found, with its row locked, as it is now."""
        query = (
            select(Objection)
            .where(col(Objection.id) == objection_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalar_one()

    async def page(
        self,
        principal: Principal,
        filters: ObjectionFilters,
        before: UUID | None,
        limit: int,
        *,
        all_of: bool,
    ) -> Sequence[Objection]:
        """`limit + 1` objections that the caller may see, the newest first."""
        query = (
            select(Objection)
            .join(Subject, col(Subject.id) == col(Objection.subject_id))
            .where(_visible_to(principal, all_of=all_of))
        )
        if filters.state:
            query = query.where(col(Objection.state) == filters.state)
        if filters.target:
            query = query.where(col(Objection.target) == filters.target)
        if filters.subject_id:
            query = query.where(col(Objection.subject_id) == filters.subject_id)
        if filters.fact_id:
            query = query.where(col(Objection.fact_id) == filters.fact_id)
        if filters.due_before is not None:
            query = query.where(col(Objection.state).in_((*OPEN, State.SUSTAINED)))
        if before is not None:
            query = query.where(col(Objection.id) < before)
        query = query.order_by(col(Objection.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def open_against(self, subject_id: UUID, target_key: str) -> Objection | None:
        """The undecided objection against this thing."""
        query = select(Objection).where(
            col(Objection.subject_id) == subject_id,
            col(Objection.target_key) == target_key,
            col(Objection.state).in_(OPEN),
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def acts_of(self, objections: Sequence[UUID]) -> dict[UUID, list[ObjectionAct]]:
        """The steps of each of these objections, in order."""
        query = (
            select(ObjectionAct)
            .where(col(ObjectionAct.objection_id).in_(objections))
            .order_by(col(ObjectionAct.objection_id), col(ObjectionAct.version))
        )
        acts: dict[UUID, list[ObjectionAct]] = {}
        for act in (await self._session.execute(query)).scalars():
            acts.setdefault(act.objection_id, []).append(act)
        return acts

    async def flagged(self, subject_id: UUID) -> Sequence[Objection]:
        """The objections against a subject's records that are accepted and not decided."""
        accepted = [state for state in OPEN if state is not State.FILED]
        query = select(Objection).where(
            col(Objection.subject_id) == subject_id, col(Objection.state).in_(accepted)
        )
        return (await self._session.execute(query)).scalars().all()

    async def grade(self, subject_id: UUID, version: int) -> PublishedGrade | None:
        """A published grade."""
        return await self._session.get(PublishedGrade, (subject_id, version))

    async def listing(self, listing_id: UUID) -> Listing | None:
        """A listing."""
        return await self._session.get(Listing, listing_id)

    async def recorded_at(self, fact_id: UUID) -> datetime:
        """When a fact first became known."""
        query = select(func.min(col(Fact.recorded_at))).where(col(Fact.id) == fact_id)
        return (await self._session.execute(query)).scalar_one()

    async def recorders(self, facts: Sequence[UUID]) -> set[str]:
        """Who recorded or amended these facts."""
        query = select(col(Fact.recorded_by)).where(
            col(Fact.id).in_(facts), col(Fact.action).in_(("record", "amend"))
        )
        return set((await self._session.execute(query)).scalars())

    async def listed_by(self, listings: Sequence[UUID]) -> set[str]:
        """Who opened, decided, published or ended these listings, or took another step in them."""
        query = select(col(ListingEvent.done_by)).where(
            col(ListingEvent.listing_id).in_(listings), col(ListingEvent.event).not_in(_BESIDE)
        )
        return set((await self._session.execute(query)).scalars())

    async def listings_behind(self, facts: Sequence[UUID]) -> list[UUID]:
        """The listings that recorded these facts under their numbers, with or without a mark."""
        query = (
            select(col(Listing.id))
            .join(Fact, col(Listing.number) == func.split_part(col(Fact.source_reference), "#", 1))
            .where(
                col(Fact.id).in_(facts), col(Fact.version) == 1, col(Fact.source_kind) == SourceKind.LISTING
            )
            .distinct()
        )
        return list((await self._session.execute(query)).scalars())

    async def inspected_by(self, facts: Sequence[UUID]) -> set[str]:
        """Who decided on the inspections behind these facts, or let their results be published."""
        query = select(col(Inspection.decided_by), col(Inspection.published_by)).where(
            col(Inspection.fact_id).in_(facts)
        )
        return {one for row in await self._session.execute(query) for one in row if one is not None}

    async def from_the_same_source(self, fact_id: UUID) -> Sequence[Fact]:
        """Facts of other subjects that rest on the same document."""
        own = select(Fact).where(col(Fact.id) == fact_id, col(Fact.version) == 1).subquery()
        query = (
            select(Fact)
            .join(
                own,
                and_(
                    col(Fact.source_kind) == own.c.source_kind,
                    col(Fact.source_reference) == own.c.source_reference,
                    col(Fact.subject_id) != own.c.subject_id,
                ),
            )
            .where(col(Fact.version) == 1)
            .order_by(col(Fact.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def draws_with(
        self, subject_id: UUID, since: datetime, after: UUID | None, limit: int
    ) -> Sequence[Draw]:
        """`limit` draws made since then whose frozen inputs name the subject, the oldest first."""
        named = func.position(literal(str(subject_id).encode(), LargeBinary).op("IN")(col(Draw.frozen)))
        query = (
            select(Draw).where(col(Draw.created_at) >= since, named > 0).order_by(col(Draw.id)).limit(limit)
        )
        if after is not None:
            query = query.where(col(Draw.id) > after)
        return (await self._session.execute(query)).scalars().all()

    async def warnings_from(self, references: Sequence[str]) -> Sequence[Warning]:
        """The warnings that were raised from one of these sources."""
        query = (
            select(Warning)
            .where(
                col(Warning.id).in_(
                    select(col(WarningSource.warning_id)).where(
                        col(WarningSource.source_reference).in_(references)
                    )
                )
            )
            .order_by(col(Warning.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def running(self, after: UUID | None, limit: int) -> list[UUID]:
        """Objections behind `after` whose ripple is not listed to the end, in order."""
        query = select(col(Objection.id)).where(col(Objection.ripple) == RippleState.RUNNING)
        if after is not None:
            query = query.where(col(Objection.id) > after)
        return list((await self._session.execute(query.order_by(col(Objection.id)).limit(limit))).scalars())

    async def lock_running(self, objection_id: UUID) -> Objection | None:
        """An objection whose ripple is not listed to the end, locked; None when another works on it."""
        query = (
            select(Objection)
            .where(col(Objection.id) == objection_id, col(Objection.ripple) == RippleState.RUNNING)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def is_revoked(self, fact_id: UUID) -> bool:
        """Whether a fact stands no more."""
        query = select(col(Fact.action)).where(col(Fact.id) == fact_id).order_by(col(Fact.version).desc())
        return await self._session.scalar(query.limit(1)) == Action.REVOKE

    async def listed(self, objection_id: UUID, targets: Collection[UUID]) -> set[tuple[str, UUID, UUID]]:
        """Which of these records are listed already, as (kind, record, subject)."""
        query = select(
            col(ObjectionEffect.kind), col(ObjectionEffect.target_id), col(ObjectionEffect.subject_id)
        ).where(
            col(ObjectionEffect.objection_id) == objection_id, col(ObjectionEffect.target_id).in_(targets)
        )
        rows = await self._session.execute(query)
        return {(kind, one, about) for kind, one, about in rows if one is not None}

    async def targets(self, objection_id: UUID, kind: str, subject_id: UUID) -> list[tuple[UUID, str | None]]:
        """The listed records of a kind about a subject, each with its number."""
        query = (
            select(col(ObjectionEffect.target_id), col(ObjectionEffect.number))
            .where(
                col(ObjectionEffect.objection_id) == objection_id,
                col(ObjectionEffect.kind) == kind,
                col(ObjectionEffect.subject_id) == subject_id,
                col(ObjectionEffect.target_id).is_not(None),
            )
            .order_by(col(ObjectionEffect.position))
        )
        rows = await self._session.execute(query)
        return [(one, number) for one, number in rows if one is not None]

    async def wrong_grades(self, objection_id: UUID, subject_id: UUID) -> list[int]:
        """The numbers of the published grades of a subject that are listed."""
        query = select(col(ObjectionEffect.number)).where(
            col(ObjectionEffect.objection_id) == objection_id,
            col(ObjectionEffect.kind) == "grade",
            col(ObjectionEffect.subject_id) == subject_id,
            col(ObjectionEffect.number).is_not(None),
        )
        return [int(number) for number in (await self._session.execute(query)).scalars() if number]

    async def risk_class(self, subject_id: UUID, on: date, known_at: datetime) -> str | None:
        """The market regulator's class of a subject on a day, as known at a moment."""
        query = (
            select(col(RiskClassRecord.risk_class))
            .where(
                col(RiskClassRecord.subject_id) == subject_id,
                col(RiskClassRecord.assessed_on) <= on,
                col(RiskClassRecord.recorded_at) <= known_at,
            )
            .order_by(col(RiskClassRecord.assessed_on).desc(), col(RiskClassRecord.id).desc())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def effects(
        self, objection_id: UUID, told: Collection[UUID] | None, after: int, limit: int
    ) -> Sequence[ObjectionEffect]:
        """`limit + 1` listed effects behind the first `after`, in order; of those `told`, see `_told`.

        Who is told of all has `after` of them up to that position; who is told in part has them counted.
        """
        query = (
            select(ObjectionEffect)
            .where(col(ObjectionEffect.objection_id) == objection_id, *_told(told))
            .order_by(col(ObjectionEffect.position))
            .limit(limit + 1)
        )
        query = (
            query.offset(after) if told is not None else query.where(col(ObjectionEffect.position) > after)
        )
        return (await self._session.execute(query)).scalars().all()

    async def all_effects(
        self, objection_id: UUID, told: Collection[UUID] | None
    ) -> AsyncIterator[ObjectionEffect]:
        """Every listed effect, in order, a hundred at a time."""
        after, page = 0, 100
        while rows := list(await self.effects(objection_id, told, after, page))[:page]:
            for row in rows:
                yield row
            after += len(rows)

    async def effects_by_kind(self, objection_id: UUID, told: Collection[UUID] | None) -> dict[str, int]:
        """How many effects of each kind are listed."""
        query = (
            select(col(ObjectionEffect.kind), func.count())
            .where(col(ObjectionEffect.objection_id) == objection_id, *_told(told))
            .group_by(col(ObjectionEffect.kind))
            .order_by(col(ObjectionEffect.kind))
        )
        return {row[0]: row[1] for row in await self._session.execute(query)}


def _told(subjects: Collection[UUID] | None) -> list[ColumnElement[bool]]:
    """What a subject's own user is told of: what became of itself and was served, shown or relied on.

    Warnings, draws and campaigns are internal to authorities, and so are visits and boards until they are
    published. Everybody else who sees an objection sees all of it.
    """
    if subjects is None:
        return []
    target = col(ObjectionEffect.target_id)
    visits = select(col(Inspection.id)).where(col(Inspection.state) == InspectionState.PUBLISHED)
    boards = select(col(Board.id)).where(col(Board.state) == BoardState.PUBLISHED)
    kind = col(ObjectionEffect.kind)
    return [
        col(ObjectionEffect.subject_id).in_(subjects),
        or_(
            kind.in_(TOLD),
            and_(kind == "inspection", target.in_(visits)),
            and_(kind == "board", target.in_(boards)),
        ),
    ]
