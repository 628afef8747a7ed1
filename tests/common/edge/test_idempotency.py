"""A write with a key happens once, and its answer is given again to nobody who may not have it."""

import asyncio
from datetime import timedelta

import pytest
from common import idempotency
from common.idempotency import ANSWERS, KEPT_FOR, PURGED_AT_ONCE, purge
from sqlalchemy import func, insert, select

from .conftest import SCOPE, Edge


async def test_the_first_answer_comes_again_with_its_headers(edge: Edge) -> None:
    key = {"Idempotency-Key": "again"}
    first = await edge.http.post("/edge/notes", json={"words": "again"}, headers=key)
    again = await edge.http.post("/edge/notes", json={"words": "again"}, headers=key)
    assert (first.status_code, first.content, first.headers["location"]) == (
        again.status_code,
        again.content,
        again.headers["location"],
    )
    assert await edge.notes("again") == 1


async def test_a_key_belongs_to_one_path_and_query(edge: Edge) -> None:
    key = {"Idempotency-Key": "scope"}
    for path in ("/edge/notes", "/edge/notes?then=nothing", "/edge/notes?then=other"):
        assert (await edge.http.post(path, json={"words": "scope"}, headers=key)).status_code == 201
    assert await edge.notes("scope") == 3


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 201),
        ({"scopes": [SCOPE, "admin", "pii:reveal"]}, 201),
        ({"scopes": [SCOPE, "admin"]}, 403),
        ({"regions": ["140100"]}, 403),
        ({"regions": ["110000"]}, 403),
        ({"regions": []}, 403),
        ({"regions": ["000000"]}, 201),
        ({"department": "12345"}, 403),
        ({"kind": "client"}, 403),
    ],
)
async def test_lost_rights_end_the_repetition(edge: Edge, claims: dict[str, object], status: int) -> None:
    name = f"rights {claims}"
    key = {"Idempotency-Key": name.replace(" ", "")}
    first = {"scopes": [SCOPE, "pii:reveal"], "regions": ["140000"]}
    answer = await edge.http.post("/edge/notes", json={"words": name}, headers=edge.who(**first) | key)
    assert answer.status_code == 201
    again = await edge.http.post(
        "/edge/notes", json={"words": name}, headers=edge.who(**(first | claims)) | key
    )
    assert again.status_code == status
    assert await edge.notes(name) == 1


@pytest.mark.parametrize("then", ["busy", "down", "file"])
async def test_answers_that_are_not_final_or_not_whole_are_not_kept(edge: Edge, then: str) -> None:
    key = {"Idempotency-Key": then}
    for count in (1, 2):
        answer = await edge.http.post(f"/edge/notes?then={then}", json={"words": then}, headers=key)
        assert answer.status_code in {200, 429, 503}
        assert "idempotency-replayed" not in answer.headers
        assert await edge.notes(then) == count


@pytest.mark.parametrize("then", ["die", "lose", "orphan"])
async def test_a_crash_leaves_neither_the_work_nor_the_answer(edge: Edge, then: str) -> None:
    words = f"crash {then}"
    key = {"Idempotency-Key": words.replace(" ", "-")}
    path = f"/edge/notes?then={then}"
    for _ in range(2):
        answer = await edge.http.post(path, json={"words": words}, headers=key)
        assert answer.status_code in {409, 503}
        assert "idempotency-replayed" not in answer.headers
    assert await edge.notes(words) == 0


async def test_many_at_once_make_one(edge: Edge) -> None:
    key = {"Idempotency-Key": "crowd"}
    answers = await asyncio.gather(
        *(edge.http.post("/edge/notes", json={"words": "crowd"}, headers=key) for _ in range(12))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert await edge.notes("crowd") == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "schlüssel".encode().decode("latin-1")])
async def test_a_key_is_visible_ascii(edge: Edge, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    answer = await edge.http.post("/edge/notes", json={"words": "key"}, headers=headers)
    assert answer.json()["errors"][0]["pointer"] == "header/Idempotency-Key"


async def test_old_answers_expire_and_are_purged_a_few_at_a_time(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = {"Idempotency-Key": "old"}
    assert (await edge.http.post("/edge/notes", json={"words": "old"}, headers=key)).status_code == 201
    now = edge.app.state.clock.now()
    monkeypatch.setattr(idempotency, "KEPT_FOR", timedelta(seconds=-60))
    assert (await edge.http.post("/edge/notes", json={"words": "new"}, headers=key)).status_code == 201
    monkeypatch.undo()
    stale = {"body_hash": b"", "answer": "", "created_at": now - KEPT_FOR}
    async with edge.app.state.db.session() as session:
        before = await session.scalar(select(func.count()).select_from(ANSWERS))
        rows = [stale | {"scope": number.to_bytes(4, "big")} for number in range(PURGED_AT_ONCE + 7)]
        await session.execute(insert(ANSWERS), rows)
        assert await purge(session, now) == PURGED_AT_ONCE
        assert await purge(session, now) == 7
        assert await session.scalar(select(func.count()).select_from(ANSWERS)) == before
