"""What a board run does without people: record ranks, let the card judge, write the published outcome."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from common.clock import china_date
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from credit.background import is_outage, report
from credit.environment import Environment
from credit.facts.schemas import FactIn, Source, SourceKind
from credit.facts.service import FactService
from credit.scoring.errors import NoScorecard
from credit.scoring.rules import Score
from credit.scoring.service import ScoringService
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.warnings.service import Evidence, WarningService, facts_of

from .models import Board, BoardEntry
from .policy import BoardPolicy
from .repository import BoardRepository
from .rules import Side, State
from .succession.repository import SuccessionRepository

__all__ = ["RANKED", "BoardWork", "judged_on", "policy_of", "rank_payload", "reference_of"]

_DAY = timedelta(days=1)
RANKED = "RANKED"
_WARNS = "W-BOARD-WARN"
ENTERED_FOR_ONE = 20
"""So many subjects are entered, by one statement, in the time in which one is judged."""
_FACT = {Side.RED: "RED_BOARD", Side.BLACK: "BLACK_BOARD"}


def policy_of(env: Environment, board: Board) -> BoardPolicy:
    """The very policy version that a run was opened under."""
    return env.rulebook.boards.get(board.policy_id, board.policy_version, board.policy_region)


def judged_on(board: Board, policy: BoardPolicy) -> date:
    """The day on which a run's card is asked.

    A run's result holds from its day on; asking a day later fits both readings of that day.
    """
    return board.last_on + _DAY if policy.period is None else board.last_on


def reference_of(board: Board, subject_id: UUID, part: str) -> str:
    """Under which reference a run records a fact about a subject; `part`: "/" and the metric of a rank."""
    return f"{board.number}{part}/{subject_id}"


def rank_payload(metric: str, rank: int, of: int, period: str) -> dict[str, Any]:
    """What the fact RANKED says."""
    return {"metric": metric, "rank": rank, "of": of, "period": period}


class BoardWork:
    """Runs are worked off in chunks; what was done twice is one fact, so a restart changes nothing."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._boards = BoardRepository(session)
        self._runs = SuccessionRepository(session)
        self._subjects = SubjectRepository(session)
        self._facts = FactService(session, env)
        self._scoring = ScoringService(session, env)
        self._warnings = WarningService(session, env)

    async def step(self, limit: int) -> int:
        """One chunk of the oldest run with work left; gives `limit` while there may be more.

        A run whose chunk fails is told and tried again in the next round; the one behind it goes on.
        """
        stages = {
            State.ENTERING: self._enter,
            State.RANKING: self._rank,
            State.JUDGING: self._judge,
            State.PUBLISHING: self.write,
        }
        failed: list[UUID] = []
        while (board := await self._boards.working(failed)) is not None:
            board_id, number = board.id, board.number
            try:
                async with self._session.begin_nested():
                    await stages[State(board.state)](board, limit)
            except Exception as error:
                # Whatever it is: one run must not keep the others from being done.
                if is_outage(error):
                    raise
                report(f"board {number}", error)
                failed.append(board_id)
                continue
            return limit if board.state in stages else 1
        return 0

    async def _enter(self, board: Board, limit: int) -> None:
        """Enter the next subjects, far more than are judged at once; rank all once the last is entered."""
        policy = policy_of(self._env, board)
        board.cursor = await self._boards.enter(board, policy.kinds, limit * ENTERED_FOR_ONE)
        if board.cursor is not None:
            return
        if board.trigger == "period":
            # Taken first: ranking takes its time, and what is recorded meanwhile is in no rank.
            board.ranked_at = self._env.clock.now()
            for metric in policy.metrics:
                await self._boards.rank(board, metric, policy.kinds)
        board.state = State.RANKING

    async def _rank(self, board: Board, limit: int) -> None:
        entries = await self._boards.entries(board.id, board.cursor, limit, only="ranked")
        subjects = await self._subjects.lock_all([entry.subject_id for entry in entries], None)
        for entry in entries:
            subject = subjects[entry.subject_id]
            for metric, ranked in sorted(entry.ranks.items()):
                found = ranked.get("now", ranked)
                if found["rank"] is None:
                    continue
                payload = rank_payload(metric, found["rank"], found["of"], board.period)
                await self._fact(board, subject, RANKED, board.last_on, payload, f"/{metric}")
        self._move(board, entries, limit, State.JUDGING)

    async def _judge(self, board: Board, limit: int) -> None:
        policy = policy_of(self._env, board)
        entries = await self._boards.entries(board.id, board.cursor, limit)
        day = judged_on(board, policy)
        for entry in entries:
            subject = await self._subjects.lock(entry.subject_id, None, shared=True)
            if subject is None:
                continue
            try:
                result = await self._scoring.present(subject, day, board.card_id)
            except NoScorecard:
                entry.proposed = Side.NONE
                continue
            entry.score, entry.grade = result.value, result.grade
            entry.proposed = policy.side(result.card, result.grade)
            entry.reasons = _reasons(result) if entry.proposed != Side.NONE else []
            entry.result_hash = result.hash
        self._move(board, entries, limit, State.REVIEW)

    async def write(self, board: Board, limit: int) -> None:
        """Write facts of the decided entries, then end the black entries whose place the run takes.

        A regular run takes the place of the earlier ones and of extra runs on events up to its last day. One
        that is published late, after the run that follows it, is taken the place of at once.
        """
        policy, today = policy_of(self._env, board), china_date(self._env.clock.now())
        await self._runs.hold(board.policy_id)
        later = None
        if board.trigger == "period":
            previous, later = await self._boards.previous(board), await self._runs.following(board)
            board.previous_id = previous.id if previous else None
        entries = await self._boards.entries(board.id, None, limit, only="unrecorded")
        ending = [] if len(entries) == limit else await self._ending(board, later, limit)
        named = {entry.subject_id for entry in entries}.union(*ending)
        subjects = await self._subjects.lock_all(named, None)
        for entry in entries:
            subject = subjects[entry.subject_id]
            side = Side(entry.decided or Side.NONE)
            reason = "；".join(one["reason"] for one in entry.reasons)[:200] or policy.name.zh
            payload = {"board": board.policy_id, "period": board.period, "reason": reason}
            await self._fact(board, subject, _FACT[side], today, payload, "")
            await self._warn(board, entry, subject, judged_on(board, policy))
            entry.recorded = True
            if side is Side.BLACK and board.previous_id is not None:
                await self._twice(board.previous_id, board, policy, subject)
            if side is Side.BLACK and later is not None:
                await self._twice(board.id, later, policy, subject)
        if len(entries) == limit:
            return
        left = await self._end_old(board, today, limit) if board.trigger == "period" else 0
        if later is not None:
            left = max(left, await self._end_old(later, today, limit, beside=board.id))
        if left < limit:
            board.state = State.PUBLISHED

    async def end(self, board: Board, entry: BoardEntry, today: date, because: str) -> None:
        """Take a black entry off its board."""
        subject = await self._locked(entry)
        payload = {"board": board.policy_id, "period": board.period}
        await self._fact(board, subject, "BLACK_BOARD_REMOVED", today, payload, "")
        entry.ended_on, entry.ended_because = today, because

    async def _ending(self, board: Board, later: Board | None, limit: int) -> list[set[UUID]]:
        """Whose entries `_end_old` may end: all are locked at once with those who are entered."""
        runs: list[Sequence[Row[Board, BoardEntry]]] = []
        if board.trigger == "period":
            runs.append(await self._runs.superseded(board, limit))
        if later is not None:
            runs.append(await self._runs.superseded(later, limit, board.id))
        return [{entry.subject_id for _, entry in rows} for rows in runs]

    async def _end_old(self, board: Board, today: date, limit: int, beside: UUID | None = None) -> int:
        standing = await self._runs.superseded(board, limit, beside)
        for old, entry in standing:
            now = await self._boards.entry(board.id, entry.subject_id)
            if now is not None and now.decided == Side.BLACK:
                entry.ended_on, entry.ended_because = today, f"列入下一期 {board.number}"
            else:
                await self.end(old, entry, today, f"下一期 {board.number} 未再列入")
        await self._session.flush()
        return len(standing)

    async def _warn(self, board: Board, entry: BoardEntry, subject: Subject, judged: date) -> None:
        """Warn officers of an entry where the card says so of its grade."""
        view = (await self._scoring.cards()).at(self._env.clock.now())
        schedule = view.schedule(subject.kind, subject.region, judged, board.card_id)
        said = schedule.card.measures_of.get(entry.grade or "") if schedule else None
        if schedule is None or said is None or not said.warn:
            return
        card = {name: getattr(schedule.card, name) for name in ("id", "version", "hash")}
        details: dict[str, Any] = {"board": board.number, "period": board.period, "grade": entry.grade}
        details |= {"card": card, "notes": list(said.notes)}
        evidence = Evidence(
            f"board:{board.number}:{subject.id}:warn",
            china_date(self._env.clock.now()),
            {},
            details | facts_of(one["fact_id"] for one in entry.reasons if one["fact_id"]),
        )
        await self._warnings.report(subject, _WARNS, evidence)

    async def _twice(self, before_id: UUID, board: Board, policy: BoardPolicy, subject: Subject) -> None:
        """Report a subject that is on the black board of a run and of the one before it."""
        if policy.second_failure is None:
            return
        before = await self._boards.entry(before_id, subject.id)
        entry = await self._boards.entry(board.id, subject.id)
        if before is None or entry is None or not before.decided == entry.decided == Side.BLACK:
            return
        facts = facts_of(one["fact_id"] for one in entry.reasons if one["fact_id"])
        details = {"board": board.number, "period": board.period} | facts
        evidence = Evidence(
            f"board:{board.number}:{subject.id}", china_date(self._env.clock.now()), {}, details
        )
        await self._warnings.report(subject, policy.second_failure, evidence)

    async def _locked(self, entry: BoardEntry) -> Subject:
        subject = await self._subjects.lock(entry.subject_id, None)
        if subject is None:
            raise LookupError(entry.subject_id)
        return subject

    async def _fact(
        self, board: Board, subject: Subject, code: str, on: date, payload: dict[str, Any], part: str
    ) -> None:
        issuers = self._env.rulebook.paper_issuers.choose("paper-issuers", on=on, region=board.region)
        fact = FactIn(
            subject_id=subject.id,
            code=code,
            occurred_on=on,
            source=Source(
                kind=SourceKind.BOARD,
                authority=issuers.name(board.region),
                reference=reference_of(board, subject.id, part),
            ),
            payload=payload,
        )
        await self._facts.record_for(subject, fact, by=f"board:{board.number}")

    def _move(self, board: Board, entries: Any, limit: int, following: State) -> None:
        if len(entries) < limit:
            board.state, board.cursor = following, None
        else:
            board.cursor = entries[-1].subject_id


def _reasons(result: Score) -> list[dict[str, Any]]:
    """Every fact and condition that led to the grade, as the result says it."""
    found = []
    for one in (*result.document["vetoes"], *result.document["contributions"]):
        for fact_id in one.get("facts") or [one["fact_id"]]:
            found.append(
                {
                    "fact_id": fact_id,
                    "rule": one["rule"],
                    "reason": one["reason"],
                    "legal_basis": one["legal_basis"],
                }
            )
    return found
