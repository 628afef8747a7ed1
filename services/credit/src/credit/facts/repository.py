"""Every select and insert on the archive."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, Table, Uuid, and_, any_, bindparam, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from .kinds import SourceKind
from .models import Fact
from .rules import Action, DayPeriod, FactVersion

__all__ = ["FactRepository", "periods_of"]


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

    def add(self, fact: Fact) -> None:
        """Queue a new version for the next flush."""
        self._session.add(fact)

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
        limit: int,
        *,
        hidden: Collection[str] = (),
    ) -> Sequence[Fact]:
        """`limit + 1` facts that had occurred by `valid_at`, each as known at `known_at`, newest first.

        `codes` narrows to these, None to none; those of `hidden` are left out.
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
        if hidden:
            query = query.where(col(Fact.code).not_in(hidden))
        if after is not None:
            day, fact_id = after
            query = query.where(
                or_(
                    col(Fact.occurred_on) < day,
                    and_(col(Fact.occurred_on) == day, col(Fact.id) < fact_id),
                )
            )
        query = query.order_by(col(Fact.occurred_on).desc(), col(Fact.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def standing(self, subject_id: UUID, valid_at: date, known_at: datetime) -> list[Fact]:
        """The facts of a subject that stand, newest first: for pages that show them all."""
        rows = await self.page(subject_id, valid_at, known_at, None, None, 1000)
        return [row for row in rows if row.action != Action.REVOKE]
