"""What is done with a listing of a merged subject: whose paper counts, and in which order rows are locked."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from credit.facts.showings import Showings
from credit.subjects.repository import SubjectRepository
from sqlalchemy import text

from .conftest import Service
from .listing import opened, to_decided
from .objecting import Room
from .test_inspections import TEAM, finished, ordered
from .test_merged_listings import merged

HELD = text("SELECT id FROM subjects WHERE id = :id FOR UPDATE NOWAIT")
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


async def pair(service: Service) -> tuple[dict[str, Any], dict[str, Any]]:
    """A firm, and an operator registered after it, so that the survivor has the smaller id."""
    firm = await service.subject(name="先登记的样例旅行社（虚构）")
    operator = await service.subject(kind="unlicensed_operator", key=None, name="虚构无证经营点")
    assert UUID(firm["id"]) < UUID(operator["id"])
    return firm, operator


async def inns(service: Service) -> tuple[dict[str, Any], dict[str, Any]]:
    """An inn that was registered twice, the first of which survives."""
    given: dict[str, Any] = {
        "kind": "homestay",
        "key": None,
        "region": "140802",
        "name": "重复登记样例民宿（虚构）",
    }
    await service.on_duty(*TEAM, expertise=["safety"])
    first, again = await service.subject(**given), await service.subject(**given)
    assert UUID(first["id"]) < UUID(again["id"])
    return first, again


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


@pytest.mark.parametrize("act", ["publish", "look", "accept", "show"])
async def test_a_merged_subject_is_not_held_while_its_survivor_is_awaited(service: Service, act: str) -> None:
    firm, other = await (pair(service) if act != "show" else inns(service))
    if act == "show":
        visit = await finished(
            service, await ordered(service, other, items=["SAFE-FIRE"]), "problem_found", "problem"
        )
        path, who = f"/inspections/{visit['id']}", service.who(sub="second")
        await service.post(f"{path}/decide", {"note": "事实清楚"}, 200, service.who(sub="chief"))
        path = f"{path}/publish"
    else:
        draft = await to_decided(service, await opened(service, "SEV-T-5", subject_id=other["id"]))
        path, who = f"/listings/{draft['id']}/publish", service.who()
    if act == "accept":
        room = Room(service)
        made = await room.file({"target": "listing", "listing_id": draft["id"]}, room.own(other))
        path, who = f"/objections/{made['id']}/accept", room.officer
    await merged(service, other, firm)
    state = service.app.state

    async def do() -> None:
        if act != "look":
            await service.post(path, {}, 200, who)
            return
        async with state.db.session() as session:
            await Showings(session, state.env).look_again(UUID(other["id"]))

    async with state.db.session() as session:
        assert await SubjectRepository(session).lock(UUID(firm["id"]), None) is not None
        task = asyncio.create_task(do())
        for _ in range(200):
            if await session.scalar(WAITING):
                break
            await asyncio.sleep(0.02)
        assert not task.done()
        assert await session.scalar(HELD, {"id": UUID(other["id"])}), "an unmerge locks it next"
    await task
