"""What was recorded, handed in or visited under a record that was merged counts for its survivor."""

from datetime import timedelta
from typing import Any

import pytest

from .conftest import START, Service
from .listing import listed, reviewer
from .test_annulment import another, grade_on
from .test_merged_listings import POLICY, merged, twin, unmerged
from .test_relisted import RULING

HOTEL = {"kind": "star_hotel", "key": None}


async def test_a_list_that_was_left_under_a_survivor_which_was_merged_further_is_not_left(
    service: Service,
) -> None:
    operator = await service.subject(kind="unlicensed_operator", key=None, name="虚构无证住宿点")
    twice = await service.subject(**HOTEL, name="疑似重复登记酒店二（虚构）")
    firm = await service.subject(**HOTEL, name="存续样例酒店二（虚构）")
    ended = await listed(service, "SEV-T-5", subject_id=operator["id"])
    stands = await listed(service, subject_id=firm["id"])
    await merged(service, operator, twice)
    try:
        service.at(START + timedelta(days=3))
        await service.post(f"/listings/{ended['id']}/remove", POLICY, 200, reviewer(service))
        assert await grade_on(service, twice, "2026-11-26") == "A"
        service.at(START + timedelta(days=5))
        await merged(service, twice, firm)
        assert await grade_on(service, firm, "2026-11-28") == "D", "its own listing runs on"
        service.at(START + timedelta(days=7))
        await service.post(f"/listings/{stands['id']}/remove", POLICY, 200, reviewer(service))
        assert await grade_on(service, firm, "2026-11-30") == "A"
    finally:
        service.at(START)


@pytest.mark.parametrize("asked", ["objection", "repair"])
async def test_a_paper_handed_in_before_a_merger_is_newer_than_what_the_merger_repeats(
    service: Service, asked: str
) -> None:
    twice = await service.subject(**HOTEL, name="疑似重复登记酒店三（虚构）")
    firm = await service.subject(**HOTEL, name="存续样例酒店三（虚构）")
    early = await service.paper(twice)
    try:
        service.at(START + timedelta(days=1))
        await service.fact(twice, "PENALTY_FINE_LARGE", "2026-10-01", payload={"amount_fen": 5_000_000})
        service.at(START + timedelta(days=2))
        paper = await service.paper(twice)
        service.at(START + timedelta(days=3))
        await merged(service, twice, firm)
        service.at(START + timedelta(days=4))
        [fact] = (await service.get(f"/subjects/{firm['id']}/facts"))["items"]
        body: dict[str, Any] = {"statement": "请予处理。", "fact_id": fact["id"]}
        if asked == "objection":
            body |= {"target": "fact"}
        else:
            body |= {"evidence": await service.proof(firm)}
        who = another(service, "credit:write")
        for request, expect in ((early, 422), (paper, 201)):
            await service.post(f"/{asked}s", body | {"request": request}, expect, who)
    finally:
        service.at(START)


async def test_a_visit_of_a_merged_record_is_its_survivors(service: Service) -> None:
    region = "140524"
    operator = await service.subject(kind="unlicensed_operator", key=None, region=region)
    firm, other = [await service.subject(region=region) for _ in range(2)]
    team = await service.on_duty("merged-1", "merged-2", region=region, department="陵川科")
    check = {"trigger": {"kind": "complaint", "reference": "CASE-陵川"}, "items": ["AG-CONTRACT"]}
    check |= {"subject_id": operator["id"], "inspectors": team, "department": "陵川科"}
    await service.post("/inspections", check)
    await merged(service, operator, firm)
    draw = {"purpose": "随机抽查", "region": region, "kinds": ["travel_agency"], "count": 1}
    draw |= {"officers": ["merged-3", "merged-4"]}
    spared = {"subject_id": firm["id"], "reason": "targeted_check"}
    made = await service.post("/draws", draw | {"exclusions": [spared]})
    assert made["objects"] == 1
    for wrong in (spared | {"reason": "recently_inspected"}, spared | {"subject_id": other["id"]}):
        await service.post("/draws", draw | {"exclusions": [wrong]}, 422)
    rows = await service.get("/inspection-objects", region=region, kind="travel_agency")
    assert {one["subject_id"]: one["exclusion"] for one in rows["items"]} == {
        firm["id"]: "targeted_check",
        other["id"]: None,
    }


async def test_a_merger_publishes_no_grade_between_two_ends_that_it_takes_back(service: Service) -> None:
    twice, firm = [await service.subject(**HOTEL, name=f"存续样例酒店四之{n}（虚构）") for n in range(2)]
    for condition in ("MIN-4", "SEV-T-3"):
        await listed(service, condition, subject_id=firm["id"])
    both = [await listed(service, one, subject_id=twice["id"]) for one in ("MIN-4", "SEV-T-3")]
    try:
        service.at(START + timedelta(days=2))
        for ended in both:
            await service.post(f"/listings/{ended['id']}/remove", POLICY, 200, reviewer(service))
        path = f"/subjects/{firm['id']}/score/history"
        before = (await service.get(path))["items"]
        service.at(START + timedelta(days=5))
        await merged(service, twice, firm)
        assert (await service.get(path))["items"] == before
        assert await grade_on(service, firm, "2026-11-28") == "D"
    finally:
        service.at(START)


async def test_an_undone_merger_publishes_no_grade_between_what_it_gives_back(service: Service) -> None:
    twice, listing, _ = await twin(service)
    path = f"/listings/{listing['id']}"
    try:
        for days, act, body in ((2, "lift", RULING), (3, "restore", {"note": "重整失败。"})):
            service.at(START + timedelta(days=days))
            await service.post(f"{path}/{act}", body, 200, reviewer(service))
        history = f"/subjects/{twice['id']}/score/history"
        before = len((await service.get(history))["items"])
        service.at(START + timedelta(days=5))
        await unmerged(service, twice)
        after = (await service.get(history))["items"]
        assert [one["grade"] for one in after[: len(after) - before]] == ["D"], "it never was off the list"
    finally:
        service.at(START)
