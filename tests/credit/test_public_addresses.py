"""Whom a key or licence leads to on the public page: the last survivor, and one subject only."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from .conftest import Service

PUBLIC = "/api/v1/credit/public/subjects"


async def put(service: Service, sql: str, **given: Any) -> None:
    async with service.app.state.db.session() as session:
        await session.execute(text(sql), given)


async def test_a_chain_of_mergers_leads_to_its_end(service: Service) -> None:
    first, second, last = [await service.subject() for _ in range(3)]
    merged = "UPDATE subjects SET merged_into = :into, status = 'closed' WHERE id = :id"
    await put(service, merged, id=UUID(second["id"]), into=UUID(last["id"]))
    await put(service, merged, id=UUID(first["id"]), into=UUID(second["id"]))
    shown = (await service.http.get(f"{PUBLIC}/{first['key']}")).json()
    assert (shown["key"], shown["status"]) == (last["key"], "active")


async def test_a_key_goes_before_another_subjects_licence_of_that_number(service: Service) -> None:
    one, other = await service.subject(), await service.subject()
    await put(
        service,
        "UPDATE subjects SET license_no = :key WHERE id = :id",
        id=UUID(other["id"]),
        key=one["key"],
    )
    answer = await service.http.get(f"{PUBLIC}/{one['key']}")
    assert answer.status_code == 200 and answer.json()["name"] == one["name"]
    assert answer.json()["license_no"] == one["license_no"]
