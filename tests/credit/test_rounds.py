"""Due work done piece by piece: one that fails holds back no other, is told, and is tried again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from credit import rounds
from credit.rounds import Singly, Together, do_round


class Pieces:
    """A database that only counts transactions, and pieces of which some cannot be done."""

    def __init__(self, due: int, broken: set[int]) -> None:
        self.due, self.broken = set(range(due)), broken
        self.transactions = self.kept = 0

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Any]:
        self.transactions += 1
        yield self
        self.kept += 1

    async def find(self, session: Any, env: Any, after: int | None) -> list[int]:
        behind = sorted(one for one in self.due if after is None or one > after)
        return behind[: rounds.CHUNK]

    async def do(self, session: Any, env: Any, key: int) -> bool:
        if key in self.broken:
            raise ValueError(key)
        self.due.discard(key)
        return True


async def test_a_piece_that_fails_holds_back_no_other_and_stays_due(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(rounds, "report", lambda work, error: told.append(work))
    monkeypatch.setattr(rounds, "CHUNK", 4)
    pieces = Pieces(10, broken={0, 1, 2, 3, 5})
    monkeypatch.setattr(rounds, "DUE", {"pieces": Singly(pieces.find, pieces.do)})
    await do_round(pieces, None)  # type: ignore[arg-type]
    assert pieces.due == {0, 1, 2, 3, 5}, "a whole chunk that fails is passed over"
    assert told == [f"rounds: pieces: {one}" for one in (0, 1, 2, 3, 5)]
    pieces.broken = set()
    assert await do_round(pieces, None)  # type: ignore[arg-type]
    await do_round(pieces, None)  # type: ignore[arg-type]
    assert pieces.due == set() and len(told) == 5


async def test_pieces_that_wait_hold_back_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred draws whose witness is away are not done, and do not fail; others behind them are done."""
    monkeypatch.setattr(rounds, "CHUNK", 4)
    pieces = Pieces(10, broken=set())
    waiting = {0, 1, 2, 3, 5}

    async def do(session: Any, env: Any, key: int) -> bool:
        return key not in waiting and await pieces.do(session, env, key)

    monkeypatch.setattr(rounds, "DUE", {"pieces": Singly(pieces.find, do)})
    await do_round(pieces, None)  # type: ignore[arg-type]
    assert pieces.due == waiting


async def test_each_piece_has_a_transaction_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "report", lambda work, error: None)
    pieces = Pieces(5, broken={2})
    monkeypatch.setattr(rounds, "DUE", {"pieces": Singly(pieces.find, pieces.do)})
    await do_round(pieces, None)  # type: ignore[arg-type]
    assert (pieces.transactions, pieces.kept) == (1 + 5, 1 + 4)


class Chunks(Pieces):
    """The same, done together."""

    async def do_all(self, session: Any, env: Any, keys: list[int]) -> int:
        return sum([await self.do(session, env, key) for key in keys if key in self.due])


async def test_a_chunk_is_done_in_one_transaction_unless_a_piece_of_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(rounds, "report", lambda work, error: told.append(work))
    monkeypatch.setattr(rounds, "CHUNK", 4)
    chunks = Chunks(8, broken=set())
    monkeypatch.setattr(rounds, "DUE", {"chunks": Together(chunks.find, chunks.do_all)})
    assert await do_round(chunks, None)  # type: ignore[arg-type]
    assert chunks.due == {4, 5, 6, 7} and (chunks.transactions, told) == (2, [])
    chunks.broken = {4, 5, 6}
    await do_round(chunks, None)  # type: ignore[arg-type]
    assert chunks.due == {4, 5, 6} and told == [f"rounds: chunks: {one}" for one in (4, 5, 6)]


async def test_an_outage_is_told_once_and_not_tried_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(rounds, "report", lambda work, error: told.append(work))

    async def away(session: Any, env: Any, keys: list[int]) -> int:
        raise ConnectionError

    chunks = Chunks(3, broken=set())
    monkeypatch.setattr(rounds, "DUE", {"chunks": Together(chunks.find, away)})
    assert not await do_round(chunks, None)  # type: ignore[arg-type]
    assert told == ["rounds: chunks"]


async def test_work_that_takes_many_steps_is_gone_on_with_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    left = {1: 2, 2: 1}

    async def find(session: Any, env: Any, after: int | None) -> list[int]:
        return [key for key, steps in left.items() if steps and (after is None or key > after)]

    async def step(session: Any, env: Any, key: int) -> bool:
        left[key] -= 1
        return True

    monkeypatch.setattr(rounds, "DUE", {"steps": Singly(find, step, goes_on=True)})
    assert await do_round(Pieces(0, broken=set()), None)  # type: ignore[arg-type]
    assert left == {1: 1, 2: 0}
    assert not await do_round(Pieces(0, broken=set()), None), "the last step was the last"  # type: ignore[arg-type]
    assert left == {1: 0, 2: 0}
