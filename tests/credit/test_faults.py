"""Connections that die under load: nothing acknowledged is lost, nothing done twice, no answer is a 500."""

import asyncio
from typing import Any

import asyncpg

from .conftest import Service

WRITERS, KILLED = 8, 30


async def kill_connections(url: str, stopped: asyncio.Event) -> int:
    """End connections of the service, most of them just when events are told of; gives how many."""
    killer = await asyncpg.connect(url)
    killed = 0
    try:
        while killed < KILLED and not stopped.is_set():
            killed += await killer.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND (query LIKE '%event_epoch%' OR query LIKE 'COPY%' OR random() < 0.02)"
                " ORDER BY random() LIMIT 1) AS one"
            )
            await asyncio.sleep(0.002)
    finally:
        await killer.close()
    return killed


async def test_dying_connections_lose_no_fact_and_are_never_an_error_of_the_service(service: Service) -> None:
    made = [await service.subject() for _ in range(WRITERS)]
    bodies = [
        service.fact_body(made[number % WRITERS], "VALID_COMPLAINT", "2026-05-01") for number in range(40)
    ]
    stopped, gate, outages = asyncio.Event(), asyncio.Semaphore(WRITERS), 0

    async def recorded(body: dict[str, Any]) -> str:
        nonlocal outages
        async with gate:
            for _ in range(200):
                answer = await service.http.post("/api/v1/credit/facts", json=body, headers=service.who())
                if answer.status_code in {200, 201}:
                    return str(answer.json()["id"])
                assert answer.status_code == 503, answer.text
                outages += 1
                await asyncio.sleep(0.02)
        raise AssertionError("never acknowledged")

    killing = asyncio.create_task(kill_connections(service.app.state.settings.database_url, stopped))
    try:
        ids = await asyncio.gather(*(recorded(body) for body in bodies))
    finally:
        stopped.set()
        killed = await killing
    await service.app.state.db.dispose()  # whoever was killed while idle in the pool is not met below
    assert killed and outages
    assert len(set(ids)) == len(bodies)
    for number, subject in enumerate(made):
        stored = (await service.get(f"/subjects/{subject['id']}/facts"))["items"]
        assert {one["id"] for one in stored} == set(ids[number::WRITERS])
        assert len(stored) == len(ids[number::WRITERS])
