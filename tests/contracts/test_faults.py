"""Bad input, and connections that die under load: nothing half stored, nothing acknowledged and lost."""

import asyncio
import json
from typing import Any

import asyncpg

from .conftest import World
from .samples import changed, domestic

PATH = "/api/v1/contracts/contracts"


MALFORMED: list[tuple[bytes, int, str | None]] = [
    (b"", 422, None),
    (b"{", 400, None),
    (b"[]", 422, None),
    (b'{"schema_version": NaN}', 400, None),
    (b"\xff\xfe", 400, None),
    (b'{"a": "\\ud800"}', 400, None),
    (b'{"a": "\\u0000"}', 400, None),
    (b"[" * 200 + b"]" * 200, 400, None),
    (json.dumps(changed(domestic(), {"fees.total_fen": "872000"})).encode(), 422, "/fees/total_fen"),
    (json.dumps(changed(domestic(), {"fees.total_fen": True})).encode(), 422, "/fees/total_fen"),
    (
        json.dumps(changed(domestic(), {"itinerary[2].date": "2026-02-30"})).encode(),
        422,
        "/itinerary/2/date",
    ),
    (json.dumps(domestic() | {"unknown": 1}).encode(), 422, "/unknown"),
    (
        json.dumps(changed(domestic(), {"contract.signed_at": "2001-01-01T00:00:00+08:00"})).encode(),
        422,
        "/contract/signed_at",
    ),
    (
        json.dumps(changed(domestic(), {"submitting_platform.platform_order_no": "9" * 201})).encode(),
        422,
        "/submitting_platform/platform_order_no",
    ),
]


async def test_malformed_documents_are_named_and_nothing_is_stored(world: World) -> None:
    headers = world.ota() | {"Content-Type": "application/json"}
    for body, status, pointer in MALFORMED:
        answer = await world.client.post(PATH, content=body, headers=headers)
        assert answer.status_code == status, (body[:40], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        if pointer:
            assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    for table in ("contracts", "attempts", "price_alerts", "outbox", "filed_orders"):
        assert await world.count(table) == 0


async def test_strange_paths_and_queries_are_no_server_errors(world: World) -> None:
    for path in (
        "/contracts/%00",
        "/contracts/x/receipt",
        "/contracts/x/versions/0",
        "/contracts/x/versions/99999999999",
        "/contracts?cursor=%00",
        "/contracts?cursor=W10",
        "/contracts?order_no=%00",
        "/contracts?limit=0",
        "/price-alerts?agency_key=%F0%9F%90%BC",
        "/rules?on=0000-00-00",
        "/rules?region=abc",
        "/rules?region=999999",
        "/rules?on=1999-01-01",
        "/public/verify/%00",
    ):
        headers = world.officer("140000", scopes=("contracts:supervise", "contracts:read"))
        answer = await world.client.get(f"/api/v1/contracts{path}", headers=headers)
        assert answer.status_code < 500, (path, answer.text)


async def test_dying_connections_lose_nothing_that_was_acknowledged(world: World) -> None:
    orders = [changed(domestic(), {"submitting_platform.platform_order_no": f"F-{n}"}) for n in range(40)]
    stopped = asyncio.Event()
    outages = 0

    async def kill() -> int:
        url = world.app.state.settings.database_url
        killer = await asyncpg.connect(url)
        killed = 0
        try:
            while not stopped.is_set():
                killed += await killer.fetchval(
                    "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    " ORDER BY random() LIMIT 1) AS one"
                )
                await asyncio.sleep(0.1)
        finally:
            await killer.close()
        return killed

    async def submit(order: Any) -> bytes:
        nonlocal outages
        for _ in range(200):
            answer = await world.submit(order)
            if answer.status_code == 201:
                return answer.content
            assert answer.status_code == 503, answer.text
            assert answer.headers["Retry-After"]
            outages += 1
            await asyncio.sleep(0.02)
        raise AssertionError("never acknowledged")

    killer = asyncio.create_task(kill())
    gate = asyncio.Semaphore(8)

    async def gated(order: Any) -> bytes:
        async with gate:
            return await submit(order)

    try:
        bodies = await asyncio.gather(*(gated(order) for order in orders))
    finally:
        stopped.set()
        killed = await killer
    assert killed > 0
    await world.db.dispose()  # whoever was killed while idle in the pool is not met below
    assert outages > 0
    numbers = {json.loads(body)["contract_no"] for body in bodies}
    assert len(numbers) == len(orders)
    assert await world.count("contracts") == await world.count("ledger_promises") == len(orders)
    assert len(await world.events("contract_registered")) == len(orders)
    for order, body in zip(orders, bodies, strict=True):
        assert (await world.submit(order)).content == body
