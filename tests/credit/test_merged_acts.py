"""In which order rows are locked by what is done at a merged subject in the rooms beside the lists."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from credit.honours.deeds import HonourDeeds
from credit.subjects.repository import SubjectRepository
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from .conftest import Service
from .listing import reviewer
from .test_commitments import BROKEN, CONFIRM, user_of
from .test_commitments import body as commitment
from .test_honours import granted
from .test_merged_listings import merged
from .test_merged_locks import HELD, WAITING, pair

LOCK = text("SELECT id FROM subjects WHERE id = :id FOR UPDATE")

HAZARD = {"level": "major", "description": "疏散通道被占用", "department": "综合执法队"}


async def inns(service: Service) -> list[dict[str, Any]]:
    """An inn that was registered twice; the first has the smaller id."""
    return [await service.subject(kind="homestay", key=None, name="重复登记民宿") for _ in range(2)]


async def until_waiting(session: AsyncSession, task: asyncio.Task[Any]) -> None:
    for _ in range(200):
        if await session.scalar(WAITING):
            break
        await asyncio.sleep(0.02)
    assert not task.done()


async def prepared(service: Service, act: str) -> tuple[str, str, str, dict[str, Any]]:
    """A survivor, whom it merged, and what is asked of the merged: path and body."""
    body: dict[str, Any]
    if act == "suspend an honour":
        twins = await inns(service)
        path, body = f"{await granted(service, twins[1])}/suspension", {"note": "待核查"}
    elif act == "break a commitment":
        twins = await inns(service)
        path = f"/commitments/{(await service.post('/commitments', commitment(twins[1])))['id']}"
        await service.post(f"{path}/verify", BROKEN, 200)
        await service.post(f"{path}/statement", {"text": "无意见。"}, 200, user_of(service, twins[1]))
        path, body = f"{path}/decide", CONFIRM
    else:
        twins = list(await pair(service))
        path, body = "/hazards", HAZARD | {"subject_id": twins[1]["id"]}
        if act == "close a hazard":
            path = f"/hazards/{(await service.post(path, body))['id']}"
            over = {"authority": "消防救援机构", "reference": "移送〔2026〕5号", "reason": "涉嫌违法"}
            await service.post(f"{path}/hand-over", over, 200)
            proof = {"evidence": await service.proof(twins[1]), "reference": "消防函〔2026〕5号"}
            body = proof | {"passed": True, "inspectors": ["a", "b"], "note": "已整改"}
            path = f"{path}/recheck"
    await merged(service, twins[1], twins[0])
    return twins[0]["id"], twins[1]["id"], path, body


@pytest.mark.parametrize(
    "act", ["find a hazard", "close a hazard", "suspend an honour", "break a commitment"]
)
async def test_a_merged_subject_is_not_held_while_its_survivor_is_awaited(service: Service, act: str) -> None:
    survivor, other, path, body = await prepared(service, act)
    assert UUID(survivor) < UUID(other)
    who = reviewer(service) if act == "break a commitment" else service.who(sub="other-1")
    async with service.app.state.db.session() as session:
        await session.execute(LOCK, {"id": UUID(survivor)})
        asked = service.http.post(f"/api/v1/credit{path}", json=body, headers=who)
        task = asyncio.create_task(asked)
        await until_waiting(session, task)
        assert await session.scalar(HELD, {"id": UUID(other)}), "an unmerge locks it next"
    assert (await task).status_code in {200, 201}


@pytest.mark.parametrize("way", ["one", "several", "key"])
async def test_a_survivor_is_not_held_while_whom_it_merged_is_awaited(service: Service, way: str) -> None:
    other = await service.subject(kind="unlicensed_operator", key=None, name="虚构无证经营点")
    firm = await service.subject(name="后登记的样例旅行社（虚构）")
    assert UUID(other["id"]) < UUID(firm["id"])
    await merged(service, other, firm)
    database = service.app.state.db

    async def lock() -> list[UUID]:
        async with database.session() as session:
            subjects = SubjectRepository(session)
            if way == "several":
                return list(await subjects.lock_all([UUID(firm["id"]), UUID(other["id"])], None))
            one = await (
                subjects.lock_by_key(firm["key"]) if way == "key" else subjects.lock(UUID(firm["id"]), None)
            )
            return [] if one is None else [one.id]

    async with database.session() as session:
        await session.execute(LOCK, {"id": UUID(other["id"])})
        task = asyncio.create_task(lock())
        await until_waiting(session, task)
        assert await session.scalar(HELD, {"id": UUID(firm["id"])}), "a merger or an unmerge locks it next"
    assert await task == [UUID(one["id"]) for one in ((other, firm) if way == "several" else (firm,))]


async def test_the_round_over_honours_waits_for_no_survivor(service: Service) -> None:
    firm, other = await inns(service)
    path = await granted(service, other)
    await merged(service, other, firm)
    honour = UUID(path.rpartition("/")[2])
    state = service.app.state
    async with state.db.session() as session, state.db.session() as second:
        await session.execute(LOCK, {"id": UUID(firm["id"])})
        assert await asyncio.wait_for(HonourDeeds(second, state.env).watch([honour]), 10) == 0
    async with state.db.session() as session:
        assert await HonourDeeds(session, state.env).watch([honour]) == 1


@pytest.mark.parametrize("asked", ["merged", "survivor", "family"])
async def test_a_subject_awaited_through_a_merger_is_not_held_while_the_other_is_awaited(
    service: Service, asked: str
) -> None:
    kinds: list[dict[str, Any]] = [{}, {"kind": "unlicensed_operator", "key": None}]
    made = [await service.subject(**kind) for kind in (reversed(kinds) if asked == "survivor" else kinds)]
    if asked == "family":
        made.append(await service.subject(kind="unlicensed_operator", key=None, name="虚构无证经营点"))
        await merged(service, made[2], made[1])
    low, high = UUID(made[0]["id"]), UUID(made[-1]["id"])
    other, firm = (low, high) if asked == "survivor" else (UUID(made[1]["id"]), low)
    merge = text("UPDATE subjects SET merged_into = :into, status = 'closed' WHERE id = :id")
    database = service.app.state.db

    async def lock() -> None:
        async with database.session() as session:
            assert await SubjectRepository(session).lock(high, None) is not None

    async with database.session() as session:
        async with database.session() as merging:
            for one in made:
                await merging.execute(LOCK, {"id": UUID(one["id"])})
            await merging.execute(merge, {"id": other, "into": firm})
            task = asyncio.create_task(lock())
            await until_waiting(merging, task)
            taking = asyncio.create_task(session.execute(LOCK, {"id": low}))
            for _ in range(200):
                if await merging.scalar(WAITING) == 2:
                    break
                await asyncio.sleep(0.02)
        await taking
        await until_waiting(session, task)
        assert await session.scalar(HELD, {"id": high}), "whoever writes of the two locks it next"
    await task


async def test_no_row_of_many_is_looked_for_along_the_whole_list(service: Service) -> None:
    class Asked(list[UUID]):
        def __contains__(self, one: object) -> bool:
            raise AssertionError("five thousand drawn objects take seconds so")

    ids = Asked(UUID(one["id"]) for one in await inns(service))
    async with service.app.state.db.session() as session:
        assert list(await SubjectRepository(session).lock_all(ids, None)) == ids
