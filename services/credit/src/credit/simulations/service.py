"""Use cases of simulations and of the results of runs: try a draft, read who would move and why."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from common.auth import Principal, region_prefix
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.facts.rules import FactVersion
from credit.paging import cursor_id
from credit.runs.errors import RunNotFound
from credit.runs.models import ScoringRun
from credit.runs.rules import Purpose
from credit.runs.schemas import ResultView, RunView
from credit.runs.service import RunService, view
from credit.scorecards.errors import CardNotFound, WrongState
from credit.scorecards.models import CardDraft
from credit.scorecards.repository import CardRepository
from credit.scorecards.rules import State
from credit.scorecards.shelf import card_book
from credit.scoring.grading import Grading
from credit.scoring.rules import Score, Scorecard, score
from credit.sheets import Column, SheetFormat, TableFile, write_table
from credit.subjects.models import Subject

from .explaining import changed_parts, explained, explanation
from .repository import Result, ResultRepository
from .schemas import AllFigures, ChangeView, DifferenceView, PartView, SimulationIn, SimulationView

__all__ = ["SimulationService"]

Grades = tuple[str | None, str | None]
_COLUMNS = (
    Column("subject_id", Text("主体编号", "subject")),
    Column("key", Text("统一社会信用代码或证号", "key")),
    Column("name", Text("名称", "name")),
    Column("kind", Text("类别", "kind")),
    Column("region", Text("行政区划", "region")),
    Column("score_before", Text("原得分", "score before")),
    Column("grade_before", Text("原等级", "grade before")),
    Column("score", Text("现得分", "score")),
    Column("grade", Text("现等级", "grade")),
    Column("vetoes", Text("直接定级规则", "vetoes")),
    Column("scorecard_before", Text("原适用评分卡", "card in force")),
    Column("explanation", Text("差异说明", "explanation")),
)
_AT_ONCE = 500


class SimulationService:
    """Simulations of drafts, and what runs found."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._cards = CardRepository(session)
        self._runs = RunService(session, env)
        self._results = ResultRepository(session)
        self._facts = FactRepository(session)
        self._grading = Grading(session, env)

    async def start(self, actor: Principal, draft_id: UUID, wanted: SimulationIn) -> SimulationView:
        """Try a draft, with the content it has now, on everyone it would grade; in the background.

        They are scored on its first day, or today if that has come, by the draft and by the card of the same
        use that would grade them without it. Whom a nearer card grades is left out.

        Raises:
            CardNotFound: no such draft, or not of the caller's regions.
            WrongState: it was published or withdrawn.
            InvalidPayload: region or kinds are not the card's.
        """
        draft = await self._draft(actor, draft_id)
        if draft.state != State.DRAFT:
            raise WrongState(state=draft.state)
        region = wanted.region or draft.region
        if not region.startswith(region_prefix(draft.region)):
            raise InvalidPayload.at("/region", Text("不在评分卡的地区内", "Not within the card's region"))
        if not actor.covers(region):
            raise CardNotFound(Text("该地区不在您的管辖范围", "That region is not yours"))
        kinds = [str(kind) for kind in wanted.kinds or draft.kinds]
        if not set(kinds) <= set(draft.kinds):
            raise InvalidPayload.at("/kinds", Text("评分卡不评定该类别", "The card does not grade that kind"))
        card = Scorecard.parse(draft.document)
        run = await self._runs.start(
            Purpose.SIMULATION,
            region,
            kinds,
            by=actor.sub,
            reason=f"simulation: {draft.card_id} {draft.card_version}",
            card_id=None if card.use == "grade" else card.id,
            draft=(draft.id, card),
        )
        return _view(run, draft)

    async def page(
        self, actor: Principal, draft_id: UUID, cursor: str | None, limit: int
    ) -> Page[SimulationView]:
        """Simulations of a draft, the newest first. Raises CardNotFound, InvalidPayload."""
        draft = await self._draft(actor, draft_id)
        rows = await self._runs.simulations(draft.id, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[_view(run, draft) for run in items], next_cursor=following)

    async def get(self, actor: Principal, draft_id: UUID, run_id: UUID) -> SimulationView:
        """One simulation. Raises CardNotFound, RunNotFound."""
        draft = await self._draft(actor, draft_id)
        return _view(await self._simulation(actor, draft, run_id), draft)

    async def cancel(self, actor: Principal, draft_id: UUID, run_id: UUID) -> SimulationView:
        """Stop a simulation. Raises CardNotFound, RunNotFound, RunOver."""
        draft = await self._draft(actor, draft_id)
        await self._simulation(actor, draft, run_id)
        return _view(await self._runs.cancel(actor, run_id), draft)

    async def changes(
        self,
        actor: Principal,
        draft_id: UUID,
        run_id: UUID,
        grades: Grades,
        cursor: str | None,
        limit: int,
    ) -> Page[ChangeView]:
        """Subjects that a draft would move, with what makes the difference, in order of id.

        Raises CardNotFound, RunNotFound, InvalidPayload.
        """
        draft = await self._draft(actor, draft_id)
        run = await self._simulation(actor, draft, run_id)
        rows = await self._results.page(
            run.id, changed=True, after=cursor_id(cursor), limit=limit + 1, grades=grades
        )
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].subject_id)))
        return Page(items=await self._explained(run, items), next_cursor=following)

    async def export(self, actor: Principal, draft_id: UUID, run_id: UUID, format: SheetFormat) -> TableFile:
        """All subjects that a draft would move and why, as a file. Raises CardNotFound, RunNotFound."""
        draft = await self._draft(actor, draft_id)
        run = await self._simulation(actor, draft, run_id)
        return await write_table(format, _COLUMNS, self._lines(run), self._language)

    async def results(
        self, actor: Principal, run_id: UUID, changed: bool | None, cursor: str | None, limit: int
    ) -> Page[ResultView]:
        """What a run found, in order of the subjects' ids.

        Raises:
            RunNotFound, InvalidPayload: no such run of the caller's, or a foreign cursor.
        """
        run = await self._runs.get(actor, run_id)
        rows = await self._results.page(run.id, changed=changed, after=cursor_id(cursor), limit=limit + 1)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].subject_id)))
        return Page(items=[_result(row) for row in items], next_cursor=following)

    async def _draft(self, actor: Principal, draft_id: UUID) -> CardDraft:
        draft = await self._cards.get(draft_id)
        if draft is None or not actor.covers(draft.region):
            raise CardNotFound
        return draft

    async def _simulation(self, actor: Principal, draft: CardDraft, run_id: UUID) -> ScoringRun:
        run = await self._runs.get(actor, run_id)
        if run.draft_id != draft.id:
            raise RunNotFound
        return run

    async def _lines(self, run: ScoringRun) -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        while rows := await self._results.page(run.id, changed=True, after=after, limit=_AT_ONCE):
            for change in await self._explained(run, rows):
                told = change.model_dump(exclude={"result"}) | change.result.model_dump()
                yield [told[column.code] for column in _COLUMNS]
            after = rows[-1][0].subject_id

    async def _explained(self, run: ScoringRun, rows: Sequence[Result]) -> list[ChangeView]:
        card = Scorecard.parse(run.document or {})
        ids = [row[0].subject_id for row in rows]
        subjects = await self._results.subjects(ids)
        versions = await self._facts.versions_of_many(ids)
        return [
            await self._change(
                run, card, row, subjects[row[0].subject_id], versions.get(row[0].subject_id, [])
            )
            for row in rows
        ]

    async def _change(
        self,
        run: ScoringRun,
        card: Scorecard,
        row: Result,
        subject: Subject,
        versions: list[FactVersion],
    ) -> ChangeView:
        """Score the subject again by both cards, with what was known when the run came by."""
        moment = row[0].known_at
        scored = await self._grading.as_known(subject, moment)
        view_then = (await card_book(self._session, self._env)).at(moment)
        schedule = view_then.schedule(scored.kind, scored.region, run.valid_at, run.card_id)
        before: Score | None = None
        if schedule is not None:
            before = score(scored, versions, run.valid_at, moment, schedule.card)
        after = score(scored, versions, run.valid_at, moment, card)
        rules, parts = explained(before, after), changed_parts(before, after)
        return ChangeView(
            result=_result(row),
            scorecard_before=f"{schedule.card.id} {schedule.card.version}" if schedule else None,
            rules=[
                DifferenceView(rule=one.rule, before=_number(one.before), after=_number(one.after))
                for one in rules
            ],
            parts=[
                PartView(part=one.part, name=one.name, before=one.before, after=one.after) for one in parts
            ],
            explanation=explanation(rules, parts).render(self._language),
        )


def _view(run: ScoringRun, draft: CardDraft) -> SimulationView:
    told: RunView = view(run)
    return SimulationView(
        run=told,
        current=run.card_hash == draft.hash,
        figures=AllFigures(**run.statistics) if run.statistics else None,
    )


def _result(row: Result) -> ResultView:
    result, name, key, kind, region = row
    return ResultView(
        subject_id=result.subject_id,
        name=name,
        key=key,
        kind=kind,
        region=region,
        score_before=_number(result.score_before),
        grade_before=result.grade_before,
        score=_number(result.score),
        grade=result.grade,
        tier=result.tier,
        vetoes=result.vetoes or [],
        changed=result.changed,
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
