"""What is done with a listing of a merged subject: whose paper counts, and in which order rows are locked."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from credit.facts.showings import Showings
from credit.subjects.repository import SubjectRepository
from sqlalchemy import text

from .conftest import Service
from .test_listings import opened, to_decided
from .test_merged_listings import merged

HELD = text("SELECT id FROM subjects WHERE id = :id FOR UPDATE NOWAIT")
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


async def pair(service: Service) -> tuple[dict[str, Any], dict[str, Any]]:
    """A firm, and an operator registered after it, so that the survivor has the smaller id."""
    firm = await service.subject(name="先登记的样例旅行社（虚构）")
    operator = await service.subject(kind="unlicensed_operator", key=None, name="虚构无证经营点")
    assert UUID(firm["id"]) < UUID(operator["id"])
    return firm, operator


async def test_paper_uploaded_at_the_survivor_or_at_the_merged_is_heard(service: Service) -> None:
    clerk = service.who(sub="clerk-1", scopes=["credit:read", "credit:write"])
    for at_survivor in (True, False):
        firm, operator = await pair(service)
        draft = await opened(service, "SEV-T-5", subject_id=operator["id"])
        await service.post(f"/listings/{draft['id']}/notify", {}, 200)
        words: dict[str, Any] = {"text": "无意见（代录）。"}
        if not at_survivor:
            words["request"] = await service.paper(operator)
        await merged(service, operator, firm)
        if at_survivor:
            words["request"] = await service.paper(firm)
        path = f"/listings/{draft['id']}/statement"
        assert (await service.post(path, words, 200, clerk))["state"] == "defence"


@pytest.mark.parametrize("act", ["publish", "look"])
async def test_a_merged_subject_is_not_held_while_its_survivor_is_awaited(service: Service, act: str) -> None:
    firm, operator = await pair(service)
    draft = await to_decided(service, await opened(service, "SEV-T-5", subject_id=operator["id"]))
    await merged(service, operator, firm)
    state = service.app.state

    async def do() -> None:
        if act == "publish":
            await service.post(f"/listings/{draft['id']}/publish", {}, 200)
            return
        async with state.db.session() as session:
            await Showings(session, state.env).look_again(UUID(operator["id"]))

    async with state.db.session() as session:
        assert await SubjectRepository(session).lock(UUID(firm["id"]), None) is not None
        task = asyncio.create_task(do())
        for _ in range(200):
            if await session.scalar(WAITING):
                break
            await asyncio.sleep(0.02)
        assert not task.done()
        assert await session.scalar(HELD, {"id": UUID(operator["id"])}), "an unmerge locks it next"
    await task
