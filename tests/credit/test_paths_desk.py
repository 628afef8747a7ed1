"""The platform's paths and its repair desk say the same, and what they promise comes true."""

from datetime import datetime
from typing import Any

from .conftest import START, Service
from .listing import listed, reviewer
from .test_merged_listings import unlicensed
from .test_repairs import GRANT, REQUEST, TRAINING, application, bring


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+08:00")


async def repaired(
    service: Service, firm: dict[str, Any], listing: dict[str, Any], *, by_officer: bool = False
) -> None:
    own = service.who(kind="agency", subject_id=firm["id"], scopes=["credit:read"], sub="a1")
    own = service.who() if by_officer else own
    paper = {"request": REQUEST if by_officer else None}
    repair = await service.post("/repairs", application(listing_id=listing["id"], **paper), 201, own)
    path = f"/repairs/{repair['id']}"
    said = {"commitment": "none", "reasons": "按信用修复工作指南办理。"}
    await service.post(f"{path}/resolve", said, 200, reviewer(service, "regulator"))
    await service.post(f"{path}/accept", None, 200)
    found = {"how": "on_site", "talk": True, "passed": True, "findings": "整改属实。"}
    await service.post(f"{path}/verify", found, 200)
    await service.post(f"{path}/materials", {"training_record": TRAINING} | paper, 200, own)
    await service.post(f"{path}/decide", GRANT, 200, reviewer(service))


def asked(path: dict[str, Any]) -> list[str]:
    return [step["earliest"] for step in path["steps"] if step["action"] == "repair"]


async def test_two_listings_are_left_as_the_path_says(service: Service) -> None:
    firm = await service.subject(region="140105")
    first = await listed(service, "SEV-T-3", subject_id=firm["id"])
    service.at(START.replace(day=23))
    second = await listed(service, "SEV-T-1", subject_id=firm["id"])
    await bring(service, firm["id"])
    slow, fast = await service.get(f"/subjects/{firm['id']}/paths")
    outlook = await service.get(f"/listings/{first['id']}/repair-outlook")
    late = await service.get(f"/listings/{second['id']}/repair-outlook")
    assert (slow["on"], slow["cost"]) == (late["automatic_on"], 0)
    assert {step["action"] for step in slow["steps"]} == {"wait"}
    assert fast["cost"] == 10 and asked(fast)[0] == outlook["earliest_on"]
    service.at(noon(outlook["earliest_on"]))
    await repaired(service, firm, first)
    assert (await service.get(f"/subjects/{firm['id']}"))["grade"] == "D", "the other listing keeps it there"
    after = (await service.get(f"/subjects/{firm['id']}/paths"))[-1]
    late = await service.get(f"/listings/{second['id']}/repair-outlook")
    assert asked(after) == asked(fast)[1:] == [late["earliest_on"]]
    assert (after["on"], after["cost"], after["cheapest"]) == (fast["on"], 5, True)
    service.at(noon(fast["on"]))
    await repaired(service, firm, second)
    assert (await service.get(f"/subjects/{firm['id']}"))["grade"] == fast["grade"] == "A"


async def test_a_merged_subjects_listing_is_repaired_as_the_listing_that_it_is(service: Service) -> None:
    service.at(START)
    operator, first, firm = await unlicensed(service)
    [copy] = (await service.get(f"/subjects/{firm['id']}/facts"))["items"]
    assert copy["code"] == "SERIOUS_LISTED" and copy["source"]["kind"] == "merge"
    await service.get(f"/facts/{copy['id']}/repair-outlook", expect=409)
    second = await listed(service, "SEV-T-3", subject_id=firm["id"])
    outlook = await service.get(f"/listings/{first['id']}/repair-outlook")
    assert [one["rule"] for one in outlook["clocks"]] == ["ORDER7", "ORDER36"]
    slow, fast = await service.get(f"/subjects/{firm['id']}/paths")
    assert {step["action"] for step in slow["steps"]} == {"wait"} and slow["on"] == outlook["automatic_on"]
    assert asked(fast)[0] == outlook["earliest_on"] < asked(fast)[1]
    service.at(noon(outlook["earliest_on"]))
    await bring(service, operator["id"])
    await repaired(service, operator, first, by_officer=True)
    late = await service.get(f"/listings/{second['id']}/repair-outlook")
    assert ("REP-X-3", late["earliest_on"]) == (late["bars"][0]["code"], asked(fast)[1])


async def test_every_penalty_is_repaired_from_the_day_of_its_outlook(service: Service) -> None:
    service.at(START)
    hotel = await service.subject(kind="star_hotel", region="140105")
    for code, day in (
        ("PENALTY_FINE_LARGE", "2025-12-01"),
        ("PENALTY_FINE_LARGE", "2026-11-01"),
        ("PENALTY_SUSPENSION", "2026-06-01"),
    ):
        await service.fact(hotel, code, day, payload={"amount_fen": 3_000_000})
    revoked = await service.fact(hotel, "PENALTY_REVOCATION", "2026-03-01")
    outlook = await service.get(f"/facts/{revoked['id']}/repair-outlook")
    assert (outlook["can_apply"], outlook["earliest_on"]) == (False, "2027-03-02"), "the 1st is still inside"
    assert [(one["rule"], one["in_use"]) for one in outlook["clocks"]] == [("ORDER58", True)]
    page = await service.http.get(f"/api/v1/credit/public/subjects/{hotel['key']}")
    day = START.date().isoformat()
    shown = {one["reference"]: one["repairable_from"] for one in page.json()["records"]}
    for fact in (await service.get(f"/subjects/{hotel['id']}/facts"))["items"]:
        outlook = await service.get(f"/facts/{fact['id']}/repair-outlook")
        assert max(shown[fact["source"]["reference"]], day) == outlook["earliest_on"]
    found = await service.get(f"/subjects/{hotel['id']}/paths")
    steps = [step for path in found for step in path["steps"] if step["action"] == "repair"]
    assert steps
    for step in steps:
        outlook = await service.get(f"/facts/{step['fact_id']}/repair-outlook")
        assert step["earliest"] == outlook["earliest_on"]
