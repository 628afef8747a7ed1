"""In which order rows are locked by what is done at a merged subject in the rooms beside the lists."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from credit.subjects.repository import SubjectRepository

from .conftest import Service
from .test_honours import granted
from .test_merged_listings import merged
from .test_merged_locks import HELD, WAITING, pair

HAZARD = {"level": "major", "description": "疏散通道被占用", "department": "综合执法队"}


async def prepared(service: Service, act: str) -> tuple[str, str, str, dict[str, Any]]:
    """A survivor, whom it merged, and what is asked of the merged: path and body."""
    body: dict[str, Any]
    if act == "suspend an honour":
        twins = [await service.subject(kind="homestay", key=None, name="重复登记民宿") for _ in range(2)]
        path, body = f"{await granted(service, twins[1])}/suspension", {"note": "待核查"}
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


@pytest.mark.parametrize("act", ["find a hazard", "close a hazard", "suspend an honour"])
async def test_a_merged_subject_is_not_held_while_its_survivor_is_awaited(service: Service, act: str) -> None:
    survivor, other, path, body = await prepared(service, act)
    assert UUID(survivor) < UUID(other)
    async with service.app.state.db.session() as session:
        assert await SubjectRepository(session).lock(UUID(survivor), None) is not None
        asked = service.http.post(f"/api/v1/credit{path}", json=body, headers=service.who(sub="other-1"))
        task = asyncio.create_task(asked)
        for _ in range(200):
            if await session.scalar(WAITING):
                break
            await asyncio.sleep(0.02)
        assert not task.done()
        assert await session.scalar(HELD, {"id": UUID(other)}), "an unmerge locks it next"
    assert (await task).status_code in {200, 201}
