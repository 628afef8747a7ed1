"""Events that could not be applied: officers see them, try them again, or dismiss them."""

from typing import Any

from common.db import new_id

from .conftest import Service
from .test_intake import penalty, take, violation


async def parked(service: Service, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await service.get("/parked-events", **query))["items"]
    return items


async def test_an_event_without_a_key_is_applied_to_the_subject_an_officer_names(service: Service) -> None:
    event_id = new_id()
    await take(service, "penalty_decided", penalty(service.key(), "ZF-P1", subject_key=None), event_id)
    waiting = {one["event_id"]: one for one in await parked(service, state="waiting")}
    assert (waiting[str(event_id)]["region"], waiting[str(event_id)]["type"]) == ("140105", "penalty_decided")
    path = f"/parked-events/{event_id}"
    assert (await service.post(f"{path}/retry", {}, 404))["type"] == "/problems/subject-not-found"
    subject = await service.subject()
    abroad = service.who("140200")
    await service.post(f"{path}/retry", {"subject_id": subject["id"]}, 404, who=abroad)
    done = await service.post(f"{path}/retry", {"subject_id": subject["id"]}, 200)
    assert (done["state"], done["settled_by"] is not None) == ("applied", True)
    facts = (await service.get(f"/subjects/{subject['id']}/facts"))["items"]
    assert [one["source"]["reference"] for one in facts] == ["ZF-P1"]
    again = await service.post(f"{path}/retry", {"subject_id": subject["id"]}, 409)
    assert again["type"] == "/problems/parked-event-settled"


async def test_a_contradiction_stays_until_it_is_dismissed_with_a_reason(service: Service) -> None:
    subject = await service.subject()
    await take(service, "violation_confirmed", violation(subject["key"], "TS-P1"))
    event_id = new_id()
    other = violation(subject["key"], "TS-P1", confirmed_on="2026-11-19")
    await take(service, "violation_confirmed", other, event_id)
    path = f"/parked-events/{event_id}"
    stays = await service.post(f"{path}/retry", {}, 409)
    assert (stays["type"], stays["reason"]) == ("/problems/parked-event-stays", "/problems/fact-conflict")
    await service.post(f"{path}/dismiss", {"reason": ""}, 422)
    done = await service.post(f"{path}/dismiss", {"reason": "同一案件重复报送"}, 200)
    assert (done["state"], done["reason"]) == ("dismissed", "同一案件重复报送")
    assert str(event_id) not in {one["event_id"] for one in await parked(service, state="conflict")}


async def test_parked_events_are_for_officers_of_their_region(service: Service) -> None:
    event_id = new_id()
    await take(service, "penalty_decided", penalty(service.key(), "ZF-P2"), event_id)
    strange = new_id()
    await take(service, "penalty_decided", {"nothing": "known"}, strange)

    async def seen(*regions: str) -> set[str]:
        found = await service.get("/parked-events", who=service.who(*regions))
        return {one["event_id"] for one in found["items"]} & {str(event_id), str(strange)}

    assert await seen("140000") == {str(event_id), str(strange)}
    assert await seen("140100") == {str(event_id)}
    assert await seen("140200") == set()
    await service.get("/parked-events", 403, who=service.who(scopes=["credit:read"]))
    unread = await service.post(f"/parked-events/{strange}/retry", {}, 404)
    assert unread["type"] == "/problems/subject-not-found"
    first = await service.get("/parked-events", limit=1)
    second = await service.get("/parked-events", limit=1, cursor=first["next_cursor"])
    assert first["items"][0]["event_id"] != second["items"][0]["event_id"]
    await service.get("/parked-events", 422, cursor="bm90IG91cnM")
