"""All that a wrong fact, grade or listing has touched is listed once it is found wrong."""

from datetime import timedelta
from typing import Any

import pytest
from credit.rounds import do_round

from .conftest import START, Service
from .drawing import body as draw_body
from .exchanging import Other, desk
from .listing import listed
from .objecting import Room, facts_of, fined
from .test_boards import DECIDE, agency, run


@pytest.fixture
def room(service: Service) -> Room:
    return Room(service)


async def test_a_long_list_is_made_by_the_rounds(
    service: Service, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from credit.objections import deciding, ripple

    subject, fact = await fined(service)
    for day in range(2, 8):
        await service.fact(subject, "VALID_COMPLAINT", f"2026-06-{day:02d}")
    made = await room.verified({"target": "fact", "fact_id": fact["id"]}, room.own(subject))
    monkeypatch.setattr(deciding, "INLINE_CHUNKS", 1)
    monkeypatch.setattr(ripple, "CHUNK", 2)
    done = await room.step(made, "sustain", {"reason": "当事人不符", "remedy": {"action": "revoke"}})
    assert done["ripple"] == "running"
    waiting = await room.step(made, "close", expect=409)
    assert waiting["allowed"] == []
    app = service.app
    for _ in range(30):
        await do_round(app.state.db, app.state.env)
        seen = await service.get(f"/objections/{made['id']}/ripple", limit=100)
        if seen["state"] == "done":
            break
    assert seen["state"] == "done"
    positions = [one["position"] for one in seen["items"]]
    assert positions == list(range(1, seen["total"] + 1))
    first = await service.get(f"/objections/{made['id']}/ripple", limit=2)
    second = await service.get(f"/objections/{made['id']}/ripple", limit=2, cursor=first["next_cursor"])
    assert [one["position"] for one in first["items"] + second["items"]] == [1, 2, 3, 4]
    listed = [(one["kind"], one["id"], one["number"], one["at"]) for one in seen["items"]]
    assert len(listed) == len(set(listed))


async def test_a_draw_of_some_tiers_that_a_wrong_tier_kept_a_subject_out_of_is_listed(
    service: Service, room: Room
) -> None:
    subject = await service.subject(region="140721", name="榆社异议样例（虚构）")
    for _ in range(3):
        other = await service.subject(region="140721")
    tier = (await service.get(f"/subjects/{other['id']}/supervision"))["tier"]
    fact = await service.by_room(subject, "SERIOUS_LISTED", "2026-06-01", payload={"condition": "SEV-T-3"})
    wanted = draw_body(region="140721", count=1, tiers=[tier], officers=["tier-1", "tier-2"])
    draw = await service.post("/draws", wanted)
    await service.post("/draws", wanted | {"kinds": ["travel_agency"], "tiers": []})
    made = await room.verified({"target": "fact", "fact_id": fact["id"]}, room.own(subject))
    await room.step(made, "sustain", {"reason": "列错主体", "remedy": {"action": "revoke"}})
    ripple = await service.get(f"/objections/{made['id']}/ripple", limit=100)
    listed = {one["number"]: one for one in ripple["items"] if one["kind"] == "draw"}
    assert len(listed) == 2
    assert (listed[draw["number"]]["was"], listed[draw["number"]]["would_be"]) == ("D", tier)


async def test_a_draw_with_another_weight_and_other_rooms_are_listed(service: Service, room: Room) -> None:
    subject = await service.subject(region="140700", name="晋中异议样例（虚构）")
    for _ in range(3):
        await service.subject(region="140700")
    fact = await service.by_room(subject, "SERIOUS_LISTED", "2026-06-01", payload={"condition": "SEV-T-3"})
    draw = await service.post("/draws", draw_body(region="140700", count=1))
    made = await room.verified({"target": "fact", "fact_id": fact["id"]}, room.own(subject))
    done = await room.step(made, "sustain", {"reason": "列错主体", "remedy": {"action": "revoke"}})
    ripple = await service.get(f"/objections/{made['id']}/ripple", limit=100)
    (drawn,) = [one for one in ripple["items"] if one["kind"] == "draw"]
    assert (drawn["id"], drawn["number"]) == (draw["id"], draw["number"])
    assert int(drawn["was"]) > int(drawn["would_be"])
    kinds = ripple["by_kind"]
    raised = (await service.get("/warnings", subject_id=subject["id"]))["items"]
    dropped = {one["id"] for one in raised if one["rule"] == "W-GRADE-DROP"}
    assert dropped and dropped <= {one["id"] for one in ripple["items"] if one["kind"] == "warning"}
    assert kinds["grade"] >= 1 and kinds["tier"] >= 1 and kinds["page"] >= 1
    assert done["ripple"] == "done"
    held = await service.get(f"/draws/{draw['id']}")
    assert held["state"] == draw["state"]


async def test_what_rested_on_the_wrong_fact_is_listed_too_and_its_listing_is_to_be_reviewed(
    service: Service, room: Room
) -> None:
    region = "140121"
    subject = await service.subject(region=region)
    fact = await service.fact(subject, "PENALTY_WARNING", "2026-06-01")
    listing = await listed(service, subject_id=subject["id"], fact_ids=[fact["id"]])
    assert (await service.get(f"/subjects/{subject['id']}"))["grade"] == "D"
    made = await room.verified({"target": "fact", "fact_id": fact["id"]}, room.own(subject))
    assert made["follow_ups"] == []
    drawn_in = await service.post("/draws", draw_body(region=region, count=1))
    done = await room.step(made, "sustain", {"reason": "处罚决定已被撤销", "remedy": {"action": "revoke"}})
    [left] = done["follow_ups"]
    assert (left["listing_id"], left["list"], left["rule"]) == (listing["id"], "serious", "REP-A-2")
    assert (await service.get(f"/listings/{listing['id']}"))["state"] == "listed", "people decide on it"
    effects = (await service.get(f"/objections/{made['id']}/ripple"))["items"]
    grades = [one for one in effects if one["kind"] == "grade" and one["number"]]
    assert [(one["was"], one["would_be"]) for one in grades] == [("D", "A")]
    assert all(f"经由名单记录 {listing['number']}" in one["what"] for one in grades)
    [draw] = [one for one in effects if one["kind"] == "draw"]
    assert draw["id"] == drawn_in["id"] and f"经由名单记录 {listing['number']}" in draw["what"]
    assert {"listing", "tier", "page"} <= {one["kind"] for one in effects}
    assert [one["id"] for one in effects if one["kind"] == "listing"] == [listing["id"]]


async def test_a_wrong_listing_is_listed_with_all_that_it_brought(service: Service, room: Room) -> None:
    subject = await service.subject(region="140400", name="长治名单异议样例（虚构）")
    for _ in range(3):
        await service.subject(region="140400")
    listing = await listed(service, subject_id=subject["id"])
    worse = await service.get(f"/subjects/{subject['id']}")
    [entry] = await facts_of(service, subject)
    assert (worse["grade"], entry["code"]) == ("D", "SERIOUS_LISTED")
    draw = await service.post("/draws", draw_body(region="140400", count=1))
    later = START + timedelta(days=2)
    service.at(later)
    try:
        room = Room(service)
        another = service.who(sub="reviewer-2", scopes=["credit:read", "credit:decide"])
        made = await room.verified({"target": "listing", "listing_id": listing["id"]}, room.own(subject))
        done = await room.step(made, "sustain", {"reason": "认定对象有误"}, who=another)
        assert (done["state"], done["ripple"], done["remedy"]["action"]) == ("sustained", "done", "none")
        assert (await service.get(f"/listings/{listing['id']}"))["state"] == "removed"
        ripple = await service.get(f"/objections/{made['id']}/ripple", limit=100)
    finally:
        service.at(START)
    assert ripple["since"] == entry["recorded_at"]
    assert {"grade", "tier", "listing", "page", "measure", "draw", "warning"} <= set(ripple["by_kind"])
    effects: dict[str, list[dict[str, Any]]] = {}
    for one in ripple["items"]:
        effects.setdefault(one["kind"], []).append(one)
    published = [one for one in effects["grade"] if one["number"]]
    assert [(one["was"], one["would_be"]) for one in published][:1] == [("D", "A")]
    assert all(one["at"] >= listing["listed_at"] for one in ripple["items"])
    assert [one["id"] for one in effects["listing"]] == [listing["id"]]
    assert [one["id"] for one in effects["draw"]] == [draw["id"]]
    [on_list] = [one for one in effects["page"] if one["id"] == listing["id"]]
    assert "2026-11-23 至 2026-11-25" in on_list["what"]


async def test_a_listing_and_its_wrong_ground_name_each_grade_once(service: Service, room: Room) -> None:
    subject, fact = await fined(service, "PENALTY_WARNING")
    listing = await listed(service, subject_id=subject["id"], fact_ids=[fact["id"]])
    another = service.who(sub="reviewer-2", scopes=["credit:read", "credit:decide"])
    made = await room.verified({"target": "listing", "listing_id": listing["id"]}, room.own(subject))
    body = {"reason": "处罚决定已被撤销", "fact_ids": [fact["id"]]}
    done = await room.step(made, "sustain", body, who=another)
    assert (done["remedy"]["facts"], done["ripple"], done["follow_ups"]) == ([fact["id"]], "done", [])
    ripple = await service.get(f"/objections/{made['id']}/ripple", limit=100)
    assert ripple["since"] == fact["recorded_at"]
    grades = [one["number"] for one in ripple["items"] if one["kind"] == "grade" and one["number"]]
    assert grades and len(grades) == len(set(grades))
    assert {"tier", "listing", "page", "measure"} <= set(ripple["by_kind"])


async def test_a_draw_is_weighed_by_the_tier_that_the_risk_class_gave(service: Service, room: Room) -> None:
    """Taiyuan's matrix: D stays D with a risk class D, and A becomes C."""
    subject = await service.subject(region="140122")
    risk = {
        "risk_class": "D",
        "assessed_on": "2026-11-01",
        "authority": "市场监管部门（演示）",
        "reference": "R",
    }
    await service.post(f"/subjects/{subject['id']}/risk-classes", risk)
    fact = await service.by_room(subject, "SERIOUS_LISTED", "2026-06-01", payload={"condition": "SEV-T-3"})
    await service.post("/draws", draw_body(region="140122", count=1))
    made = await room.verified({"target": "fact", "fact_id": fact["id"]}, room.own(subject))
    await room.step(made, "sustain", {"reason": "列错主体", "remedy": {"action": "revoke"}})
    effects = (await service.get(f"/objections/{made['id']}/ripple", limit=100))["items"]
    [drawn] = [one for one in effects if one["kind"] == "draw"]
    view = await service.get(f"/subjects/{subject['id']}/supervision")
    assert (view["credit_tier"], view["tier"]) == ("A", "C")
    assert drawn["would_be"] == str(view["sampling_bp"]) != drawn["was"]
    tiers = {(one["was"], one["would_be"]) for one in effects if one["kind"] == "tier"}
    assert ("D", "C") in tiers and ("D", "A") not in tiers


async def test_the_ranks_of_all_who_were_ranked_with_a_wrong_figure_are_put_right(
    service: Service, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linfen's red board takes the first five: without the wrong figure the sixth is among them."""
    from credit.objections import ripple

    monkeypatch.setattr(ripple, "_RANKS", 3)
    peers = [await agency(service, "141002", arrivals=n) for n in (60, 50, 40, 30, 20, 10)]
    wrong = await service.subject(region="141002", name="数字有误样例（虚构）")
    fact = await service.fact(wrong, "GROUP_ARRIVALS", "2026-08-10", payload={"count": 99})
    service.at(START + timedelta(minutes=5))
    try:
        board = await run(service, "141000", "2026-09-01")
        boss = service.who(sub="boss", scopes=DECIDE)
        await service.post(f"/boards/{board['id']}/publication", None, 200, boss)
        made = await room.verified({"target": "fact", "fact_id": fact["id"]}, room.own(wrong))
        remedy = {"action": "amend", "payload": {"count": 9}}
        done = await room.step(made, "sustain", {"reason": "多报一位", "remedy": remedy})
        assert done["ripple"] == "running", "the rows of others are left to the rounds"
        for _ in range(60):
            await do_round(service.app.state.db, service.app.state.env)
            seen = await service.get(f"/objections/{made['id']}/ripple", limit=100)
            if seen["state"] == "done":
                break
    finally:
        service.at(START)
    assert seen["state"] == "done"
    ranks = {one["subject_id"]: one for one in seen["items"] if one["kind"] == "rank"}
    assert {one["id"]: (ranks[one["id"]]["was"], ranks[one["id"]]["would_be"]) for one in peers} == {
        one["id"]: (f"{n + 1}/7", f"{n}/7") for n, one in enumerate(peers, 1)
    }
    assert (ranks[wrong["id"]]["was"], ranks[wrong["id"]]["would_be"]) == ("1/7", "7/7")
    boards = {
        one["subject_id"]: (one["was"], one["would_be"]) for one in seen["items"] if one["kind"] == "board"
    }
    assert boards == {wrong["id"]: ("red", "none"), peers[4]["id"]: ("none", "red")}
    for subject, rank in ((peers[4], 5), (wrong, 7)):
        [ranked] = [one for one in await facts_of(service, subject) if one["code"] == "RANKED"]
        assert (ranked["payload"]["rank"], ranked["action"], ranked["standing"]) == (rank, "amend", True)
    [first] = [one for one in await facts_of(service, peers[0]) if one["code"] == "RANKED"]
    versions = await service.get(f"/facts/{first['id']}/versions")
    assert [one["payload"]["rank"] for one in versions] == [2, 1], (
        "amended once, the old rank stays on record"
    )
    entries = (await service.get(f"/boards/{board['id']}/entries"))["items"]
    [kept] = [one for one in entries if one["subject_id"] == peers[0]["id"]]
    held = kept["ranks"]["group_arrivals"]
    assert (held["rank"], held["now"]["rank"]) == (2, 1)


async def test_a_rank_taken_away_comes_back_with_the_figure_that_gives_it(
    service: Service, room: Room
) -> None:
    peer = await agency(service, "141022", arrivals=500)
    subject = await service.subject(region="141022", name="排名恢复样例（虚构）")
    fact = await service.fact(subject, "GROUP_ARRIVALS", "2026-08-10", payload={"count": 990})
    service.at(START + timedelta(minutes=5))
    try:
        board = await run(service, "141022", "2026-09-01")
        boss = service.who(sub="boss", scopes=DECIDE)
        await service.post(f"/boards/{board['id']}/publication", None, 200, boss)

        async def ranked(one: dict[str, Any]) -> tuple[str, bool, int]:
            [found] = [row for row in await facts_of(service, one) if row["code"] == "RANKED"]
            return found["action"], found["standing"], found["payload"]["rank"]

        async def corrected(content: dict[str, Any], reviewer: str) -> None:
            made = await room.verified({"target": "fact", "fact_id": fact["id"]}, room.own(subject))
            remedy = {"action": "amend"} | content
            who = service.who(sub=reviewer, scopes=["credit:read", "credit:decide"])
            await room.step(made, "sustain", {"reason": "登记有误", "remedy": remedy}, who=who)
            for _ in range(60):
                await do_round(service.app.state.db, service.app.state.env)
                if (await service.get(f"/objections/{made['id']}/ripple"))["state"] == "done":
                    return

        assert (await ranked(subject), await ranked(peer)) == (("record", True, 1), ("record", True, 2))
        await corrected({"occurred_on": "2026-05-10"}, "reviewer-2")
        assert (await ranked(subject), await ranked(peer)) == (("revoke", False, 1), ("amend", True, 1))
        await corrected({"occurred_on": "2026-08-10", "payload": {"count": 400}}, "reviewer-3")
        assert (await ranked(subject), await ranked(peer)) == (("restore", True, 2), ("amend", True, 1))
    finally:
        service.at(START)


async def test_visits_campaigns_reliance_and_records_sent_are_listed(service: Service, room: Room) -> None:
    other = Other()
    at = desk(service, other)
    subject = await service.subject(region="140802")
    fact = await service.fact(subject, "PENALTY_SUSPENSION", "2026-10-01")
    body = {
        "name": "影响清单样例专项行动",
        "aim": "整治不合理低价游",
        "region": "140800",
        "kinds": ["travel_agency"],
        "starts_on": "2026-11-01",
        "ends_on": "2026-12-31",
        "targets": [{"name": "检查旅行社", "measure": "inspections", "number": 1}],
        "tasks": [{"name": "检查", "department": "综合执法队", "due_on": "2026-12-20", "number": 1}],
    }
    campaign = await service.post("/campaigns", body)
    team = await service.on_duty("insp-1", "insp-2", region=subject["region"])
    visit = await service.post(
        "/inspections",
        {
            "subject_id": subject["id"],
            "trigger": {"kind": "data", "reference": fact["source"]["reference"]},
            "items": ["AG-PRICE"],
            "inspectors": team,
            "department": "综合执法队",
            "campaign_id": campaign["id"],
        },
    )
    await service.post(
        "/inspections",
        {
            "subject_id": subject["id"],
            "trigger": {"kind": "data", "reference": "另案 1 号"},
            "items": ["AG-PRICE"],
            "inspectors": team,
            "department": "综合执法队",
        },
    )
    wanted = {"purpose": "bid", "relying_party": "演示采购中心（虚构）", "subject_id": subject["id"]}
    certificate = await service.post("/certificates", wanted)
    use = {"code": certificate["code"], "relying_party": "演示采购中心（虚构）", "reference": "PS-7"}
    await service.post(f"/certificates/{certificate['id']}/uses", use)
    for _ in range(2):
        await at.round()
    assert {one["kind"] for one in other.of(subject)} == {"grade", "record"}
    made = await room.verified({"target": "fact", "fact_id": fact["id"]}, room.own(subject))
    done = await room.step(made, "sustain", {"reason": "当事人不符", "remedy": {"action": "revoke"}})
    assert done["ripple"] == "done"
    effects: dict[str, list[dict[str, Any]]] = {}
    for one in (await service.get(f"/objections/{made['id']}/ripple", limit=100))["items"]:
        effects.setdefault(one["kind"], []).append(one)
    assert [one["number"] for one in effects["inspection"]] == [visit["number"]]
    assert [one["number"] for one in effects["campaign"]] == [campaign["number"]]
    [reliance] = effects["reliance"]
    assert reliance["number"] == certificate["number"] and "演示采购中心" in reliance["what"]
    accepted = {one["number"] for one in effects["exchange"] if "已报送 national" in one["what"]}
    wrong = {one["number"] for one in effects["grade"] if one["number"]}
    assert wrong and {f"F-{fact['id']}", f"G-{subject['id']}"} <= accepted
