"""Many facts in one request: each answered alone, all known once, subjects scored with everything."""

import asyncio
from typing import Any
from uuid import uuid4

from .conftest import Service

BATCH = "/facts:batch"


async def statuses(service: Service, facts: list[Any]) -> list[tuple[int, str | None]]:
    answer = await service.post(BATCH, {"facts": facts}, 200)
    assert [item["index"] for item in answer["items"]] == list(range(len(facts)))
    told = [(item["status"], item.get("problem", {}).get("type")) for item in answer["items"]]
    assert answer["recorded"] == sum(status == 201 for status, _ in told)
    assert answer["refused"] == sum(problem is not None for _, problem in told)
    return told


async def test_each_fact_is_answered_alone_and_good_ones_are_kept(service: Service) -> None:
    made, strange = await service.subject(), await service.subject(region="140200")
    body = service.fact_body(made, "PENALTY_WARNING", "2026-05-01")
    facts = [
        body,
        body,
        body | {"occurred_on": "2026-05-02"},
        service.fact_body(made, "UNKNOWN_CODE", "2026-05-01"),
        service.fact_body(made, "SERIOUS_LISTED", "2026-05-01"),
        {"subject_id": made["id"], "code": "PENALTY_WARNING", "occurred_on": "yesterday"},
        service.fact_body(made, "VALID_COMPLAINT", "2026-05-03") | {"subject_id": str(uuid4())},
        service.fact_body(strange, "VALID_COMPLAINT", "2026-05-03"),
        service.fact_body(made, "VALID_COMPLAINT", "2026-05-03"),
    ]
    who = service.who("140100")
    answer = await service.http.post(f"/api/v1/credit{BATCH}", json={"facts": facts}, headers=who)
    items = answer.json()["items"]
    assert [(item["status"], item.get("problem", {}).get("type")) for item in items] == [
        (201, None),
        (200, None),
        (409, "/problems/fact-conflict"),
        (422, "/problems/invalid-payload"),
        (422, "/problems/invalid-payload"),
        (422, "/problems/invalid-payload"),
        (404, "/problems/subject-not-found"),
        (404, "/problems/subject-not-found"),
        (201, None),
    ]
    assert items[0]["id"] == items[1]["id"] and items[0]["recorded_at"] < items[8]["recorded_at"]
    assert items[5]["problem"]["errors"][0]["pointer"] == "/occurred_on"
    kept = (await service.get(f"/subjects/{made['id']}/facts"))["items"]
    assert {fact["id"] for fact in kept} == {items[0]["id"], items[8]["id"]}
    assert (await service.get(f"/subjects/{strange['id']}/facts"))["items"] == []
    assert [status for status, _ in await statuses(service, [facts[0], facts[8]])] == [200, 200]


async def test_many_at_once_leave_what_one_after_the_other_leaves(service: Service) -> None:
    one, many = await service.subject(), await service.subject()
    facts = [("PENALTY_WARNING", "2026-05-01"), ("VALID_COMPLAINT", "2026-05-02")] * 4
    for code, day in facts:
        await service.fact(one, code, day)
    await statuses(service, [service.fact_body(many, code, day) for code, day in facts])
    views = [await service.get(f"/subjects/{made['id']}") for made in (one, many)]
    for member in ("score", "grade", "tier", "next_change_on"):
        assert views[0][member] == views[1][member]
    histories = [
        (await service.get(f"/subjects/{made['id']}/score/history"))["items"] for made in (one, many)
    ]
    assert [items[0]["grade"] for items in histories] == [views[0]["grade"]] * 2
    assert histories[1][0]["cause"] == "fact" and len(histories[1]) == 2
    scores = [await service.get(f"/subjects/{made['id']}/score") for made in (one, many)]
    assert len(scores[1]["result"]["contributions"]) == len(scores[0]["result"]["contributions"])


async def test_the_cause_of_a_grade_is_the_fact_of_the_batch_that_brought_it(service: Service) -> None:
    made = await service.subject()
    facts = [
        service.fact_body(made, "PENALTY_WARNING", "2026-05-01"),
        service.fact_body(made, "PENALTY_SUSPENSION", "2026-05-02"),
        service.fact_body(made, "PENALTY_WARNING", "2026-05-03"),
    ]
    answer = await service.post(BATCH, {"facts": facts}, 200)
    assert [item["status"] for item in answer["items"]] == [201, 201, 201]
    published = (await service.get(f"/subjects/{made['id']}/score/history"))["items"]
    assert len(published) == 2 and published[0]["fact_id"] == answer["items"][1]["id"]


async def test_batches_that_race_record_each_fact_once(service: Service) -> None:
    made = [await service.subject() for _ in range(4)]
    facts = [service.fact_body(one, "VALID_COMPLAINT", "2026-05-01") for one in made for _ in range(5)]
    orders = [facts, facts[::-1], facts[7:] + facts[:7], facts[::2] + facts[1::2]]
    answers = await asyncio.gather(*(service.post(BATCH, {"facts": order}, 200) for order in orders))
    assert sum(answer["recorded"] for answer in answers) == len(facts)
    assert {item["status"] for answer in answers for item in answer["items"]} <= {200, 201}
    for one in made:
        kept = (await service.get(f"/subjects/{one['id']}/facts"))["items"]
        assert len(kept) == 5 == len({fact["recorded_at"] for fact in kept})


async def test_a_batch_is_answered_again_by_its_key_and_has_bounds(service: Service) -> None:
    made = await service.subject()
    body = {"facts": [service.fact_body(made, "PENALTY_WARNING", "2026-05-01")]}
    headers = service.who() | {"Idempotency-Key": "bulk-1"}
    first, second = [
        await service.http.post(f"/api/v1/credit{BATCH}", json=body, headers=headers) for _ in range(2)
    ]
    assert first.content == second.content and first.json()["recorded"] == 1
    await service.post(BATCH, {"facts": []}, 422)
    await service.post(BATCH, {"facts": body["facts"] * 201}, 422)
    reader = service.who(scopes=["credit:read"])
    refused = await service.http.post(f"/api/v1/credit{BATCH}", json=body, headers=reader)
    assert refused.status_code == 403
