"""Due work done piece by piece: one that fails holds back no other, is told, and is tried again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from credit import rounds
from credit.rounds import Singly, do_round


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


async def test_each_piece_has_a_transaction_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "report", lambda work, error: None)
    pieces = Pieces(5, broken={2})
    monkeypatch.setattr(rounds, "DUE", {"pieces": Singly(pieces.find, pieces.do)})
    await do_round(pieces, None)  # type: ignore[arg-type]
    assert (pieces.transactions, pieces.kept) == (1 + 5, 1 + 4)
