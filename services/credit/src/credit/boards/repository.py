"""Every select and insert on boards, set-based."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from common.auth import Principal, region_clause, region_prefix
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.facts.models import Fact
from credit.facts.rules import Action
from credit.subjects.models import Subject

from .models import Board, BoardEntry
from .policy import Metric
from .rules import Side, State

__all__ = ["BoardRepository"]

_WORKING = (State.ENTERING, State.RANKING, State.JUDGING, State.PUBLISHING)


class BoardRepository:
    """Board runs in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_once(self, board: Board) -> bool:
        """Store a run unless the same one is there already; says whether it is new."""
        query = insert(Board).values(**board.model_dump()).on_conflict_do_nothing().returning(col(Board.id))
        return (await self._session.execute(query)).first() is not None

    async def find(self, board_id: UUID, principal: Principal | None, *, lock: bool = False) -> Board | None:
        """A run in the caller's regions."""
        query = select(Board).where(col(Board.id) == board_id)
        if principal is not None:
            query = query.where(region_clause(col(Board.region), principal))
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def page(
        self, principal: Principal | None, filters: dict[str, Any], before: UUID | None, limit: int
    ) -> Sequence[Board]:
        """`limit + 1` runs, the newest first; without a caller only published ones."""
        query = select(Board)
        if principal is None:
            query = query.where(col(Board.state) == State.PUBLISHED)
        else:
            query = query.where(region_clause(col(Board.region), principal))
        for name in ("state", "policy_id", "period"):
            if filters.get(name):
                query = query.where(col(getattr(Board, name)) == filters[name])
        if filters.get("region"):
            query = query.where(col(Board.region).like(f"{region_prefix(filters['region'])}%"))
        if before is not None:
            query = query.where(col(Board.id) < before)
        query = query.order_by(col(Board.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def working(self, beside: Collection[UUID] = ()) -> Board | None:
        """The oldest run with work left that nobody else works on and not of `beside`, locked."""
        query = (
            select(Board)
            .where(col(Board.state).in_(_WORKING), col(Board.id).not_in(beside))
            .order_by(col(Board.id))
            .limit(1)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def previous(self, board: Board) -> Board | None:
        """The published regular run before this one."""
        query = (
            select(Board)
            .where(
                col(Board.policy_id) == board.policy_id,
                col(Board.region) == board.region,
                col(Board.trigger) == "period",
                col(Board.state) == State.PUBLISHED,
                col(Board.last_on) < board.first_on,
            )
            .order_by(col(Board.last_on).desc())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def enter(self, board: Board, kinds: Collection[str], limit: int) -> UUID | None:
        """Enter the next `limit` subjects of a run behind its cursor; gives the last, None when it was all.

        All of its kinds in its region are entered, or the one an event is about.
        """
        who: list[ColumnElement[bool]] = [col(Subject.kind).in_(kinds), col(Subject.merged_into).is_(None)]
        if board.subject_id is not None:
            who.append(col(Subject.id) == board.subject_id)
        else:
            who.append(col(Subject.region).like(f"{region_prefix(board.region)}%"))
        if board.cursor is not None:
            who.append(col(Subject.id) > board.cursor)
        end = select(col(Subject.id)).where(*who).order_by(col(Subject.id)).offset(limit - 1).limit(1)
        last: UUID | None = await self._session.scalar(end)
        if last is not None:
            who.append(col(Subject.id) <= last)
        columns = ["board_id", "subject_id", "ranks", "reasons", "recorded"]
        query = select(
            literal(board.id), col(Subject.id), literal({}, JSONB), literal([], JSONB), literal(False)
        ).where(*who)
        await self._session.execute(insert(BoardEntry).from_select(columns, query).on_conflict_do_nothing())
        return last

    async def rank(self, board: Board, metric: Metric, kinds: Collection[str]) -> None:
        """Rank by the sum of a metric in the period: 1 + the number with strictly more, same kind and city.

        The whole city is ranked, also for a run of one of its counties. Subjects without the metric have no
        rank. Ties read 1-2-2-4. Only what was recorded by the run's `ranked_at` is summed.
        """
        sums = _sums(board, metric, kinds).subquery()
        peers = [sums.c.kind, sums.c.city]
        ranked = select(
            sums.c.subject_id,
            sums.c.total,
            func.rank().over(partition_by=peers, order_by=sums.c.total.desc()).label("rank"),
            func.count().over(partition_by=peers).label("of"),
        ).subquery()
        one = func.jsonb_build_object("value", ranked.c.total, "rank", ranked.c.rank, "of", ranked.c.of)
        await self._session.execute(
            update(BoardEntry)
            .where(col(BoardEntry.board_id) == board.id, col(BoardEntry.subject_id) == ranked.c.subject_id)
            .values(ranks=col(BoardEntry.ranks).op("||")(func.jsonb_build_object(metric.metric, one)))
            .execution_options(synchronize_session=False)
        )

    async def ranked_since(
        self, subject: Subject, since: datetime
    ) -> Sequence[Row[Board, BoardEntry | None]]:
        """The regular runs ranked since then whose ranks a subject bears on, with its entry, oldest first.

        Those in which it was entered, and those of other counties of its city, in which it has no entry.
        """
        own = and_(col(BoardEntry.board_id) == col(Board.id), col(BoardEntry.subject_id) == subject.id)
        query = (
            select(Board, BoardEntry)
            .outerjoin(BoardEntry, own)
            .where(
                or_(
                    col(BoardEntry.subject_id).is_not(None),
                    and_(
                        func.left(col(Board.region), 4) == subject.region[:4],
                        func.right(col(Board.region), 2) != "00",
                    ),
                ),
                col(Board.trigger) == "period",
                col(Board.state) != State.WITHDRAWN,
                col(Board.ranked_at) >= since,
            )
            .order_by(col(Board.id))
        )
        return (await self._session.execute(query)).all()

    async def reranked(
        self,
        board: Board,
        metric: Metric,
        subject: Subject,
        total: int | None,
        after: UUID | None,
        limit: int,
    ) -> Sequence[Row[UUID, dict[str, Any] | None, int | None, int | None, int]]:
        """Whose rank changes when `subject` has `total` instead (None: it is not ranked), by subject.

        Each with the rank as it stands (corrected before or as first ranked), the value, rank and number of
        those ranked as they would be, all among subjects of the same kind and city. Those of the city that
        are not in the run count with what was known when it was ranked.
        """
        held = col(BoardEntry.ranks)[metric.metric]
        standing = func.coalesce(held["now"], held)
        own = col(BoardEntry.subject_id) == subject.id
        value = case((own, cast(total, BigInteger)), else_=cast(standing["value"].astext, BigInteger))
        entered = (
            select(
                col(BoardEntry.subject_id),
                standing.label("was"),
                value.label("value"),
                true().label("entered"),
            )
            .join(Subject, col(Subject.id) == col(BoardEntry.subject_id))
            .where(
                col(BoardEntry.board_id) == board.id,
                col(Subject.kind) == subject.kind,
                func.left(col(Subject.region), 4) == subject.region[:4],
                or_(own, held.is_not(None)),
            )
        )
        beside = _sums(board, metric, [subject.kind]).subquery()
        outside = select(
            beside.c.subject_id,
            null().cast(JSONB).label("was"),
            case((beside.c.subject_id == subject.id, cast(total, BigInteger)), else_=beside.c.total).label(
                "value"
            ),
            false().label("entered"),
        ).where(
            beside.c.city == subject.region[:4],
            ~select(col(BoardEntry.subject_id))
            .where(col(BoardEntry.board_id) == board.id, col(BoardEntry.subject_id) == beside.c.subject_id)
            .exists(),
        )
        peers = union_all(entered, outside).subquery()
        place = func.rank().over(order_by=peers.c.value.desc().nulls_last())
        ranked = select(
            peers.c.subject_id,
            peers.c.was,
            peers.c.entered,
            peers.c.value,
            case((peers.c.value.is_not(None), place), else_=None).label("rank"),
            func.count(peers.c.value).over().label("of"),
        ).subquery()
        before = cast(ranked.c.was["rank"].astext, BigInteger), cast(ranked.c.was["of"].astext, BigInteger)
        columns = [ranked.c.subject_id, ranked.c.was, ranked.c.value, ranked.c.rank, ranked.c.of]
        query = select(*columns).where(
            ranked.c.entered,
            or_(before[0].is_distinct_from(ranked.c.rank), before[1].is_distinct_from(ranked.c.of)),
        )
        if after is not None:
            query = query.where(ranked.c.subject_id > after)
        return (await self._session.execute(query.order_by(ranked.c.subject_id).limit(limit))).all()

    async def entries(
        self, board_id: UUID, after: UUID | None, limit: int, *, only: str | None = None
    ) -> Sequence[BoardEntry]:
        """Entries of a run in order of subject; `only`: ranked, or waiting for a fact."""
        query = select(BoardEntry).where(col(BoardEntry.board_id) == board_id)
        if after is not None:
            query = query.where(col(BoardEntry.subject_id) > after)
        if only == "ranked":
            query = query.where(col(BoardEntry.ranks) != literal({}, JSONB))
        if only == "unrecorded":
            query = query.where(
                col(BoardEntry.decided).in_((Side.RED, Side.BLACK)), col(BoardEntry.recorded).is_(False)
            )
        query = query.order_by(col(BoardEntry.subject_id)).limit(limit)
        return (await self._session.execute(query)).scalars().all()

    async def shown(
        self, board_id: UUID, side: str | None, after: UUID | None, limit: int
    ) -> Sequence[Row[BoardEntry, str, str | None]]:
        """`limit + 1` entries with the subject's name and key, red and black or one of them."""
        final = func.coalesce(col(BoardEntry.decided), col(BoardEntry.proposed))
        query = (
            select(BoardEntry, col(Subject.name), col(Subject.key))
            .join(Subject, col(Subject.id) == col(BoardEntry.subject_id))
            .where(col(BoardEntry.board_id) == board_id)
        )
        if side is None:
            query = query.where(or_(final != Side.NONE, col(BoardEntry.proposed) != Side.NONE))
        else:
            query = query.where(final == side)
        if after is not None:
            query = query.where(col(BoardEntry.subject_id) > after)
        query = query.order_by(col(BoardEntry.subject_id)).limit(limit + 1)
        return (await self._session.execute(query)).all()

    async def entry(self, board_id: UUID, subject_id: UUID) -> BoardEntry | None:
        """One entry, locked."""
        query = select(BoardEntry).where(
            col(BoardEntry.board_id) == board_id, col(BoardEntry.subject_id) == subject_id
        )
        return (await self._session.execute(query.with_for_update())).scalar_one_or_none()

    async def reviewers(self, board_id: UUID) -> set[str]:
        """Who reviewed entries of a run."""
        query = select(col(BoardEntry.reviewed_by)).where(
            col(BoardEntry.board_id) == board_id, col(BoardEntry.reviewed_by).is_not(None)
        )
        return {name for name in (await self._session.execute(query)).scalars() if name}

    async def counts(self, board_ids: Collection[UUID]) -> dict[UUID, dict[str, int]]:
        """How many entries of each run are proposed for, and decided to be on, which board."""
        final = func.coalesce(col(BoardEntry.decided), col(BoardEntry.proposed)).label("side")
        query = (
            select(col(BoardEntry.board_id), final, func.count().label("n"))
            .where(col(BoardEntry.board_id).in_(board_ids))
            .group_by(col(BoardEntry.board_id), final)
        )
        found: dict[UUID, dict[str, int]] = {}
        for row in await self._session.execute(query):
            found.setdefault(row.board_id, {})[row.side or "open"] = row.n
        return found

    async def decide_open(self, board_id: UUID) -> None:
        """Take what the card proposed where nobody decided otherwise."""
        await self._session.execute(
            update(BoardEntry)
            .where(col(BoardEntry.board_id) == board_id, col(BoardEntry.decided).is_(None))
            .values(decided=col(BoardEntry.proposed))
            .execution_options(synchronize_session=False)
        )

    async def first_version(self, fact_id: UUID) -> Fact | None:
        """When a fact was first recorded, and about whom."""
        return await self._session.get(Fact, (fact_id, 1))

    async def touched_by(
        self, subject_id: UUID, fact_id: UUID, since: datetime
    ) -> Sequence[Row[Board, str | None]]:
        """Published runs since then whose entry about a subject rests on a fact."""
        query = (
            select(Board, col(BoardEntry.decided))
            .join(BoardEntry, col(BoardEntry.board_id) == col(Board.id))
            .where(
                col(BoardEntry.subject_id) == subject_id,
                col(Board.published_at) >= since,
                col(BoardEntry.decided) != Side.NONE,
                col(BoardEntry.reasons).contains([{"fact_id": str(fact_id)}]),
            )
            .order_by(col(Board.id))
        )
        return (await self._session.execute(query)).all()


def _sums(board: Board, metric: Metric, kinds: Collection[str]) -> Select[Any]:
    """The sum of a metric in a run's period by subject, in the whole of the cities that the run touches.

    Only of facts that were recorded by the instant of its ranking, as they stand now.
    """
    newer, first = aliased(Fact), aliased(Fact)
    city = func.left(col(Subject.region), 4)
    total = cast(func.sum(cast(col(Fact.payload)[metric.field].astext, BigInteger)), BigInteger)
    query = (
        select(col(Fact.subject_id), col(Subject.kind), city.label("city"), total.label("total"))
        .join(Subject, col(Subject.id) == col(Fact.subject_id))
        .where(
            col(Subject.kind).in_(kinds),
            col(Subject.merged_into).is_(None),
            col(Subject.region).like(f"{region_prefix(board.region)[:4]}%"),
            col(Fact.code) == metric.code,
            col(Fact.occurred_on).between(board.first_on, board.last_on),
            col(Fact.action) != Action.REVOKE,
            ~select(col(newer.id))
            .where(col(newer.id) == col(Fact.id), col(newer.version) > col(Fact.version))
            .exists(),
        )
        .group_by(col(Fact.subject_id), col(Subject.kind), city)
    )
    by = board.ranked_at
    if by is not None:
        query = query.where(
            select(col(first.id))
            .where(col(first.id) == col(Fact.id), col(first.version) == 1, col(first.recorded_at) <= by)
            .exists()
        )
    return query
