"""Every select and insert on listings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Subquery,
    Uuid,
    and_,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.subjects.models import Subject, of_family

from .models import Listing, ListingEvent, told_to_programs
from .rules import HEARING, Event, ListName, State

__all__ = ["ListingFilters", "ListingRepository", "ListingRow"]

ListingRow = Row[Listing, Subject]
_AUTHORITIES = frozenset({"officer", "service"})


@dataclass(frozen=True, slots=True)
class ListingFilters:
    """What a list of listings is narrowed by."""

    subject_id: UUID | None = None
    on_list: ListName | None = None
    state: State | None = None
    condition: str | None = None
    objected: bool | None = None
    due_before: date | None = None


def _visible_to(principal: Principal, today: date, *, internal: bool = False) -> ColumnElement[bool]:
    """An authority sees all of its regions; a subject its own from the notice on, with those of whoever was
    merged into it; a program of others what `told_to_programs` says.
    """
    if principal.subject_id is not None:
        own = of_family(col(Listing.subject_id), principal.subject_id)
        return and_(own, col(Listing.state) != State.DRAFT, col(Listing.notified_on).is_not(None))
    if principal.kind in _AUTHORITIES:
        return region_clause(col(Subject.region), principal)
    if principal.kind == "client":
        told = told_to_programs(today, internal=internal)
        return and_(region_clause(col(Subject.region), principal), told)
    return false()


def _survivors(listed: Sequence[ColumnElement[bool]]) -> Subquery:
    """Of the merged subjects with such listings: who each became in the end (`merged`, `survivor`)."""
    chain = (
        select(col(Subject.id).label("merged"), col(Subject.merged_into).label("survivor"))
        .where(
            col(Subject.merged_into).is_not(None),
            col(Subject.id).in_(select(col(Listing.subject_id)).where(*listed)),
        )
        .cte("chain", recursive=True)
    )
    chain = chain.union_all(
        select(chain.c.merged, col(Subject.merged_into)).join(
            chain, and_(col(Subject.id) == chain.c.survivor, col(Subject.merged_into).is_not(None))
        )
    )
    return (
        select(chain.c.merged, chain.c.survivor)
        .join(Subject, and_(col(Subject.id) == chain.c.survivor, col(Subject.merged_into).is_(None)))
        .subquery("survivors")
    )


class ListingRepository:
    """Listings in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Listing | ListingEvent) -> None:
        """Queue a new row for the next flush."""
        self._session.add(row)

    async def find(
        self, listing_id: UUID, principal: Principal, today: date, *, internal: bool = False
    ) -> ListingRow | None:
        """A listing the caller may see today, with its subject."""
        query = (
            select(Listing, Subject)
            .join(Subject, col(Subject.id) == col(Listing.subject_id))
            .where(col(Listing.id) == listing_id, _visible_to(principal, today, internal=internal))
        )
        return (await self._session.execute(query)).one_or_none()

    async def subject_of(self, listing_id: UUID) -> UUID | None:
        """The subject of a listing, before either row is locked."""
        query = select(col(Listing.subject_id)).where(col(Listing.id) == listing_id)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def lock(self, listing_id: UUID) -> Listing | None:
        """A listing with its row locked, as it is now; its subject's row is locked before."""
        query = select(Listing).where(col(Listing.id) == listing_id).with_for_update()
        locked = query.execution_options(populate_existing=True)
        return (await self._session.execute(locked)).scalar_one_or_none()

    async def get(self, listing_id: UUID) -> Listing | None:
        """A listing as it is now; its subject's row is locked before."""
        return await self._session.get(Listing, listing_id, populate_existing=True)

    async def running(self, subject_id: UUID, condition: str, role: str) -> Listing | None:
        """The listing for this condition that runs or stands already."""
        query = select(Listing).where(
            col(Listing.subject_id) == subject_id,
            col(Listing.condition) == condition,
            col(Listing.role) == role,
            col(Listing.state).not_in((State.DISMISSED, State.REMOVED)),
        )
        return (await self._session.execute(query.limit(1))).scalar_one_or_none()

    async def page(
        self,
        principal: Principal,
        filters: ListingFilters,
        before: UUID | None,
        limit: int,
        today: date,
        *,
        internal: bool = False,
    ) -> Sequence[ListingRow]:
        """`limit + 1` listings the caller may see today, the newest first."""
        clauses = [_visible_to(principal, today, internal=internal)]
        if filters.subject_id is not None:
            clauses.append(col(Listing.subject_id) == filters.subject_id)
        if filters.on_list is not None:
            clauses.append(col(Listing.on_list) == filters.on_list)
        if filters.state is not None:
            clauses.append(col(Listing.state) == filters.state)
        if filters.condition is not None:
            clauses.append(col(Listing.condition) == filters.condition)
        if filters.objected is not None:
            clauses.append(col(Listing.objected).is_(filters.objected))
        if filters.due_before is not None:
            clauses.append(col(Listing.state).in_(HEARING))
        if before is not None:
            clauses.append(col(Listing.id) < before)
        query = (
            select(Listing, Subject)
            .join(Subject, col(Subject.id) == col(Listing.subject_id))
            .where(*clauses)
            .order_by(col(Listing.id).desc())
            .limit(limit + 1)
        )
        return (await self._session.execute(query)).all()

    async def events_of(self, listing_id: UUID) -> Sequence[ListingEvent]:
        """The steps of a listing, in order."""
        query = (
            select(ListingEvent)
            .where(col(ListingEvent.listing_id) == listing_id)
            .order_by(col(ListingEvent.version))
        )
        return (await self._session.execute(query)).scalars().all()

    async def in_force(self, subject_id: UUID, on: date) -> Sequence[Listing]:
        """The listings of a subject that bring their measures on a day, the oldest first.

        With those of everyone who was merged into it; one that was annulled never was in force.
        """
        query = (
            select(Listing)
            .where(
                of_family(col(Listing.subject_id), subject_id),
                ~col(Listing.annulled),
                col(Listing.listed_on) <= on,
                col(Listing.management_until) >= on,
                ~_rested(on),
                col(Listing.removed_on).is_(None) | (col(Listing.removed_on) > on),
            )
            .order_by(col(Listing.listed_on), col(Listing.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def leavings(self, subject_id: UUID, on_list: str) -> Sequence[Row[Listing, int, date]]:
        """Each step by which a listing of a subject left this list, as (listing, version, day), in order.

        For good or by a lifting, also where it has returned since. One that was removed while it was lifted
        left by the lifting; one that was annulled never was on it.
        """
        removed = and_(
            col(ListingEvent.event) == Event.REMOVE,
            col(Listing.listed_on).is_not(None),
            col(Listing.lifted_on).is_(None),
        )
        query = (
            select(Listing, col(ListingEvent.version), col(ListingEvent.on_day))
            .join(ListingEvent, col(ListingEvent.listing_id) == col(Listing.id))
            .where(
                of_family(col(Listing.subject_id), subject_id),
                ~col(Listing.annulled),
                col(Listing.on_list) == on_list,
                or_(col(ListingEvent.event) == Event.LIFT, removed),
            )
            .order_by(col(Listing.listed_on), col(Listing.id), col(ListingEvent.version))
        )
        return (await self._session.execute(query)).all()

    async def of_subject(self, subject_id: UUID) -> Sequence[Listing]:
        """The listings of a subject and of everyone who was merged into it, in order."""
        query = (
            select(Listing)
            .where(of_family(col(Listing.subject_id), subject_id))
            .order_by(col(Listing.listed_on), col(Listing.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def expired(
        self, today: date, after: tuple[date, UUID] | None, limit: int
    ) -> list[tuple[date, UUID]]:
        """Listings behind `after` whose last day lies before `today`, by last day and id."""
        place = tuple_(col(Listing.management_until), col(Listing.id))
        query = select(col(Listing.management_until), col(Listing.id)).where(
            col(Listing.state) == State.LISTED, col(Listing.management_until) < today
        )
        if after is not None:
            query = query.where(place > after)
        query = query.order_by(col(Listing.management_until), col(Listing.id)).limit(limit)
        return [(last, one) for last, one in await self._session.execute(query) if last is not None]

    async def along_with(self, listing_id: UUID) -> Sequence[Listing]:
        """The listings of people that were opened along with this one, in order."""
        query = select(Listing).where(col(Listing.along_with) == listing_id).order_by(col(Listing.id))
        return (await self._session.execute(query)).scalars().all()

    async def resting_on(self, subject_id: UUID, fact_id: UUID) -> Sequence[Listing]:
        """The listings of a subject that name a fact among their grounds."""
        query = (
            select(Listing)
            .where(col(Listing.subject_id) == subject_id, col(Listing.based_on).contains([fact_id]))
            .order_by(col(Listing.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def standing_on(self, subject_ids: Sequence[UUID], fact_ids: Sequence[UUID]) -> Sequence[Listing]:
        """The listings of these subjects that stand and name one of these facts among their grounds."""
        query = (
            select(Listing)
            .where(
                col(Listing.subject_id).in_(subject_ids),
                col(Listing.state) == State.LISTED,
                col(Listing.based_on).op("&&")(cast(list(fact_ids), ARRAY(Uuid))),
            )
            .order_by(col(Listing.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def public_page(
        self,
        today: date,
        entities: ColumnElement[bool] | None,
        names: Sequence[str],
        before: UUID | None,
        limit: int,
    ) -> Sequence[ListingRow]:
        """`limit + 1` published serious listings whose publication runs today, the newest first.

        A merged subject's listing is shown of whom it became. With a search: entities as the clause says,
        persons by the keyed index of their whole name.
        """
        clauses = [
            col(Listing.on_list) == ListName.SERIOUS,
            col(Listing.state) == State.LISTED,
            col(Listing.published_at).is_not(None),
            col(Listing.publication_until) >= today,
            col(Listing.lifted_on).is_(None),
        ]
        survivors = _survivors(clauses)
        shown_of = func.coalesce(survivors.c.survivor, col(Listing.subject_id))
        if entities is not None:
            clauses.append(or_(entities, col(Subject.name_index).in_(names)))
        if before is not None:
            clauses.append(col(Listing.id) < before)
        query = (
            select(Listing, Subject)
            .outerjoin(survivors, survivors.c.merged == col(Listing.subject_id))
            .join(Subject, col(Subject.id) == shown_of)
            .where(*clauses)
            .order_by(col(Listing.id).desc())
            .limit(limit + 1)
        )
        return (await self._session.execute(query)).all()


def _rested(on: date) -> ColumnElement[bool]:
    """Whether a listing was lifted on a day, also where it has been restored since."""
    lifted, restored = aliased(ListingEvent), aliased(ListingEvent)
    returned = exists().where(
        col(restored.listing_id) == col(lifted.listing_id),
        col(restored.event) == Event.RESTORE,
        col(restored.version) > col(lifted.version),
        col(restored.on_day) <= on,
    )
    return exists().where(
        col(lifted.listing_id) == col(Listing.id),
        col(lifted.event) == Event.LIFT,
        col(lifted.on_day) <= on,
        ~returned,
    )
