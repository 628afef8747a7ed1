"""Every select and insert of supervision."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.auth import region_prefix
from common.db import UtcDateTime
from sqlalchemy import ColumnElement, Row, Select, Text, and_, func, literal, select, update
from sqlalchemy.dialects.postgresql import array, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.facts.models import Fact
from credit.facts.rules import Action
from credit.facts.schemas import SourceKind
from credit.listings.models import Listing, ListingEvent
from credit.listings.rules import Event
from credit.relations.models import Relation
from credit.relations.rules import POSTS
from credit.subjects.models import Subject

from .models import SupervisionState

__all__ = ["SupervisionRepository"]

_STATE_OF = col(SupervisionState.subject_id) == col(Subject.id)


class SupervisionRepository:
    """What supervision needs of the archive, and what it told others."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def listing_facts(
        self, subjects: Collection[UUID], codes: Collection[str]
    ) -> Sequence[Row[UUID, UUID, str, str, date, dict[str, Any], str, str]]:
        """Standing facts of `codes` about `subjects`: fact, subject, its kind, code, day, payload, source.

        Facts that the room of listings wrote are left out: it knows more of them itself.
        """
        latest = (
            select(col(Fact.id), func.max(col(Fact.version)).label("version"))
            .where(col(Fact.subject_id).in_(subjects))
            .group_by(col(Fact.id))
            .subquery()
        )
        query = (
            select(
                col(Fact.id),
                col(Fact.subject_id),
                col(Subject.kind),
                col(Fact.code),
                col(Fact.occurred_on),
                col(Fact.payload),
                col(Fact.source_kind),
                col(Fact.source_reference),
            )
            .join(latest, and_(col(Fact.id) == latest.c.id, col(Fact.version) == latest.c.version))
            .join(Subject, col(Subject.id) == col(Fact.subject_id))
            .where(col(Fact.code).in_(codes), col(Fact.action) != Action.REVOKE)
            .where(col(Fact.source_kind) != SourceKind.LISTING)
            .order_by(col(Fact.occurred_on), col(Fact.id))
        )
        return (await self._session.execute(query)).all()

    async def listings(
        self, subjects: Collection[UUID]
    ) -> Sequence[Row[Listing, str, UUID | None, str | None]]:
        """Every listing of these subjects that ever took effect, with the subject's kind.

        Where a person was listed along with an entity, that entity and its kind too. An annulled
        listing never counts.
        """
        first, entity = aliased(Listing), aliased(Subject)
        query = (
            select(Listing, col(Subject.kind), col(entity.id), col(entity.kind))
            .join(Subject, col(Subject.id) == col(Listing.subject_id))
            .join(first, col(first.id) == col(Listing.along_with), isouter=True)
            .join(entity, col(entity.id) == col(first.subject_id), isouter=True)
            .where(
                col(Listing.subject_id).in_(subjects),
                col(Listing.listed_on).is_not(None),
                ~col(Listing.annulled),
            )
            .order_by(col(Listing.listed_on), col(Listing.id))
        )
        return (await self._session.execute(query)).all()

    async def rests(self, listings: Collection[UUID]) -> dict[UUID, tuple[tuple[date, date | None], ...]]:
        """Of the listings that were ever lifted: the day of each lifting, and that of its return if any."""
        query = (
            select(col(ListingEvent.listing_id), col(ListingEvent.event), col(ListingEvent.on_day))
            .where(
                col(ListingEvent.listing_id).in_(listings),
                col(ListingEvent.event).in_((Event.LIFT, Event.RESTORE)),
            )
            .order_by(col(ListingEvent.listing_id), col(ListingEvent.version))
        )
        found: dict[UUID, tuple[tuple[date, date | None], ...]] = {}
        for listing, event, day in (await self._session.execute(query)).all():
            known = found.get(listing, ())
            if event == Event.LIFT:
                found[listing] = (*known, (day, None))
            else:
                found[listing] = (*known[:-1], (known[-1][0], day))
        return found

    async def holders(self, subjects: Collection[UUID]) -> dict[UUID, tuple[UUID, str]]:
        """These subjects and all who were merged into them, each with who holds its listings and its kind.

        One that is asked for itself holds its own, whomever it was merged into.
        """
        held: Select[UUID, UUID, str] = select(
            col(Subject.id).label("member"), col(Subject.id).label("holder"), col(Subject.kind).label("kind")
        )
        tree = held.where(col(Subject.id).in_(subjects)).cte("tree", recursive=True)
        tree = tree.union_all(
            select(col(Subject.id), tree.c.holder, tree.c.kind).where(
                col(Subject.merged_into) == tree.c.member, col(Subject.id).not_in(subjects)
            )
        )
        rows = await self._session.execute(select(tree.c.member, tree.c.holder, tree.c.kind))
        return {row.member: (row.holder, row.kind) for row in rows}

    async def posts(self, people: Collection[UUID]) -> Sequence[Relation]:
        """Every post that these people hold or held, however long ago."""
        query = (
            select(Relation)
            .where(col(Relation.from_id).in_(people), col(Relation.kind).in_(sorted(POSTS)))
            .order_by(col(Relation.starts_on), col(Relation.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def same_person(self, subject: Subject) -> list[UUID]:
        """The subject and every other row of the same natural person, by the keyed index of the ID number."""
        if subject.id_number_index is None:
            return [subject.id]
        query = select(col(Subject.id)).where(col(Subject.id_number_index) == subject.id_number_index)
        return sorted({subject.id, *(await self._session.execute(query)).scalars()})

    async def by_id_number(self, indexes: Sequence[str]) -> Sequence[Subject]:
        """Everyone of an ID number, in all regions: a bar on a person holds in the whole country."""
        query = select(Subject).where(col(Subject.id_number_index).in_(indexes)).order_by(col(Subject.id))
        return (await self._session.execute(query)).scalars().all()

    async def names(self, subjects: Collection[UUID]) -> dict[UUID, str]:
        """Names as shown."""
        query = select(col(Subject.id), col(Subject.name)).where(col(Subject.id).in_(subjects))
        return {row.id: row.name for row in await self._session.execute(query)}

    async def state_of(self, subject_id: UUID) -> SupervisionState | None:
        """What was last announced."""
        return await self._session.get(SupervisionState, subject_id)

    async def hold(self, subjects: Collection[UUID]) -> dict[UUID, SupervisionState]:
        """The states of these subjects that there are, locked: nobody marks one until this ends."""
        key = col(SupervisionState.subject_id)
        query = select(SupervisionState).where(key.in_(subjects)).order_by(key).with_for_update()
        rows = await self._session.execute(query.execution_options(populate_existing=True))
        return {state.subject_id: state for state in rows.scalars()}

    async def mark(self, subject: Subject, today: date, now: datetime) -> None:
        """Have a subject's supervision looked at in the next round."""
        query = insert(SupervisionState).values(
            subject_id=subject.id,
            tier=subject.tier,
            measures=[],
            next_change_on=today,
            announced_at=now,
        )
        await self._session.execute(
            query.on_conflict_do_update(index_elements=["subject_id"], set_={"next_change_on": today})
        )

    async def mark_moved(self, subjects: Collection[UUID], today: date) -> None:
        """Have subjects whose tier moved looked at in the next round, where there is more than a grade."""
        key = col(SupervisionState.subject_id)
        # In order of id, as every other: two who mark the same states never wait for each other.
        held = select(key).where(key.in_(subjects)).order_by(key).with_for_update()
        await self._session.execute(
            update(SupervisionState).where(key.in_(held)).values(next_change_on=today)
        )

    async def mark_people_of(self, entity: UUID, today: date, now: datetime) -> None:
        """Have everyone who holds or held a post at an entity looked at in the next round."""
        people = (
            select(
                col(Subject.id),
                col(Subject.tier),
                array([], type_=Text),
                literal(today),
                literal(now, UtcDateTime),
            )
            .join(Relation, col(Relation.from_id) == col(Subject.id))
            .where(col(Relation.to_id) == entity, col(Relation.kind).in_(sorted(POSTS)))
            .distinct()
            .order_by(col(Subject.id))
        )
        columns = ["subject_id", "tier", "measures", "next_change_on", "announced_at"]
        query = insert(SupervisionState).from_select(columns, people)
        await self._session.execute(
            query.on_conflict_do_update(index_elements=["subject_id"], set_={"next_change_on": today})
        )

    def add(self, state: SupervisionState) -> None:
        """Queue a first state for the next flush."""
        self._session.add(state)

    async def due(self, today: date, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Subjects whose announced supervision is out of date, behind `after`, those held left out."""
        query = select(col(Subject.id)).join(SupervisionState, _STATE_OF).where(_due(today))
        if after is not None:
            query = query.where(col(Subject.id) > after)
        query = query.order_by(col(Subject.id)).limit(limit).with_for_update(of=Subject, skip_locked=True)
        return (await self._session.execute(query)).scalars().all()

    async def take_due(self, today: date, subjects: Collection[UUID]) -> Sequence[Subject]:
        """Those of the subjects that are still due, locked; what others hold is passed by."""
        query = (
            select(Subject)
            .join(SupervisionState, _STATE_OF)
            .where(col(Subject.id).in_(subjects), _due(today))
            .order_by(col(Subject.id))
            .with_for_update(of=Subject, skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalars().all()

    async def behind_in(self, region: str, kinds: Collection[str], today: date) -> tuple[int, int]:
        """How many subjects of a region are out of date, of how many whose supervision was announced."""
        query = (
            select(func.count().filter(_due(today)), func.count())
            .select_from(Subject)
            .join(SupervisionState, _STATE_OF)
            .where(*_of(region, kinds))
        )
        waiting, supervised = (await self._session.execute(query)).one()
        return waiting, supervised

    async def due_in(self, region: str, kinds: Collection[str], today: date) -> Sequence[Subject]:
        """Subjects of a region whose announced supervision is out of date, locked; waits for each."""
        query = (
            select(Subject)
            .join(SupervisionState, _STATE_OF)
            .where(*_of(region, kinds), _due(today))
            .order_by(col(Subject.id))
            .with_for_update(of=Subject)
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalars().all()


def _of(region: str, kinds: Collection[str]) -> list[ColumnElement[bool]]:
    """Those of a region, and of some kinds if any are named."""
    within: list[ColumnElement[bool]] = [col(Subject.region).like(f"{region_prefix(region)}%")]
    return [*within, col(Subject.kind).in_(kinds)] if kinds else within


def _due(today: date) -> ColumnElement[bool]:
    """The day of the announced supervision came; who moves a tier sets it to that day."""
    return col(SupervisionState.next_change_on) <= today
