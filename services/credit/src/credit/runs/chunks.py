"""One chunk of a run: score a stretch of subjects, store what follows, move the cursor; one transaction.

Subjects are read without locks. Where only the next days differ, they are stored if nothing was recorded
about the subject meanwhile; where a grade or score differs, the subject is locked and rescored by the engine,
so two runs over one subject, or a run and a fact, leave what the last of them found with everything known.

A simulation scores whom its draft would grade, by the draft and by the card that would grade them without it.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from common.auth import region_prefix
from common.clock import china_date
from common.db import new_id
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.scorecards.shelf import card_book
from credit.scoring.grading import as_stored, known_until
from credit.scoring.rules import Scorecard, score
from credit.scoring.rules.cards import CardBook, CardView, Schedule
from credit.scoring.rules.causes import Cause
from credit.scoring.rules.setwise import fits, set_plan
from credit.scoring.service import ScoringService
from credit.simulations.repository import ResultRepository
from credit.simulations.statistics import Statistics
from credit.subjects.models import Subject

from .models import ScoringResult, ScoringRun
from .repository import Piece, RunRepository, Span
from .rules import Method, Purpose, RunState, first_size, next_size

__all__ = ["Chunks"]

_RESCORED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class _Task:
    """A piece of the population with what grades it; None: nothing does."""

    piece: Piece
    schedule: Schedule | None

    @property
    def method(self) -> Method:
        if self.schedule is None:
            return Method.NONE
        return Method.SET if fits(self.schedule.card) else Method.ENGINE


class Chunks:
    """The chunks of runs, one transaction each."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._runs = RunRepository(session)
        self._facts = FactRepository(session)
        self._scoring = ScoringService(session, env)
        self._results = ResultRepository(session)
        self._run: ScoringRun | None = None

    async def take(self, beside: Collection[UUID] = ()) -> UUID | None:
        """Take the oldest run that nobody else works on, `beside` these; None when there is none."""
        self._run = await self._runs.take_active(beside)
        return None if self._run is None else self._run.id

    async def step(self, size: int | None) -> int | None:
        """Do the next chunk of the run taken, or of the oldest one to be had; None when there is none.

        Without a size it takes what a first chunk does. Gives how many subjects the next chunk should take,
        by how long this one took.
        """
        if self._run is None:
            await self.take()
        run = self._run
        if run is None:
            return None
        began, now = time.perf_counter(), self._env.clock.now()
        await self._runs.prepare()
        if run.state == RunState.QUEUED:
            run.state, run.started_at = RunState.RUNNING, now
            run.total = await self._runs.count(run.kinds, run.region)
        book = await card_book(self._session, self._env)
        tasks = self._tasks(run, book)
        beside = self._in_force(run, book) if run.document is not None else []
        size = size or first_size([task.method for task in (*tasks, *beside)])
        found = await self._runs.stretch(run.kinds, run.region, run.cursor, size)
        if found is None:
            await self._finish(run)
            return size
        span, count = found
        last = count < size
        done = await self._score(run, tasks, beside, span, book)
        if done != span:
            count, last = await self._runs.count_in(run.kinds, run.region, done), False
        run.cursor = done.upto
        run.done += count
        run.total = max(run.total, run.done)
        seconds = time.perf_counter() - began
        run.worked_ms += round(seconds * 1000)
        if last:
            await self._finish(run)
        await self._session.flush()
        return next_size(max(count, 1), seconds)

    async def _finish(self, run: ScoringRun) -> None:
        if run.purpose == Purpose.SIMULATION:
            run.statistics = await Statistics(self._session).of(run.id)
        run.state, run.finished_at = RunState.DONE, self._env.clock.now()
        run.total = run.done  # who was merged or moved away meanwhile is not waited for
        await self._session.flush()

    async def _score(
        self, run: ScoringRun, tasks: list[_Task], beside: list[_Task], span: Span, book: CardBook
    ) -> Span:
        """Score a stretch; gives how much of it was done, which is less when too much has to be rescored.

        `beside` grade the same stretch without a draft.
        """
        for task in tasks:
            await self._score_piece(run, task, span, book, run.id)
        if run.document is not None:
            before = new_id()
            for task in beside:
                await self._score_piece(run, task, span, book, before)
            await self._results.compare(run.id, before, span.low, span.upto)
        run.methods = {**run.methods, **_methods(tasks)}
        if run.purpose == Purpose.RESCORE:
            return await self._apply(run, tasks, span)
        run.changed += await self._runs.count_changed(run.id, span)
        return span

    def _tasks(self, run: ScoringRun, book: CardBook) -> list[_Task]:
        if run.document is None:
            return self._in_force(run, book)
        draft, view = Scorecard.parse(run.document), book.at(self._env.clock.now())
        places = {kind: view.places(kind, run.valid_at, run.card_id) for kind in run.kinds}
        return [_drafted(run, draft, places[kind], kind) for kind in run.kinds]

    def _in_force(self, run: ScoringRun, book: CardBook) -> list[_Task]:
        view = book.at(self._env.clock.now())
        return [task for kind in run.kinds for task in self._tasks_of(run, view, kind)]

    def _tasks_of(self, run: ScoringRun, view: CardView, kind: str) -> list[_Task]:
        """Each place with a card of its own, nearest first, then what is left of the run's region."""
        today = self._day(run)
        nearer: list[str] = []
        tasks = []
        for place in [*view.places(kind, today, run.card_id), run.region]:
            region = _common(place, run.region)
            if region is None or region in nearer:
                continue
            schedule = view.schedule(kind, region, today, run.card_id)
            tasks.append(_Task(Piece(kind, region, tuple(nearer)), schedule))
            nearer.append(region)
            if region == run.region:
                break
        return tasks

    def _day(self, run: ScoringRun) -> date:
        """Trials look at the day they were ordered for, runs for the record at the present one."""
        return china_date(self._env.clock.now()) if run.purpose == Purpose.RESCORE else run.valid_at

    async def _score_piece(
        self, run: ScoringRun, task: _Task, span: Span, book: CardBook, into: UUID
    ) -> None:
        """Score a piece of a stretch into the results of `into`: the run, or what it is compared with."""
        schedule = task.schedule
        if schedule is None:
            return
        only = schedule.fingerprint if run.purpose == Purpose.RESCORE else None
        if task.method is Method.SET:
            plan = set_plan(schedule.card, self._day(run))
            cards_at = book.changed_at(task.piece.kind, run.card_id)
            await self._runs.score_set(into, plan, task.piece, span, cards_at, only)
        else:
            await self._score_by_engine(run, task.piece, schedule, span, only, into)
        if only is not None:
            exact = task.method is Method.ENGINE
            await self._runs.settle_unchanged(run.id, task.piece, span, only, exact=exact)

    async def _score_by_engine(
        self, run: ScoringRun, piece: Piece, schedule: Schedule, span: Span, only: str | None, into: UUID
    ) -> None:
        book, today = await card_book(self._session, self._env), self._day(run)
        subjects = await self._runs.subjects(piece, span)
        versions = await self._facts.versions_of_many([subject.id for subject in subjects])
        rows = []
        for subject in subjects:
            moment = known_until(subject, book, run.card_id)
            facts = versions.get(subject.id, [])
            result = score(as_stored(subject), facts, today, moment, schedule.card, schedule.later)
            changed = (result.value, result.grade, result.tier) != (
                subject.score,
                subject.grade,
                subject.tier,
            )
            due = subject.look_again_on is not None and subject.look_again_on <= today
            if only is None or changed or due or subject.scored_by != only:
                rows.append(
                    {
                        "run_id": into,
                        "subject_id": subject.id,
                        "score_before": subject.score,
                        "grade_before": subject.grade,
                        "score": result.value,
                        "grade": result.grade,
                        "tier": result.tier,
                        "vetoes": sorted({veto.rule.id for veto in result.standing.vetoes}) or None,
                        "look_again_on": result.next_change.on if result.next_change else None,
                        "known_at": moment,
                        "changed": changed,
                    }
                )
        await self._runs.insert_results(rows)

    async def _apply(self, run: ScoringRun, tasks: list[_Task], span: Span) -> Span:
        """Rescore what differs, at most so many at once; what is left of the stretch is done again."""
        found = await self._runs.unsettled(run.id, span, _RESCORED_AT_ONCE + 1)
        wanted = {row.subject_id: row for row in found}
        ids = set(wanted)
        for task in tasks:
            if task.schedule is None:
                ids |= set(await self._runs.rated_without_card(task.piece, span, _RESCORED_AT_ONCE + 1))
        turn = sorted(ids)[:_RESCORED_AT_ONCE]
        if len(ids) > len(turn):
            rest = Span(turn[-1], span.upto)
            await self._runs.forget_results(run.id, rest)
            span = Span(span.after, turn[-1])
        for subject, before in await self._scoring.rescore_many(turn, Cause.TIME, self._env.clock.now()):
            run.changed += subject.grade != before
            row = wanted.get(subject.id)
            run.differing += row is not None and _differ(row, subject)
        await self._runs.forget_results(run.id, span, unchanged_only=True)
        return span


