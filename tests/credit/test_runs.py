"""Runs over whole populations: progress, restart, cancellation, trials, cards only the engine can score."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from common.auth import Principal
from common.telemetry import ALERTS
from common.testing import ServiceDatabase
from credit import rounds
from credit.background import step_for_ever
from credit.runs.chunks import Chunks
from credit.runs.models import ScoringResult, ScoringRun
from credit.runs.rules import Method, Purpose, RunState, next_size, remaining_seconds
from credit.runs.service import RunService
from credit.runs.worker import ATTEMPTS, RunsWorker, work_off
from credit.scoring.models import PublishedGrade
from credit.scoring.rules.cards import CardBook, KnownCard
from credit.scoring.rules.scorecard import Scorecard
from credit.simulations.rules import kolmogorov_smirnov, mean, population_stability
from credit.subjects.models import Subject
from sqlalchemy import func, select
from sqlmodel import col

from .conftest import Service
from .populations import BOOK, START, Stage, populate, stage

SAMPLE = next(card for card in BOOK.scorecards if card.id == "agency-100-sample")
AGENCY = ["travel_agency"]


@pytest.fixture(scope="module")
async def ready(
    credit_database: ServiceDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    async with stage(credit_database, tmp_path_factory.mktemp("runs")) as running:
        await populate(running.database, Random(3), 120, sorted(SAMPLE.codes), AGENCY)
        yield running


async def order(ready: Stage, purpose: Purpose = Purpose.RESCORE) -> ScoringRun:
    async with ready.database.session() as session:
        service = RunService(session, ready.env)
        return await service.start(purpose, "140000", AGENCY, by="test", reason="test")


async def read(ready: Stage, run: ScoringRun) -> ScoringRun:
    async with ready.database.session() as session:
        return await session.get_one(ScoringRun, run.id)


async def test_a_run_goes_on_where_its_last_whole_chunk_ended(ready: Stage) -> None:
    run = await order(ready)
    async with ready.database.session() as session:
        await Chunks(session, ready.env).step(30)
    half = await read(ready, run)
    assert (half.state, half.done, half.total, half.changed) == (RunState.RUNNING, 30, 120, 30)
    with pytest.raises(ConnectionError):
        async with ready.database.session() as session:
            await Chunks(session, ready.env).step(30)
            raise ConnectionError
    again = await read(ready, run)
    assert (again.cursor, again.done) == (half.cursor, 30)
    await asyncio.gather(*(work_off(ready.database, ready.env) for _ in range(2)))
    done = await read(ready, run)
    assert (done.state, done.done, done.changed, done.differing) == (RunState.DONE, 120, 120, 0)
    async with ready.database.session() as session:
        assert await session.scalar(select(func.count()).select_from(PublishedGrade)) == 120


async def test_a_trial_changes_nothing_and_keeps_every_result(ready: Stage) -> None:
    async with ready.database.session() as session:
        before = (await session.execute(select(col(Subject.id), col(Subject.version)))).all()
    run = await order(ready, Purpose.DRY_RUN)
    await work_off(ready.database, ready.env)
    async with ready.database.session() as session:
        kept = await session.scalar(select(func.count()).where(col(ScoringResult.run_id) == run.id))
        after = (await session.execute(select(col(Subject.id), col(Subject.version)))).all()
    assert kept == 120 and sorted(before) == sorted(after)


async def test_a_card_beyond_sets_is_scored_by_the_engine_with_the_same_effects(ready: Stage) -> None:
    odd = Scorecard.parse(SAMPLE.content | {"version": "odd", "readings": {"rounding": "half_even_once"}})
    shelf = ready.env.shelf
    kept = shelf.find(None)
    shelf.keep(None, CardBook([odd]))
    try:
        trial, run = await order(ready, Purpose.DRY_RUN), await order(ready)
        await work_off(ready.database, ready.env)
        trial, run = await read(ready, trial), await read(ready, run)
        assert trial.methods["travel_agency"]["method"] == run.methods["travel_agency"]["method"] == "engine"
        assert (trial.changed, run.changed, run.differing, run.done) == (0, 0, 0, 120)
        async with ready.database.session() as session:
            cards = set(await session.scalars(select(col(Subject.scored_by))))
        assert len(cards) == 1
    finally:
        shelf.keep(None, kept or CardBook(BOOK.scorecards))
    back = await order(ready)
    await work_off(ready.database, ready.env)
    assert (await read(ready, back)).methods["travel_agency"]["method"] == Method.SET


async def test_runs_over_http(service: Service) -> None:
    subject = await service.subject()
    body = {"region": "140100", "kinds": ["travel_agency"], "dry_run": True}
    run = await service.post("/scoring-runs", body, 202)
    for _ in range(100):
        run = await service.get(f"/scoring-runs/{run['id']}")
        if run["state"] == "done":
            break
        await asyncio.sleep(0.05)
    assert (run["state"], run["done"], run["changed"]) == ("done", run["total"], 0)
    assert run["methods"][0]["method"] == "set"
    results = await service.get(f"/scoring-runs/{run['id']}/results")
    assert subject["id"] in [item["subject_id"] for item in results["items"]]
    assert (await service.get(f"/scoring-runs/{run['id']}/results", changed=True))["items"] == []
    await service.post(f"/scoring-runs/{run['id']}/cancellation", {}, 409)
    far = service.who("650000")
    await service.get(f"/scoring-runs/{run['id']}", 404, who=far)
    await service.post("/scoring-runs", body, 404, who=far)
    await service.post("/scoring-runs", body | {"region": "999999"}, 422)
    await service.post("/scoring-runs", body | {"scorecard": "no-such"}, 422)
    assert run["id"] in [item["id"] for item in (await service.get("/scoring-runs"))["items"]]


async def test_a_run_ends_with_all_done_though_somebody_has_left(ready: Stage) -> None:
    run = await order(ready, Purpose.DRY_RUN)
    async with ready.database.session() as session:
        await Chunks(session, ready.env).step(30)
    async with ready.database.session() as session:
        last = (await session.scalars(select(Subject).order_by(col(Subject.id).desc()).limit(1))).one()
        region, last.region = last.region, "310101"
    await work_off(ready.database, ready.env)
    done = await read(ready, run)
    assert (done.state, done.done, done.total) == (RunState.DONE, 119, 119)
    async with ready.database.session() as session:
        (await session.get_one(Subject, last.id)).region = region


async def test_a_waiting_run_is_cancelled(ready: Stage) -> None:
    run = await order(ready)
    actor = Principal("p", "c", "officer", frozenset({"credit:write"}), ("140000",))
    async with ready.database.session() as session:
        await RunService(session, ready.env).cancel(actor, run.id)
    assert await work_off(ready.database, ready.env) == 0
    assert (await read(ready, run)).state == RunState.CANCELLED


def test_chunks_last_about_half_a_second() -> None:
    assert next_size(500, 0.05) == 2000
    assert next_size(500, 2.0) == 200
    assert next_size(20_000, 0.001) == 20_000
    assert (remaining_seconds(0, 10, 0), remaining_seconds(5, 10, 1000)) == (None, 1)


def test_distributions_are_compared() -> None:
    assert population_stability({"A": 50, "B": 50}, {"A": 50, "B": 50}) == 0
    assert population_stability({"A": 90, "B": 10}, {"A": 10, "B": 90}) == pytest.approx(3.515559, abs=1e-6)
    assert population_stability({}, {"A": 1}) is None
    whole = {Decimal(90): 1, Decimal(100): 1}
    assert kolmogorov_smirnov(whole, {Decimal(100): 2}) == 0.5
    assert mean(whole) == 95 and mean({}) is None


def test_a_published_card_is_known_from_its_instant_on() -> None:
    local = Scorecard.parse(SAMPLE.content | {"id": "local", "region": "140100"})
    book = CardBook([SAMPLE], [KnownCard(local, START)])
    day = START.date()

    def chosen(moment: object) -> str | None:
        schedule = book.at(moment).schedule("travel_agency", "140105", day)  # type: ignore[arg-type]
        return schedule.card.id if schedule else None

    assert chosen(START - timedelta(microseconds=1)) == "agency-100-sample"
    assert chosen(START) == "local"
    assert book.changed_at("travel_agency") == START and book.changed_at("star_hotel") is None
    elsewhere = book.at(START).schedule("travel_agency", "140213", day)
    assert elsewhere is not None and elsewhere.card.id == "agency-100-sample"


async def test_a_run_that_always_fails_ends_with_its_reason_and_the_others_are_done(
    ready: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = Chunks._score

    async def faulty(self: Chunks, run: ScoringRun, *others: Any) -> Any:
        if run.reason == "faulty":
            raise RuntimeError("a fault of the program")
        return await sound(self, run, *others)

    monkeypatch.setattr(Chunks, "_score", faulty)
    alerts = ALERTS.labels("credit", "background-work-failed")
    before = alerts._value.get()
    async with ready.database.session() as session:
        service = RunService(session, ready.env)
        bad = await service.start(Purpose.DRY_RUN, "140000", AGENCY, by="test", reason="faulty")
    good = await order(ready, Purpose.DRY_RUN)
    worker = RunsWorker(ready.database, ready.env)
    while await worker.step():
        pass
    assert (await read(ready, bad)).state == RunState.QUEUED
    assert (await read(ready, good)).state == RunState.DONE
    for _ in range(ATTEMPTS - 1):
        assert await worker.step()
        assert not await worker.step()
    failed = await read(ready, bad)
    assert failed.state == RunState.FAILED and failed.finished_at is not None
    assert (failed.failure or "").startswith("RuntimeError in faulty, test_runs.py:")
    assert alerts._value.get() == before + ATTEMPTS
    assert not await worker.step()


async def test_a_fault_in_one_kind_of_round_stops_no_other(
    ready: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    async def fails(session: Any, env: Any) -> int:
        raise KeyError("a fault of the program")

    async def works(session: Any, env: Any) -> int:
        done.append("works")
        return 0

    monkeypatch.setattr(rounds, "DUE", {"fails": fails, "works": works})
    assert not await rounds.do_round(ready.database, ready.env)
    assert done == ["works"]


async def test_steps_go_on_after_an_unforeseen_error() -> None:
    seen: list[int] = []

    async def step() -> bool:
        seen.append(len(seen))
        if len(seen) == 1:
            raise ZeroDivisionError
        if len(seen) == 4:
            raise asyncio.CancelledError
        return True

    with pytest.raises(asyncio.CancelledError):
        await step_for_ever("test", step, 0.0)
    assert seen == [0, 1, 2, 3]
