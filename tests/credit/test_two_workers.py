"""Sweeps and board runs by several workers at once that are interrupted: each thing happens once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import pytest
from common.auth import Principal
from common.testing import ServiceDatabase
from credit.boards.models import Board
from credit.boards.rules import Side, State
from credit.boards.schemas import BoardIn
from credit.boards.service import BoardService
from credit.boards.work import BoardWork
from credit.sweeps import service as sweeps
from credit.sweeps.service import SweepService
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from .crowds import QUARTER, Found, crowd
from .killing import Mortal
from .populations import Stage, stage

LINFEN = "141000"


@pytest.fixture
async def ready(
    credit_database: ServiceDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    async with stage(credit_database, tmp_path_factory.mktemp("workers")) as running:
        yield running


async def rows(ready: Stage | Mortal, query: str) -> list[tuple[Any, ...]]:
    async with ready.database.session() as session:
        return [tuple(row) for row in await session.execute(text(query))]


class Crash(Exception):
    """What ends a transaction in the middle; nothing of it is stored."""


async def work(
    ready: Stage,
    step: Callable[[AsyncSession], Awaitable[int]],
    over: Callable[[], Awaitable[bool]],
    chance: Random,
) -> int:
    """Steps, each in a transaction, a third of which ends in a crash; gives how many did."""
    crashes = 0
    while not await over():
        try:
            async with ready.database.session() as session:
                await step(session)
                if chance.random() < 0.3:
                    raise Crash
        except Crash:
            crashes += 1
        await asyncio.sleep(0.001)
    return crashes


async def swept(ready: Stage, workers: int, chance: Random) -> int:
    async def step(session: AsyncSession) -> int:
        service = SweepService(session, ready.env)
        for key in await service.unfinished(None, 100):
            if await service.sweep(key):
                return 1
        return 0

    async def over() -> bool:
        [(open_still, entered)] = await rows(
            ready, "SELECT count(*) FILTER (WHERE done_at IS NULL), count(*) FROM warning_sweeps"
        )
        return entered > 0 and open_still == 0

    return sum(await asyncio.gather(*(work(ready, step, over, chance) for _ in range(workers))))


async def check_warnings(ready: Stage | Mortal, found: Found) -> None:
    """Everybody who is to be warned about is, once, with one event and one piece of evidence."""
    warned = await rows(
        ready,
        "SELECT w.rule_id, w.subject_id, count(s.warning_id), count(DISTINCT w.id), count(DISTINCT o.id)"
        " FROM warnings w LEFT JOIN warning_sources s ON s.warning_id = w.id"
        " LEFT JOIN outbox o ON o.aggregate_id = CAST(w.id AS text) AND o.type LIKE '%.warning_raised.%'"
        " GROUP BY w.rule_id, w.subject_id",
    )
    assert {row[2:] for row in warned} == {(1, 1, 1)}
    for rule, expected in found.warned.items():
        assert {row[1] for row in warned if row[0] == rule} == expected and expected
    counted = dict(await rows(ready, "SELECT rule_id, raised FROM warning_sweeps WHERE raised > 0"))
    assert counted == Counter(row[0] for row in warned)
    assert await rows(ready, "SELECT 1 FROM warning_sweeps WHERE found < raised") == []


async def test_two_interrupted_sweeps_warn_once(ready: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "CHUNK", 7)
    found = await crowd(ready.database, Random(1), 40)
    assert await swept(ready, 2, Random(2)) > 0
    await check_warnings(ready, found)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(3))
async def test_many_interrupted_sweeps_warn_once(
    ready: Stage, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "CHUNK", 20)
    found = await crowd(ready.database, Random(seed), 400)
    crashes = await swept(ready, 3, Random(seed))
    await check_warnings(ready, found)
    print(f"400 subjects, {sum(map(len, found.warned.values()))} warnings, {crashes} crashes")


async def judged(ready: Stage, workers: int, chance: Random, *until: State) -> int:
    async def step(session: AsyncSession) -> int:
        return await BoardWork(session, ready.env).step(10)

    async def over() -> bool:
        return {row[0] for row in await rows(ready, "SELECT state FROM boards")} <= set(until)

    return sum(await asyncio.gather(*(work(ready, step, over, chance) for _ in range(workers))))


def officer(sub: str) -> Principal:
    return Principal(sub, "tests", "officer", frozenset({"credit:read", "credit:decide"}), ("140000",))


async def opened(ready: Stage, period_day: date = QUARTER[0]) -> UUID:
    wanted = BoardIn(board="linfen-board", region=LINFEN, period_day=period_day)
    async with ready.database.session() as session:
        return (await BoardService(session, ready.env).open(officer("opener"), wanted)).id


async def check_board(ready: Stage | Mortal, found: Found) -> tuple[int, int]:
    """One fact for each rank and each published entry; gives how many are on the red and the black board."""
    ranked = await rows(
        ready,
        "SELECT subject_id, CAST(payload ->> 'rank' AS int) FROM facts WHERE code = 'RANKED'",
    )
    groups = found.arrivals
    assert Counter(ranked) == Counter(
        (one, 1 + sum(other > mine for other in groups.values())) for one, mine in groups.items()
    )
    boards: dict[str, set[UUID]] = {}
    for side in (Side.RED, Side.BLACK):
        decided = await rows(ready, f"SELECT subject_id FROM board_entries WHERE decided = '{side}'")
        code = f"{side}_board".upper()
        recorded = await rows(ready, f"SELECT subject_id FROM facts WHERE code = '{code}'")
        assert sorted(recorded) == sorted(decided) and decided
        boards[side] = {row[0] for row in decided}
    assert {one for one, count in found.complained.items() if count >= 3} <= boards[Side.BLACK]
    [(facts, told)] = await rows(
        ready,
        "SELECT (SELECT count(*) FROM facts WHERE source_kind = 'board'),"
        " (SELECT count(DISTINCT data ->> 'fact_id') FROM outbox WHERE type LIKE '%.fact_recorded.%')",
    )
    assert facts == told == len(ranked) + len(boards[Side.RED]) + len(boards[Side.BLACK])
    return len(boards[Side.RED]), len(boards[Side.BLACK])


async def test_a_board_run_that_fails_holds_back_no_other(
    ready: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crowd(ready.database, Random(1), 12)
    broken = await opened(ready)
    sound = await opened(ready, period_day=date(2026, 4, 1))
    rank = BoardWork._rank

    async def faulty(self: BoardWork, board: Board, limit: int) -> None:
        await rank(self, board, limit)
        if board.id == broken:
            raise KeyError("a fault of the program")

    monkeypatch.setattr(BoardWork, "_rank", faulty)
    for _ in range(5):
        async with ready.database.session() as session:
            await BoardWork(session, ready.env).step(100)
    states = dict(await rows(ready, "SELECT id, state FROM boards"))
    assert states == {broken: State.RANKING, sound: State.REVIEW}
    assert await rows(ready, "SELECT 1 FROM facts WHERE code = 'RANKED'") == []
    monkeypatch.undo()
    await judged(ready, 1, Random(0), State.REVIEW)
    assert len(await rows(ready, "SELECT 1 FROM facts WHERE code = 'RANKED'")) == 12


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2))
async def test_an_interrupted_board_run_records_once(ready: Stage, seed: int) -> None:
    """Three workers rank and judge; two people publish at once, of whom one does; three workers write."""
    found, chance = await crowd(ready.database, Random(seed), 150), Random(seed)
    board = await opened(ready)
    crashes = await judged(ready, 3, chance, State.REVIEW)

    async def publish(sub: str) -> str:
        async with ready.database.session() as session:
            return (await BoardService(session, ready.env).publish(officer(sub), board)).state

    outcomes = await asyncio.gather(publish("one"), publish("two"), return_exceptions=True)
    refused = [type(one).__name__ for one in outcomes if isinstance(one, Exception)]
    assert refused == ["BoardRefused"]
    crashes += await judged(ready, 3, chance, State.PUBLISHED)
    async with ready.database.session() as session:
        assert (await session.get_one(Board, board)).version == 2
    red, black = await check_board(ready, found)
    print(f"150 subjects, {red} red, {black} black, {crashes} crashes")
