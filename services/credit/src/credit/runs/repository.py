"""Every select and insert of runs, and the scoring of whole populations by the database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common.auth import Principal, region_clause, region_prefix
from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.scoring.rules.setwise import SetPlan
from credit.subjects.models import Subject

from .models import ScoringResult, ScoringRun
from .rules import ACTIVE

__all__ = ["Piece", "RunRepository", "Span"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of subjects in order of id: after the first (None: from the beginning) up to the last."""

    after: UUID | None
    upto: UUID

    @property
    def low(self) -> UUID:
        """A bound that every id of the stretch exceeds."""
        return self.after or UUID(int=0)


@dataclass(frozen=True, slots=True)
class Piece:
    """Subjects of one kind that one card grades: a region without the nearer ones that have their own."""

    kind: str
    region: str
    without: tuple[str, ...] = ()


class RunRepository:
    """Runs and results in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, run: ScoringRun) -> None:
        """Queue a run for the next flush."""
        self._session.add(run)

    async def find(
        self, run_id: UUID, principal: Principal | None, *, lock: bool = False
    ) -> ScoringRun | None:
        """A run in one of the caller's regions."""
        query = select(ScoringRun).where(col(ScoringRun.id) == run_id)
        if principal is not None:
            query = query.where(region_clause(col(ScoringRun.region), principal))
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def page(
        self, principal: Principal, state: str | None, below: UUID | None, limit: int
    ) -> Sequence[ScoringRun]:
        """`limit + 1` runs in the caller's regions, the newest first."""
        query = select(ScoringRun).where(region_clause(col(ScoringRun.region), principal))
        if state is not None:
            query = query.where(col(ScoringRun.state) == state)
        return await self._newest(query, below, limit)

    async def simulations(self, draft_id: UUID, below: UUID | None, limit: int) -> Sequence[ScoringRun]:
        """`limit + 1` simulations of a draft, the newest first."""
        return await self._newest(
            select(ScoringRun).where(col(ScoringRun.draft_id) == draft_id), below, limit
        )

    async def _newest(
        self, query: Select[ScoringRun], below: UUID | None, limit: int
    ) -> Sequence[ScoringRun]:
        if below is not None:
            query = query.where(col(ScoringRun.id) < below)
        query = query.order_by(col(ScoringRun.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def take_active(self, beside: Collection[UUID] = ()) -> ScoringRun | None:
        """The oldest run with work left that no other worker holds, locked until the end of its chunk.

        Runs of `beside` are passed by.
        """
        query = (
            select(ScoringRun)
            .where(col(ScoringRun.state).in_([str(state) for state in ACTIVE]))
            .where(col(ScoringRun.id).not_in(beside))
            .order_by(col(ScoringRun.requested_at), col(ScoringRun.id))
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def last_simulation(
        self, draft_id: UUID, region: str, kinds: Sequence[str], state: str
    ) -> ScoringRun | None:
        """The newest simulation of a draft in that state on all of these kinds in the region."""
        query = (
            select(ScoringRun)
            .where(col(ScoringRun.draft_id) == draft_id, col(ScoringRun.state) == state)
            .where(col(ScoringRun.region) == region, col(ScoringRun.kinds).contains(list(kinds)))
            .order_by(col(ScoringRun.id).desc())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def prepare(self) -> None:
        """Plan each statement of this transaction for its own arguments, and group by hashing in memory.

        The planner reckons 8 kB for each list of days that is gathered, a hundred times what one takes: for
        the hashing not to go to disk, much more is allowed than it will use.
        """
        await self._session.execute(
            text(
                "SELECT set_config('plan_cache_mode', 'force_custom_plan', true),"
                " set_config('work_mem', '32MB', true), set_config('hash_mem_multiplier', '16', true),"
                " set_config('enable_sort', 'off', true)"
            )
        )

    async def count(self, kinds: Sequence[str], region: str) -> int:
        """How many subjects of these kinds there are."""
        query = select(func.count()).where(_population(kinds, region))
        return await self._session.scalar(query) or 0

    async def stretch(
        self, kinds: Sequence[str], region: str, after: UUID | None, limit: int
    ) -> tuple[Span, int] | None:
        """The next `limit` subjects in order of id, and how many they are; None at the end."""
        ids: Select[tuple[UUID]] = select(col(Subject.id).label("id")).where(_population(kinds, region))
        if after is not None:
            ids = ids.where(col(Subject.id) > after)
        found = ids.order_by(col(Subject.id)).limit(limit).subquery()
        last = func.array_agg(aggregate_order_by(found.c.id, found.c.id))[func.count()]
        row = (await self._session.execute(select(last, func.count()).select_from(found))).one()
        return None if row[0] is None else (Span(after, row[0]), row[1])

    async def count_in(self, kinds: Sequence[str], region: str, span: Span) -> int:
        """How many subjects a stretch holds."""
        query = select(func.count()).where(_population(kinds, region), _within(col(Subject.id), span))
        return await self._session.scalar(query) or 0

    async def score_set(
        self,
        run_id: UUID,
        plan: SetPlan,
        piece: Piece,
        span: Span,
        cards_at: datetime | None,
        only_other_than: str | None,
    ) -> None:
        """Score a piece of a stretch by the database, all of whose facts are known, into results.

        With `only_other_than` (the fingerprint of the cards) only subjects whose stored state is another, or
        that are due, get a row; else all do.
        """
        values = {
            "run_id": run_id,
            "low": span.low,
            "high": span.upto,
            **_places(piece),
            "cards_at": cards_at,
            "fingerprint": only_other_than,
            "day": plan.day,
            "line_rules": list(plan.rule_of),
            "line_codes": list(plan.codes),
            "line_opens": list(plan.opens),
            "line_bounded": [plan.bounded[rule] for rule in plan.rule_of],
            "line_firsts": list(plan.first_days),
            "line_matches": [plan.matches[rule] for rule in plan.rule_of],
            "rule_ids": list(plan.ids),
            "rule_points": list(plan.points),
            "rule_caps": list(plan.caps),
            "rule_ranks": list(plan.veto_ranks),
            "rule_months": list(plan.months),
            "base": plan.base,
            "scale": plan.scale,
            "decimals": plan.decimals,
            "least": plan.least,
            "most": plan.most,
            "edges": list(plan.edges),
            "edge_ranks": list(plan.edge_ranks),
            "grades": list(plan.grades),
            "tiers": list(plan.tiers),
        }
        await self._session.execute(_SCORE_SET, values)

    async def subjects(self, piece: Piece, span: Span) -> Sequence[Subject]:
        """The subjects of a piece within a stretch, in order of id."""
        query = select(Subject).where(_of_piece(piece, span)).order_by(col(Subject.id))
        return (await self._session.execute(query)).scalars().all()

    async def insert_results(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add the results of subjects that were scored one by one."""
        if rows:
            await self._session.execute(insert(ScoringResult), rows)

    async def settle_unchanged(
        self, run_id: UUID, piece: Piece, span: Span, fingerprint: str, *, exact: bool
    ) -> None:
        """Store the next days of subjects whose score stays, and drop their results.

        Unless the results are `exact` (the engine's), only where nothing is to come. A subject about which
        something was recorded since has been rescored by that, and is left alone.
        """
        values = {
            "run_id": run_id,
            "low": span.low,
            "high": span.upto,
            **_places(piece),
            "fingerprint": fingerprint,
            "exact": exact,
        }
        await self._session.execute(_SETTLE, values)

    async def unsettled(self, run_id: UUID, span: Span, limit: int) -> Sequence[ScoringResult]:
        """Results that need the engine: another score or grade, or a next day to be found; in order of id."""
        query = (
            select(ScoringResult)
            .where(
                col(ScoringResult.run_id) == run_id,
                _within(col(ScoringResult.subject_id), span),
            )
            .order_by(col(ScoringResult.subject_id))
            .limit(limit)
        )
        return (await self._session.execute(query)).scalars().all()

    async def rated_without_card(self, piece: Piece, span: Span, limit: int) -> Sequence[UUID]:
        """Subjects that have a grade though no card gives one any more."""
        query = select(col(Subject.id)).where(_of_piece(piece, span), col(Subject.grade).is_not(None))
        return (await self._session.scalars(query.order_by(col(Subject.id)).limit(limit))).all()

    async def forget_results(self, run_id: UUID, span: Span, *, unchanged_only: bool = False) -> None:
        """Remove results of a stretch: those that are done again in the next chunk, or that say nothing."""
        query = delete(ScoringResult).where(
            col(ScoringResult.run_id) == run_id, _within(col(ScoringResult.subject_id), span)
        )
        if unchanged_only:
            query = query.where(~col(ScoringResult.changed))
        await self._session.execute(query)

    async def count_changed(self, run_id: UUID, span: Span) -> int:
        """How many results of a stretch differ from what was stored before."""
        query = select(func.count()).where(
            col(ScoringResult.run_id) == run_id,
            _within(col(ScoringResult.subject_id), span),
            col(ScoringResult.changed),
        )
        return await self._session.scalar(query) or 0


def _population(kinds: Sequence[str], region: str) -> ColumnElement[bool]:
    return and_(
        col(Subject.kind).in_(kinds),
        col(Subject.region).like(f"{region_prefix(region)}%"),
        col(Subject.merged_into).is_(None),
    )


def _of_piece(piece: Piece, span: Span) -> ColumnElement[bool]:
    elsewhere = [col(Subject.region).not_like(f"{region_prefix(place)}%") for place in piece.without]
    return and_(_population([piece.kind], piece.region), _within(col(Subject.id), span), *elsewhere)


def _places(piece: Piece) -> dict[str, Any]:
    return {
        "kind": piece.kind,
        "place": f"{region_prefix(piece.region)}%",
        "without": [f"{region_prefix(region)}%" for region in piece.without],
    }


def _within(column: Any, span: Span) -> ColumnElement[bool]:
    return and_(column > span.low, column <= span.upto)


# Facts are joined with the codes of the card's rules and dropped at once where their window is over; what is
# left is counted by subject and rule, then capped and summed by subject. A rule that ends with a closing fact
# keeps the days of its facts, to count those after the last closing one; where both must say the same in a
# field, they are counted by what it says. What was repaired counts no more.
# Whether a later day may differ is all that is said of it: `look_again_on` is the next day then, and the
# engine finds the right one. OFFSET 0 keeps a count from being worked out once for each of its uses. What was
# replaced is listed for the stretch alone, so a chunk costs the same in a large table; and as a list, so that
# it is hashed whatever the planner reckons of the windows.
_SCORE_SET = text(
    """
    WITH line AS (
        SELECT * FROM unnest(CAST(:line_rules AS int[]), CAST(:line_codes AS text[]),
                             CAST(:line_opens AS boolean[]), CAST(:line_bounded AS boolean[]),
                             CAST(:line_firsts AS date[]), CAST(:line_matches AS text[]))
                      AS l (rule, code, opens, bounded, first_day, match)
    ), rule AS (
        SELECT * FROM unnest(CAST(:rule_ids AS text[]), CAST(:rule_points AS bigint[]),
                             CAST(:rule_caps AS bigint[]), CAST(:rule_ranks AS int[]),
                             CAST(:rule_months AS int[]))
                      WITH ORDINALITY AS r (id, points, cap, veto_rank, months, place)
    ), picked AS (
        SELECT s.id, s.score, s.grade, s.tier, s.scored_by, s.look_again_on,
               greatest(s.last_recorded_at, CAST(:cards_at AS timestamptz)) AS known_at
        FROM subjects s
        WHERE s.id > :low AND s.id <= :high AND s.kind = :kind AND s.region LIKE :place
          AND NOT s.region LIKE ANY (CAST(:without AS text[])) AND s.merged_into IS NULL
    ), replaced AS MATERIALIZED (
        SELECT g.id, g.version - 1 AS version FROM facts g
        WHERE g.version > 1 AND g.subject_id > :low AND g.subject_id <= :high
    ), repaired AS MATERIALIZED (
        SELECT CAST(f.payload ->> 'fact_id' AS uuid) AS fact_id, min(f.occurred_on) AS day
        FROM facts f
        WHERE f.code = 'REPAIRED' AND f.subject_id > :low AND f.subject_id <= :high AND f.action <> 'revoke'
          AND pg_input_is_valid(f.payload ->> 'fact_id', 'uuid')
          AND NOT EXISTS (SELECT 1 FROM replaced g WHERE g.id = f.id AND g.version = f.version)
        GROUP BY CAST(f.payload ->> 'fact_id' AS uuid)
    ), standing AS (
        SELECT f.subject_id, l.rule,
               count(*) FILTER (WHERE l.opens AND f.occurred_on <= :day) AS facts,
               bool_or(f.occurred_on > :day OR r.day > :day) AS awaited,
               max(f.occurred_on) FILTER (WHERE NOT l.opens AND f.occurred_on <= :day) AS closed,
               array_agg(f.occurred_on) FILTER (WHERE l.bounded AND l.opens AND f.occurred_on <= :day)
                   AS opened
        FROM facts f
        JOIN line l ON l.code = f.code AND f.occurred_on >= l.first_day
        LEFT JOIN repaired r ON r.fact_id = f.id
        WHERE f.subject_id > :low AND f.subject_id <= :high AND f.action <> 'revoke'
          AND f.subject_id IN (SELECT id FROM picked)
          AND NOT EXISTS (SELECT 1 FROM replaced g WHERE g.id = f.id AND g.version = f.version)
          AND (NOT l.opens OR r.day IS NULL OR r.day > :day)
        GROUP BY f.subject_id, l.rule, CASE WHEN l.match IS NOT NULL THEN f.payload -> l.match END
    ), counted AS (
        SELECT s.subject_id, s.rule, s.awaited,
               CASE WHEN s.closed IS NULL THEN s.facts
                    ELSE (SELECT count(*) FROM unnest(s.opened) AS o WHERE o > s.closed) END AS facts
        FROM standing s OFFSET 0
    ), summed AS (
        SELECT c.subject_id,
               sum(CASE WHEN r.points < 0 THEN greatest(c.facts * r.points, r.cap)
                        ELSE least(c.facts * r.points, r.cap) END) AS points,
               max(r.veto_rank) FILTER (WHERE c.facts > 0) AS veto_rank,
               array_agg(c.rule) FILTER (WHERE c.facts > 0 AND r.veto_rank IS NOT NULL) AS vetoes,
               bool_or(c.awaited OR c.facts > 0 AND r.months IS NOT NULL) AS moves
        FROM counted c JOIN rule r ON r.place = c.rule + 1
        GROUP BY c.subject_id
    ), scored AS (
        SELECT p.*, t.vetoes, t.veto_rank, t.moves,
               least(greatest(round((CAST(:base AS bigint) + coalesce(t.points, 0)) / CAST(:scale AS numeric),
                                    CAST(:decimals AS int)),
                              CAST(:least AS numeric)), CAST(:most AS numeric)) AS points
        FROM picked p LEFT JOIN summed t ON t.subject_id = p.id
    ), graded AS (
        SELECT d.*, 1 + greatest(d.veto_rank, (CAST(:edge_ranks AS int[]))[
                                 width_bucket(d.points, CAST(:edges AS numeric[]))]) AS rank
        FROM scored d
    ), told AS (
        SELECT g.*, (CAST(:grades AS text[]))[g.rank] AS to_grade, (CAST(:tiers AS text[]))[g.rank] AS to_tier
        FROM graded g
    ), compared AS (
        SELECT t.*, (t.points IS DISTINCT FROM t.score OR t.to_grade IS DISTINCT FROM t.grade
                     OR t.to_tier IS DISTINCT FROM t.tier) AS changed
        FROM told t
    )
    INSERT INTO scoring_results (run_id, subject_id, score_before, grade_before, score, grade, tier, vetoes,
                                 look_again_on, known_at, changed)
    SELECT :run_id, c.id, c.score, c.grade, c.points, c.to_grade, c.to_tier,
           CASE WHEN c.vetoes IS NOT NULL
                THEN ARRAY(SELECT r.id FROM rule r WHERE r.place - 1 = ANY (c.vetoes) ORDER BY r.id) END,
           CASE WHEN c.moves THEN CAST(:day AS date) + 1 END, c.known_at, c.changed
    FROM compared c
    WHERE CAST(:fingerprint AS text) IS NULL OR c.changed OR c.look_again_on <= :day
          OR c.scored_by IS DISTINCT FROM :fingerprint
    """
)
_SETTLE = text(
    """
    WITH settled AS (
        DELETE FROM scoring_results r USING subjects s
        WHERE r.run_id = :run_id AND r.subject_id > :low AND r.subject_id <= :high AND s.id = r.subject_id
          AND s.kind = :kind AND s.region LIKE :place AND NOT s.region LIKE ANY (CAST(:without AS text[]))
          AND NOT r.changed AND (CAST(:exact AS boolean) OR r.look_again_on IS NULL)
        RETURNING r.subject_id, r.look_again_on, r.known_at
    )
    UPDATE subjects s
    SET next_change_on = d.look_again_on, look_again_on = d.look_again_on, scored_by = :fingerprint
    FROM settled d
    WHERE s.id = d.subject_id AND s.last_recorded_at <= d.known_at
    """
)
