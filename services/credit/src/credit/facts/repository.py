"""Every select and insert on the archive."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Select,
    Table,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    false,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.honours.models import Honour
from credit.honours.rules import State as HonourState
from credit.inspections.models import Inspection
from credit.listings.models import Listing
from credit.listings.rules import ENTRIES, Removal
from credit.listings.rules import State as ListingState
from credit.objections.models import Objection
from credit.objections.rules import State as ObjectionState
from credit.objections.rules import Target

from .kinds import SourceKind
from .models import Fact, Showing
from .rules import Action, DayPeriod, FactVersion, Hidden

__all__ = ["FactRepository", "periods_of", "repeats"]


def periods_of(stored: Sequence[Sequence[str | None]]) -> tuple[DayPeriod, ...]:
    """Periods of dispute as rules see them."""
    return tuple(
        (date.fromisoformat(first), date.fromisoformat(last) if last else None)
        for first, last in stored
        if first
    )


_VERSIONS = select(
    col(Fact.subject_id),
    col(Fact.id),
    col(Fact.version),
    col(Fact.action),
    col(Fact.code),
    col(Fact.occurred_on),
    col(Fact.recorded_at),
    col(Fact.payload),
    col(Fact.disputed),
).where(col(Fact.subject_id) == any_(bindparam("subjects", type_=ARRAY(Uuid))))
_TABLE: Table = Fact.__table__  # type: ignore[attr-defined]  # every mapped class has one
_COLUMNS = [column.name for column in _TABLE.columns]
_INSERT = (
    insert(_TABLE)
    .values({name: bindparam(name, type_=_TABLE.c[name].type) for name in _COLUMNS})
    .on_conflict_do_nothing(
        index_elements=["source_kind", "source_reference", "code"], index_where=text("version = 1")
    )
    .returning(_TABLE.c.id)
)
_INSERT_ALL = (
    insert(_TABLE)
    .on_conflict_do_nothing(
        index_elements=["source_kind", "source_reference", "code"], index_where=text("version = 1")
    )
    .returning(_TABLE.c.id)
)


class FactRepository:
    """Facts in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Fact | Showing) -> None:
        """Queue a new version, or what others are told of a fact, for the next flush."""
        self._session.add(row)

    async def insert(self, fact: Fact) -> bool:
        """Store a version at once; False, and nothing stored, when its source gave this code before.

        One that another transaction is about to store is waited for. What is pending in the session is
        written first; the row itself never becomes part of the session.
        """
        if self._session.new:
            await self._session.flush()
        values = {name: getattr(fact, name) for name in _COLUMNS}
        return (await self._session.execute(_INSERT, values)).first() is not None

    async def insert_all(self, facts: Sequence[Fact]) -> set[UUID]:
        """Store first versions at once; gives those whose sources had not given these codes before.

        Written in order of source and code, so that two transactions never wait for each other.
        """
        values = [{name: getattr(fact, name) for name in _COLUMNS} for fact in facts]
        values.sort(key=lambda one: (one["source_kind"], one["source_reference"], one["code"]))
        return set((await self._session.scalars(_INSERT_ALL, values)).all()) if values else set()

    async def by_source(self, kind: str, reference: str, code: str) -> Fact | None:
        """The first version of the fact that a source gave under `code`."""
        query = select(Fact).where(
            col(Fact.source_kind) == kind,
            col(Fact.source_reference) == reference,
            col(Fact.code) == code,
            col(Fact.version) == 1,
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def latest(self, fact_id: UUID) -> Fact | None:
        """The newest version of a fact."""
        query = select(Fact).where(col(Fact.id) == fact_id).order_by(col(Fact.version).desc()).limit(1)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def latest_of(self, fact_ids: Sequence[UUID]) -> dict[UUID, Fact]:
        """The newest version of each of these facts that exists."""
        query = select(Fact).where(col(Fact.id).in_(fact_ids)).order_by(col(Fact.version))
        return {row.id: row for row in (await self._session.execute(query)).scalars()}

    async def versions(self, fact_id: UUID) -> Sequence[Fact]:
        """All versions of a fact, the oldest first."""
        query = select(Fact).where(col(Fact.id) == fact_id).order_by(col(Fact.version))
        return (await self._session.execute(query)).scalars().all()

    async def versions_of(self, subject_id: UUID) -> list[FactVersion]:
        """Every version of every fact of a subject, as rules see them."""
        return (await self.versions_of_many([subject_id])).get(subject_id, [])

    async def versions_of_many(self, subject_ids: Sequence[UUID]) -> dict[UUID, list[FactVersion]]:
        """As `versions_of` for many subjects at once; one without facts is left out."""
        rows = await self._session.execute(_VERSIONS, {"subjects": list(subject_ids)})
        found: dict[UUID, list[FactVersion]] = {}
        for row in rows:
            subject_id, fact_id, version, action, code, occurred_on, recorded_at, payload, disputed = row
            found.setdefault(subject_id, []).append(
                FactVersion(
                    fact_id,
                    version,
                    Action(action),
                    code,
                    occurred_on,
                    recorded_at,
                    payload,
                    periods_of(disputed),
                )
            )
        return found

    async def rows_of(self, subject_id: UUID) -> Sequence[Fact]:
        """Every version of every fact of a subject, in the order in which they became known."""
        query = select(Fact).where(col(Fact.subject_id) == subject_id).order_by(col(Fact.recorded_at))
        return (await self._session.execute(query)).scalars().all()

    async def kept_back(self, subject_ids: Collection[UUID], on: date) -> dict[UUID, Hidden]:
        """The facts of these subjects that their procedures do not let others see on a day, each with why.

        The result of an inspection waits for its publication; a sustained objection takes an entry off the
        page; an honour that is suspended or over, and an entry whose listing has ended or is lifted, are
        shown no longer. What was repaired is shown for no day, also not for one before. What a merger
        recorded again goes with the fact that it repeats.
        """
        roots, owners = await self._repeated(subject_ids)
        rows = await self._session.execute(_kept_back({*subject_ids, *owners}, on))
        found = {fact_id: Hidden(why) for fact_id, why in rows}
        for copy, chain in roots.items():
            for one in chain:
                if one in found:
                    found.setdefault(copy, found[one])
        return found

    async def _repeated(self, subject_ids: Collection[UUID]) -> tuple[dict[UUID, list[UUID]], set[UUID]]:
        """Facts that mergers recorded again, each with those it repeats, and the subjects these were of."""
        merged = (col(Fact.source_kind) == SourceKind.MERGE, col(Fact.version) == 1)
        own = select(col(Fact.id), col(Fact.source_reference)).where(
            col(Fact.subject_id).in_(subject_ids), *merged
        )
        before = {row.id: repeats(row.source_reference) for row in await self._session.execute(own)}
        copies, owners = list(before), set[UUID]()
        ahead = set(before.values()) - {None}
        while ahead:
            query = select(
                col(Fact.id), col(Fact.subject_id), col(Fact.source_kind), col(Fact.source_reference)
            ).where(col(Fact.id).in_(ahead), col(Fact.version) == 1)
            rows = (await self._session.execute(query)).all()
            owners |= {row.subject_id for row in rows}
            again = {
                row.id: repeats(row.source_reference) for row in rows if row.source_kind == SourceKind.MERGE
            }
            ahead = set(again.values()) - {None, *before}
            before |= again
        chains: dict[UUID, list[UUID]] = {}
        for copy in copies:
            chains[copy], one = [], before[copy]
            while one is not None and one not in chains[copy]:
                chains[copy].append(one)
                one = before.get(one)
        return chains, owners

    async def showings(self, subject_id: UUID) -> dict[UUID, Showing]:
        """What others were told of the facts of a subject, by fact."""
        query = select(Showing).where(col(Showing.subject_id) == subject_id)
        return {row.fact_id: row for row in (await self._session.execute(query)).scalars()}

    async def showing(self, fact_id: UUID) -> Showing | None:
        """What others were told of a fact."""
        return await self._session.get(Showing, fact_id)

    async def put_showings(self, rows: Sequence[Showing]) -> None:
        """What others are told of new facts, stored at once."""
        if rows:
            await self._session.execute(insert(Showing), [row.model_dump() for row in rows])

    async def changing(self, today: date, after: UUID | None, limit: int) -> list[UUID]:
        """The subjects behind `after`, in order, of whom the calendar may have changed what is shown."""
        query = select(col(Showing.subject_id)).where(col(Showing.next_on) <= today).distinct()
        if after is not None:
            query = query.where(col(Showing.subject_id) > after)
        query = query.order_by(col(Showing.subject_id)).limit(limit)
        return list((await self._session.execute(query)).scalars())

    async def recorded_under(self, subject_id: UUID, source_kind: str, number: str) -> Sequence[UUID]:
        """The facts that a room recorded about a subject under one of its numbers, with or without a mark."""
        query = (
            select(col(Fact.id))
            .where(
                col(Fact.subject_id) == subject_id,
                col(Fact.version) == 1,
                col(Fact.source_kind) == source_kind,
                or_(
                    col(Fact.source_reference) == number,
                    and_(
                        col(Fact.source_reference).startswith(number, autoescape=True),
                        func.substr(col(Fact.source_reference), len(number) + 1, 1).op("!~")("[0-9]"),
                    ),
                ),
            )
            .order_by(col(Fact.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def recorded_again(self, source_kind: str, fact_id: str) -> UUID | None:
        """The fact that stands for a survivor instead of a merged subject's; the newest of several."""
        later = aliased(Fact)
        query = (
            select(col(Fact.id))
            .where(
                col(Fact.version) == 1,
                col(Fact.source_kind) == source_kind,
                col(Fact.source_reference).endswith(f":{fact_id}", autoescape=True),
                ~select(col(later.id))
                .where(col(later.id) == col(Fact.id), col(later.action) == Action.REVOKE)
                .exists(),
            )
            .order_by(col(Fact.recorded_at).desc())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def counting(self, fact_id: UUID) -> UUID:
        """The fact that counts for a survivor in the end instead of this one; itself where none does."""
        while (copy := await self.recorded_again(SourceKind.MERGE, str(fact_id))) is not None:
            fact_id = copy
        return fact_id

    async def page(
        self,
        subject_id: UUID,
        valid_at: date,
        known_at: datetime,
        codes: Sequence[str] | None,
        after: tuple[date, UUID] | None,
        limit: int | None,
        *,
        among: Collection[tuple[UUID, int]] | None = None,
    ) -> Sequence[Fact]:
        """`limit + 1` facts (None: all) that had occurred by `valid_at`, known at `known_at`, newest first.

        `codes` narrows to these, `among` to these versions; None to none.
        """
        latest = (
            select(col(Fact.id), func.max(col(Fact.version)).label("version"))
            .where(col(Fact.subject_id) == subject_id, col(Fact.recorded_at) <= known_at)
            .group_by(col(Fact.id))
            .subquery()
        )
        query = (
            select(Fact)
            .join(latest, and_(col(Fact.id) == latest.c.id, col(Fact.version) == latest.c.version))
            .where(col(Fact.occurred_on) <= valid_at)
        )
        if codes is not None:
            query = query.where(col(Fact.code).in_(codes))
        if among is not None:
            query = query.where(tuple_(col(Fact.id), col(Fact.version)).in_(among))
        if after is not None:
            day, fact_id = after
            query = query.where(
                or_(
                    col(Fact.occurred_on) < day,
                    and_(col(Fact.occurred_on) == day, col(Fact.id) < fact_id),
                )
            )
        query = query.order_by(col(Fact.occurred_on).desc(), col(Fact.id).desc())
        query = query.limit(None if limit is None else limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def standing(
        self, subject_id: UUID, codes: Sequence[str], valid_at: date, known_at: datetime
    ) -> list[Fact]:
        """All facts of these codes that had occurred by `valid_at` and stand at `known_at`, newest first."""
        rows = await self.page(subject_id, valid_at, known_at, codes, None, None)
        return [row for row in rows if row.action != Action.REVOKE]


def repeats(reference: str) -> UUID | None:
    """The fact that a merger's reference, `<merger>:<fact>`, says it repeats."""
    try:
        return UUID(reference.rpartition(":")[2])
    except ValueError:
        return None


def _kept_back(subject_ids: Collection[UUID], on: date) -> Select[Any]:
    """(fact, why) of what procedures keep back from others on a day."""
    first = (col(Fact.subject_id).in_(subject_ids), col(Fact.version) == 1)
    inspections = (
        select(col(Fact.id), literal(Hidden.UNPUBLISHED.value))
        .join(Inspection, col(Inspection.number) == col(Fact.source_reference))
        .where(
            *first,
            col(Fact.source_kind) == SourceKind.INSPECTION,
            col(Inspection.published_at).is_(None),
        )
    )
    objections = select(col(Objection.fact_id), literal(Hidden.WITHHELD.value)).where(
        col(Objection.subject_id).in_(subject_ids),
        col(Objection.target) == Target.PAGE,
        or_(
            col(Objection.state) == ObjectionState.SUSTAINED,
            and_(col(Objection.state) == ObjectionState.CLOSED, col(Objection.remedy).is_not(None)),
        ),
    )
    over = or_(
        col(Honour.expires_on) < on,
        and_(col(Honour.state) == HonourState.REVOKED, col(Honour.ended_on) <= on),
    )
    honours = (
        select(
            col(Fact.id),
            case(
                (col(Honour.state) == HonourState.REVOKED, literal(Hidden.REMOVED.value)),
                (col(Honour.expires_on) < on, literal(Hidden.EXPIRED.value)),
                else_=literal(Hidden.SUSPENDED.value),
            ),
        )
        .join(Honour, col(Honour.number) == col(Fact.source_reference))
        .where(*first, col(Fact.source_kind) == SourceKind.HONOUR, or_(col(Honour.suspended), over))
    )
    listings = (
        select(
            col(Fact.id),
            case(
                (col(Listing.removal) == Removal.REPAIRED, literal(Hidden.REPAIRED.value)),
                (col(Listing.removal) == Removal.EXPIRED, literal(Hidden.EXPIRED.value)),
                (col(Listing.removal).is_not(None), literal(Hidden.REMOVED.value)),
                else_=literal(Hidden.LIFTED.value),
            ),
        )
        .join(Listing, col(Listing.number) == func.split_part(col(Fact.source_reference), "#", 1))
        .where(
            *first,
            col(Fact.source_kind) == SourceKind.LISTING,
            col(Fact.code).in_(ENTRIES),
            ~col(Listing.annulled),
            or_(
                col(Listing.removal) == Removal.REPAIRED,
                and_(col(Listing.state) == ListingState.REMOVED, col(Listing.removed_on) <= on),
                func.coalesce(col(Listing.lifted_on) <= on, false()),
            ),
        )
    )
    found = union_all(inspections, objections, honours, listings).subquery()
    return select(*found.c)
