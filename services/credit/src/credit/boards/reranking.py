"""Ranks put right after a fact behind them was: of the subject itself and of all that were ranked with it.

What a run had found stays; the rank as it should have been is kept beside it (`now`), the fact RANKED of each
is amended, and the grade of each follows. What the run made of a subject stands: where its card would have
put it elsewhere, that is told, and people decide.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from common.problems import Text
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from credit.affected import Affected
from credit.environment import Environment
from credit.facts.models import Fact
from credit.facts.repository import FactRepository
from credit.facts.rules import Action, FactVersion
from credit.facts.schemas import CorrectionIn, SourceKind
from credit.facts.service import FactService
from credit.facts.views import as_version
from credit.scoring.errors import NoScorecard
from credit.scoring.ripple import GradeRipple, without
from credit.scoring.rules.causes import Cause
from credit.scoring.service import ScoringService
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .models import Board, BoardEntry
from .policy import Metric
from .repository import BoardRepository
from .rules import Side, State
from .work import RANKED, judged_on, policy_of, rank_payload, reference_of

__all__ = ["BoardReranking", "Plan"]

Plan = tuple[UUID, str, int | None]
"""A run, a metric of it, and the figure that the subject should have been ranked by (None: by none)."""
Rank = Row[UUID, dict[str, Any] | None, int | None, int | None, int]


class BoardReranking:
    """Puts ranks right."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._boards = BoardRepository(session)
        self._subjects = SubjectRepository(session)
        self._fact_rows = FactRepository(session)
        self._facts = FactService(session, env)
        self._scoring = ScoringService(session, env)
        self._grades = GradeRipple(session, env)

    async def plans(self, subject: Subject, wrong: Iterable[UUID], since: datetime) -> list[Plan]:
        """The runs in which these facts, put right since, gave the subject another figure than it had."""
        runs = await self._boards.ranked_since(subject, since)
        if not runs:
            return []
        named = set(wrong)
        versions = await self._fact_rows.versions_of(subject.id)
        found: list[Plan] = []
        for board, entry in runs:
            for metric in policy_of(self._env, board).metrics:
                if not any(_enters(board, metric, row) for row in versions if row.id in named):
                    continue
                held = {} if entry is None else entry.ranks.get(metric.metric, {})
                total = _total(board, metric, versions)
                if entry is None or total != held.get("now", held).get("value"):
                    found.append((board.id, metric.metric, total))
        return found

    async def put_right(
        self,
        subject: Subject,
        plan: Plan,
        after: UUID | None,
        limit: int,
        correction: Mapping[str, str],
    ) -> tuple[list[Affected], UUID | None]:
        """Put the next `limit` ranks behind `after` right, in order of subject; what that touched, and on.

        Locks their rows at once: the caller holds no subject's row.
        """
        board_id, metric, total = plan
        board = await self._boards.find(board_id, None)
        if board is None:
            return [], None
        ranked_by = next(one for one in policy_of(self._env, board).metrics if one.metric == metric)
        rows = await self._boards.reranked(board, ranked_by, subject, total, after, limit)
        found: list[Affected] = []
        peers = await self._subjects.lock_all([row.subject_id for row in rows], None)
        for row in rows:
            if (peer := peers.get(row.subject_id)) is not None:
                found += await self._one(board, metric, row, peer, correction, peer.id == subject.id)
        return found, rows[-1].subject_id if len(rows) == limit else None

    async def _one(
        self, board: Board, metric: str, row: Rank, peer: Subject, correction: Mapping[str, str], own: bool
    ) -> list[Affected]:
        entry = await self._boards.entry(board.id, peer.id)
        if entry is None:
            return []
        now = {"value": row.value, "rank": row.rank, "of": row.of}
        entry.ranks = {**entry.ranks, metric: {**entry.ranks.get(metric, {}), "now": now}}
        await self._session.flush()
        fact = await self._fact_rows.by_source(
            SourceKind.BOARD, reference_of(board, peer.id, f"/{metric}"), RANKED
        )
        if fact is not None and peer.merged_into is None:
            await self._amend(board, metric, row, fact, peer, correction)
        rank = Affected(
            kind="rank",
            id=None if fact is None else fact.id,
            number=board.number,
            at=board.opened_at if fact is None else fact.recorded_at,
            what=Text(
                f"{board.number} 中同类同市的排名（{metric}）已更正",
                f"its rank by {metric} among its kind and city in {board.number} was put right",
            ),
            was=_words(row.was),
            would_be=_words(now),
            subject_id=peer.id,
        )
        return [rank, *([] if fact is None else await self._results(board, entry, fact, peer, own))]

    async def _amend(
        self,
        board: Board,
        metric: str,
        row: Rank,
        fact: Fact,
        peer: Subject,
        correction: Mapping[str, str],
    ) -> None:
        latest = await self._fact_rows.latest(fact.id)
        if latest is None or (latest.action == Action.REVOKE and not _reranked_away(latest)):
            return
        content: dict[str, Any] = {"action": "revoke"}
        right = None
        if row.rank is not None:
            right = rank_payload(metric, row.rank, row.of, board.period)
            content = {"action": "amend", "payload": right}
        if latest.action == Action.REVOKE:
            if right is None:
                return
            content = {"action": "restore"}
        wanted = CorrectionIn.model_validate({**correction, **content})
        await self._facts.correct_for(
            peer, fact.id, wanted, by=correction["reference"], cause=Cause.OBJECTION, restored=right
        )

    async def _results(
        self, board: Board, entry: BoardEntry, fact: Fact, peer: Subject, own: bool
    ) -> list[Affected]:
        """What followed from the wrong rank: the side of a published board, published grades of others."""
        latest = await self._fact_rows.latest(fact.id)
        right = None if latest is None or latest.action == Action.REVOKE else as_version(latest)
        found: list[Affected] = []
        if board.state == State.PUBLISHED and board.published_at is not None:
            policy = policy_of(self._env, board)
            try:
                result = await self._scoring.evaluate(
                    peer, judged_on(board, policy), known_at=board.published_at, card_id=board.card_id
                )
            except NoScorecard:
                return found
            would = Side(policy.side(result.card, without(result, {fact.id: right}).grade))
            if would != policy.side(result.card, result.grade) and would != entry.decided:
                found.append(
                    Affected(
                        kind="board",
                        id=board.id,
                        number=board.number,
                        at=board.published_at,
                        what=Text(
                            "按更正后的排名，评价结果不同，由发布机关复核",
                            "by the rank put right its card decides otherwise: who published it reviews it",
                        ),
                        was=entry.decided,
                        would_be=would,
                        subject_id=peer.id,
                    )
                )
        if not own and await self._grades.counts(peer, RANKED):
            grades = await self._grades.affected_by(peer.id, fact.id, fact.recorded_at)
            found += [replace(one, subject_id=peer.id) for one in grades]
        return found


def _enters(board: Board, metric: Metric, row: FactVersion) -> bool:
    return row.code == metric.code and board.first_on <= row.occurred_on <= board.last_on


def _total(board: Board, metric: Metric, versions: Sequence[FactVersion]) -> int | None:
    """The sum by which a subject should have been ranked: what was known then, as it stands now."""
    by = board.ranked_at
    known = {row.id for row in versions if row.version == 1 and by is not None and row.recorded_at <= by}
    newest = {row.id: row for row in sorted(versions, key=lambda row: row.version) if row.id in known}
    values = [
        int(row.payload[metric.field])
        for row in newest.values()
        if row.action is not Action.REVOKE and _enters(board, metric, row) and metric.field in row.payload
    ]
    return sum(values) if values else None


def _reranked_away(latest: Fact) -> bool:
    """Whether a rank was revoked because an objection left its subject without one, and by nobody's hand."""
    return latest.recorded_by == (latest.correction or {}).get("reference")


def _words(rank: Mapping[str, Any] | None) -> str | None:
    return None if rank is None or rank.get("rank") is None else f"{rank['rank']}/{rank['of']}"
