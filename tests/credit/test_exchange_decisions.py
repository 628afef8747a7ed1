"""What other systems decide is applied once, and both sides of a day are compared."""

from datetime import timedelta
from typing import Any

import pytest
from credit.exchange.adapters import Decision
from credit.exchange.rules import System

from .conftest import START, Service
from .exchanging import DECIDE, Other, decision, desk
from .listing import listed
from .test_merge import merge
from .test_repairs import application, bring


@pytest.fixture
def other() -> Other:
    return Other()


async def test_decisions_are_applied_once_through_the_rooms_they_concern(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    firm = await service.subject(name="裁定样例旅行社（虚构）")
    fact = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-10-01", payload={"amount_fen": 5_000_000})
    await at.round()
    unknown = service.key()

    def told(number: str, kind: str, key: str, **content: Any) -> Decision:
        return Decision.model_validate(
            {
                "their_number": number,
                "kind": kind,
                "subject_key": key,
                "decided_on": "2026-11-20",
                "authority": "演示机关（虚构）",
                "content": content,
            }
        )

    other.told = [
        told("N-1", "risk_class", firm["key"], risk_class="C"),
        told("N-2", "repair_granted", firm["key"], our_number=f"F-{fact['id']}"),
        told("N-3", "abnormal_listed", unknown),
        told("N-4", "risk_class", firm["key"], risk_class="Z"),
        told("N-5", "repair_granted", firm["key"], our_number="F-nothing"),
        told("N-6", "abnormal_listed", firm["key"]),
    ]
    await at.round()
    await at.round()
    who = service.who(scopes=DECIDE)

    async def states() -> dict[str, str]:
        rows = await service.get("/exchange/decisions", who=who, limit=100)
        return {one["their_number"]: one["state"] for one in rows["items"]}

    assert await states() == {
        "N-1": "applied",
        "N-2": "applied",
        "N-3": "waiting",
        "N-4": "conflict",
        "N-5": "conflict",
        "N-6": "applied",
    }
    facts = await service.get(f"/subjects/{firm['id']}/facts")
    codes = [one["code"] for one in facts["items"]]
    assert (codes.count("REPAIRED"), codes.count("ABNORMAL_LISTED")) == (1, 1)
    (repaired,) = [one for one in facts["items"] if one["code"] == "REPAIRED"]
    assert repaired["payload"]["fact_id"] == fact["id"]
    classes = await service.get(f"/subjects/{firm['id']}/risk-classes")
    assert [one["risk_class"] for one in classes["items"]] == ["C"]
    late = await service.subject(key=unknown, name="迟到样例旅行社（虚构）")
    await at.round()
    assert (await states())["N-3"] == "applied"
    facts = await service.get(f"/subjects/{late['id']}/facts")
    assert [one["code"] for one in facts["items"]] == ["ABNORMAL_LISTED"]


async def test_both_sides_of_a_day_are_compared_within_ones_regions(service: Service, other: Other) -> None:
    at = desk(service, other)
    service.at(START + timedelta(days=40))
    try:
        first = await service.subject(name="对账样例旅行社甲（虚构）")
        second = await service.subject(name="对账样例旅行社乙（虚构）")
        await at.round()
        day = {"day": "2027-01-02"}
        who = service.who(scopes=DECIDE)
        path = "/exchange/national/reconciliations"
        result = await service.post(path, day, 200, who)
        assert result["agrees"] and result["ours"] == result["theirs"] >= 2
        other.alter = f"G-{first['id']}"
        other.got = [one for one in other.got if one["subject"]["key"] != second["key"]]
        other.got.append(
            {"our_number": "F-x", "version": 1, "region": "140105", "sha256": "1", "subject": {"key": None}}
        )
        result = await service.post(path, day, 200, who)
        assert (result["different"], result["missing_here"]) == ([f"G-{first['id']}/1"], ["F-x/1"])
        assert result["missing_there"] == [f"G-{second['id']}/1"]
        datong = await service.post(path, day, 200, service.who("140200", scopes=DECIDE))
        assert (datong["ours"], datong["theirs"]) == (0, 0)
        refused = await service.post("/exchange/credit_china/reconciliations", day, 503, who)
        assert refused["type"] == "/problems/exchange-unavailable"
    finally:
        service.at(START)


async def test_a_repair_of_our_listing_elsewhere_follows_the_policy(service: Service, other: Other) -> None:
    at = desk(service, other)
    firm = await service.subject(name="他处修复样例旅行社（虚构）")
    listing = await listed(service, subject_id=firm["id"])
    await bring(service, firm["id"])
    running = await service.post("/repairs", application(listing_id=listing["id"]))
    for system, state in ((System.ENTERPRISE_PUBLICITY, "conflict"), (System.NATIONAL, "applied")):
        at = desk(service, other, system)
        other.told = [decision(f"R-{system}", firm, listing["number"])]
        await at.round()
        await at.round()
        rows = await service.get("/exchange/decisions", who=service.who(scopes=DECIDE), system=system)
        [told] = [one for one in rows["items"] if one["subject_key"] == firm["key"]]
        assert told["state"] == state, told["reason"]
    found = await service.get(f"/listings/{listing['id']}")
    assert (found["state"], found["removal"]) == ("removed", "repaired")
    assert (await service.get(f"/repairs/{running['id']}"))["allowed_events"] == []
    other.told = []
    await at.round()
    assert [one["content"]["removed"] for one in other.of(firm) if one["kind"] == "listing"] == [False, True]


async def test_a_repair_of_what_was_sent_before_a_merger_is_the_survivors(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    trader = await service.subject(kind="unlicensed_operator", name="并入前报送样例（虚构）")
    fine = await service.fact(trader, "PENALTY_FINE_LARGE", "2026-05-01", payload={"amount_fen": 9_000_000})
    await at.round()
    hotel = await service.subject(kind="star_hotel", key=None, name="存续样例酒店（虚构）")
    await merge(service, trader, hotel["id"])
    stranger = await service.subject()
    ours = f"F-{fine['id']}"
    other.told = [decision("M-1", trader, ours), decision("M-2", stranger, ours)]
    await at.round()
    rows = await service.get("/exchange/decisions", who=service.who(scopes=DECIDE), limit=100)
    states = {one["their_number"]: one["state"] for one in rows["items"]}
    assert (states["M-1"], states["M-2"]) == ("applied", "conflict")
    facts = (await service.get(f"/subjects/{hotel['id']}/facts"))["items"]
    [repaired] = [one for one in facts if one["code"] == "REPAIRED"]
    [copy] = [one for one in facts if one["code"] == "PENALTY_FINE_LARGE"]
    assert repaired["payload"]["fact_id"] == copy["id"] != fine["id"]


async def test_their_decisions_of_a_day_are_reconciled_too(service: Service, other: Other) -> None:
    at = desk(service, other)
    day = "2026-11-17"
    firm = await service.subject(name="对账裁定样例旅行社（虚构）")
    other.told = [decision("C-1", firm, "F-none", day)]
    await at.round()
    path, who = "/exchange/national/reconciliations", service.who(scopes=DECIDE)
    found = (await service.post(path, {"day": day}, 200, who))["decisions"]
    assert (found["ours"], found["theirs"], found["open"]) == (1, 1, ["C-1/1"])
    assert found["missing_here"] == found["missing_there"] == found["different"] == []
    other.told, other.untold = [decision("C-1", firm, "F-other", day)], [decision("C-2", firm, "F-none", day)]
    result = await service.post(path, {"day": day}, 200, who)
    assert not result["agrees"] and result["decisions"]["different"] == ["C-1/1"]
    assert result["decisions"]["missing_here"] == ["C-2/1"]
    datong = await service.post(path, {"day": day}, 200, service.who("140200", scopes=DECIDE))
    assert (datong["decisions"]["ours"], datong["decisions"]["theirs"]) == (0, 0)


async def test_a_record_that_is_met_as_if_nobody_were_there_is_given_up_and_keeps_no_decision_waiting(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    await at.round()
    barred, firm = [await service.subject(name=f"拒收样例旅行社{n}（虚构）") for n in range(2)]
    other.barred = barred["key"]
    other.told = [decision("B-1", firm, "F-none")]
    await at.round()
    assert other.of(firm), "it keeps no record behind it waiting"
    who = service.who(scopes=DECIDE)
    rows = await service.get("/exchange/decisions", who=who, system="national", limit=100)
    assert firm["key"] in {one["subject_key"] for one in rows["items"]}
    try:
        for n in range(1, 7):
            service.at(START + timedelta(days=n))
            await at.round()
        late = service.who(scopes=DECIDE)
        rows = await service.get("/exchange/records", who=late, state="failed", limit=100)
        failed = next(one for one in rows["items"] if one["subject_id"] == barred["id"])
        assert (failed["attempts"], failed["reason"]) == (6, "HTTP 403")
    finally:
        service.at(START)
