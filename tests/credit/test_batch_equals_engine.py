"""What the database finds for a whole population is what the engine finds for each subject of it."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from common.testing import ServiceDatabase
from credit.facts.repository import FactRepository
from credit.facts.rules import FactVersion
from credit.runs.models import ScoringResult, ScoringRun
from credit.runs.repository import Piece, RunRepository, Span
from credit.runs.rules import Purpose, RunState
from credit.runs.service import RunService
from credit.runs.worker import work_off
from credit.scoring.grading import as_stored
from credit.scoring.models import PublishedGrade
from credit.scoring.rules import Scorecard, score
from credit.scoring.rules.setwise import fits, set_plan
from credit.subjects.models import Subject
from sqlalchemy import func, select
from sqlmodel import col

from .populations import BOOK, START, Stage, populate, random_card, stage

LAST = UUID(int=2**128 - 1)
SAMPLE = next(card for card in BOOK.scorecards if card.id == "agency-100-sample")
AGENCY = ["travel_agency"]


@pytest.fixture(scope="module")
async def ready(
    credit_database: ServiceDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    async with stage(credit_database, tmp_path_factory.mktemp("batch")) as running:
        yield running


@pytest.fixture
async def alone(
    credit_database: ServiceDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """A database of its own: each comparison looks at everyone in it."""
    async with stage(credit_database, tmp_path_factory.mktemp("alone")) as running:
        yield running


async def compare(ready: Stage, card: Scorecard, facts: dict[UUID, list[FactVersion]]) -> int:
    """Score everyone both ways; gives how many subjects had a veto standing."""
    assert fits(card)
    today = ready.today
    async with ready.database.session() as session:
        runs, service = RunRepository(session), RunService(session, ready.env)
        run = await service.start(Purpose.DRY_RUN, "000000", AGENCY, by="test", reason="test")
        run.state = RunState.DONE
        await runs.prepare()
        piece, span = Piece("travel_agency", "000000"), Span(None, LAST)
        await runs.score_set(run.id, set_plan(card, today), piece, span, None, None)
        rows = (await session.scalars(select(ScoringResult).where(col(ScoringResult.run_id) == run.id))).all()
        subjects = {subject.id: subject for subject in await session.scalars(select(Subject))}
    assert {row.subject_id for row in rows} == {s.id for s in subjects.values() if s.kind in AGENCY}
    vetoed = 0
    for row in rows:
        known_at = subjects[row.subject_id].last_recorded_at
        wanted = score(as_stored(subjects[row.subject_id]), facts[row.subject_id], today, known_at, card)
        assert (row.score, row.grade, row.tier) == (wanted.value, wanted.grade, wanted.tier), row.subject_id
        assert row.known_at == known_at
        assert row.vetoes == (sorted({veto.rule.id for veto in wanted.standing.vetoes}) or None)
        if wanted.next_change is not None:
            assert row.look_again_on is not None
            assert today < row.look_again_on <= wanted.next_change.on
        vetoed += row.vetoes is not None
    return vetoed


async def test_the_sample_card(ready: Stage) -> None:
    await populate(ready.database, Random(1), 120, sorted(SAMPLE.codes), AGENCY)
    assert await compare(ready, SAMPLE, await all_facts(ready)) > 10


def test_a_band_between_two_possible_scores_holds_nobody() -> None:
    bands = [
        {"grade": "A", "tier": "A", "min": 73, "min_inclusive": True},
        {"grade": "B", "tier": "B", "min": 72, "min_inclusive": False, "max": 73, "max_inclusive": False},
        {"grade": "C", "tier": "C", "min": 42, "min_inclusive": True, "max": 72, "max_inclusive": True},
        {"grade": "D", "tier": "D", "max": 42, "max_inclusive": False},
    ]
    plan = set_plan(Scorecard.parse(SAMPLE.content | {"id": "gap", "bands": bands}), date(2026, 11, 23))
    ranks = dict(zip(plan.edges, plan.edge_ranks, strict=True))
    assert [plan.grades[ranks[edge]] for edge in sorted(ranks)] == ["D", "C", "A"]


async def test_a_run_leaves_everyone_as_the_engine_says(ready: Stage) -> None:
    async def ordered(*regions: str) -> list[ScoringRun]:
        async with ready.database.session() as session:
            service = RunService(session, ready.env)
            runs = [
                await service.start(Purpose.RESCORE, region, AGENCY, by="test", reason="test")
                for region in regions
            ]
        await work_off(ready.database, ready.env)
        async with ready.database.session() as session:
            found = [await session.get(ScoringRun, run.id) for run in runs]
        assert all(run is not None and run.state == RunState.DONE for run in found)
        return [run for run in found if run is not None]

    await populate(ready.database, Random(7), 60, sorted(SAMPLE.codes), AGENCY)
    first, beside = await ordered("000000", "140100")
    assert first.methods["travel_agency"]["method"] == "set"
    assert (first.done, first.differing, beside.differing) == (first.total, 0, 0)
    facts = await all_facts(ready)
    async with ready.database.session() as session:
        everyone = list(await session.scalars(select(Subject)))
        published = await session.scalar(select(func.count()).select_from(PublishedGrade))
        kept = await session.scalar(select(func.count()).where(col(ScoringResult.run_id) == first.id))
    assert published == len(everyone) == kept
    for subject in everyone:
        wanted = score(as_stored(subject), facts[subject.id], ready.today, subject.last_recorded_at, SAMPLE)
        due = wanted.next_change.on if wanted.next_change else None
        assert (subject.score, subject.grade, subject.tier) == (wanted.value, wanted.grade, wanted.tier)
        assert (subject.next_change_on, subject.look_again_on) == (due, due)
    [again] = await ordered("000000")
    assert (again.changed, again.differing) == (0, 0)
    ready.at(START + timedelta(days=400))
    [later] = await ordered("000000")
    assert later.changed > 0 and later.differing == 0
    async with ready.database.session() as session:
        for subject in await session.scalars(select(Subject)):
            wanted = score(
                as_stored(subject), facts[subject.id], ready.today, subject.last_recorded_at, SAMPLE
            )
            due = wanted.next_change.on if wanted.next_change else None
            assert (subject.score, subject.grade, subject.next_change_on) == (wanted.value, wanted.grade, due)
    ready.at(START)


@pytest.mark.parametrize("seed", range(2))
async def test_random_cards(ready: Stage, seed: int) -> None:
    await random_cards(ready, seed, 40, 4)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2, 6))
async def test_more_random_cards(ready: Stage, seed: int) -> None:
    await random_cards(ready, seed, 40, 4)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(100, 112))
async def test_many_random_cards(alone: Stage, seed: int) -> None:
    await random_cards(alone, seed, 400, 25)


async def random_cards(ready: Stage, seed: int, subjects: int, cards: int) -> None:
    chance = Random(seed)
    codes = sorted(SAMPLE.codes)
    await populate(ready.database, chance, subjects, codes, AGENCY)
    facts = await all_facts(ready)
    for number in range(cards):
        await compare(ready, random_card(chance, codes, AGENCY, number), facts)


async def all_facts(ready: Stage) -> dict[UUID, list[FactVersion]]:
    async with ready.database.session() as session:
        ids = list(await session.scalars(select(col(Subject.id))))
        found = await FactRepository(session).versions_of_many(ids)
    return {id_: found.get(id_, []) for id_ in ids}