def _differ(row: ScoringResult, subject: Subject) -> bool:
    """Whether the engine, with nothing recorded meanwhile, found another result than the run."""
    if subject.last_recorded_at > row.known_at:
        return False
    return (row.score, row.grade, row.tier) != (subject.score, subject.grade, subject.tier)


def _drafted(run: ScoringRun, draft: Scorecard, places: Sequence[str], kind: str) -> _Task:
    """Whom a draft would grade: not those who have a nearer card, among the `places` that have their own."""
    nearer = [place for place in places if len(region_prefix(place)) > len(region_prefix(draft.region))]
    common = [region for place in nearer if (region := _common(place, run.region)) is not None]
    schedule = None if run.region in common else Schedule(draft, ())
    return _Task(Piece(kind, run.region, tuple(dict.fromkeys(common))), schedule)


def _common(one: str, other: str) -> str | None:
    """The smaller of two regions if it lies within the other, else None."""
    narrow, wide = (one, other) if len(region_prefix(one)) >= len(region_prefix(other)) else (other, one)
    return narrow if narrow.startswith(region_prefix(wide)) else None


def _methods(tasks: Sequence[_Task]) -> dict[str, dict[str, object]]:
    """How each kind is scored: by the slowest of its ways."""
    slowest = [Method.NONE, Method.SET, Method.ENGINE]
    told: dict[str, dict[str, object]] = {}
    for kind in {task.piece.kind for task in tasks}:
        own = [task for task in tasks if task.piece.kind == kind]
        cards = {f"{t.schedule.card.id} {t.schedule.card.version}" for t in own if t.schedule}
        told[kind] = {"method": max((t.method for t in own), key=slowest.index), "scorecards": sorted(cards)}
    return told
