"""Listings of a subject that was merged: measures, ends and objections follow the survivor, and go back."""

from datetime import timedelta
from typing import Any

import pytest
from credit.rounds import do_round

from .conftest import START, Service
from .listing import listed, opened, reviewer, to_decided
from .objecting import Room
from .test_annulment import another, grade_on, measures
from .test_exports import feed, taken

VOID = {"ground": "REP-A-2", "note": "处罚决定已经撤销。", "proof": "文件3号"}
POLICY = {"ground": "REP-A-3", "note": "政策已经调整。", "proof": "文件5号"}


@pytest.fixture
def room(service: Service) -> Room:
    return Room(service)


async def merged(service: Service, subject: dict[str, Any], into: dict[str, Any]) -> None:
    seen = await service.http.get(f"/api/v1/credit/subjects/{subject['id']}", headers=service.who())
    answer = await service.http.post(
        f"/api/v1/credit/subjects/{subject['id']}/merge",
        json={"into": into["id"], "reason": "查明为同一经营者", "evidence": []},
        headers=service.who() | {"If-Match": seen.headers["etag"]},
    )
    assert answer.status_code == 200, answer.text


async def unlicensed(service: Service) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A provisional operator that was listed, and the firm it turned out to be."""
    operator = await service.subject(kind="unlicensed_operator", key=None, name="虚构无证经营点")
    listing = await listed(service, "SEV-T-5", subject_id=operator["id"])
    firm = await service.subject(name="查明样例旅行社（虚构）")
    await merged(service, operator, firm)
    return operator, listing, firm


async def test_the_measures_of_a_merged_subjects_listing_end_with_it(service: Service) -> None:
    _, listing, firm = await unlicensed(service)
    held = await measures(service, firm, "2026-11-24")
    assert {"M-SEV-1", "M-SEV-4"} <= held
    shown = await service.http.get("/api/v1/credit/public/listings", params={"q": "查明样例"})
    assert [(one["number"], one["name"]) for one in shown.json()["items"]] == [
        (listing["number"], firm["name"])
    ]
    ask = {"subject_id": firm["id"], "act": "commitment", "purpose": "受理信用承诺"}
    assert (await service.post("/supervision/checks", ask, 200))["allowed"] is False
    promise = {"subject_id": firm["id"], "kind": "self_discipline", "template_version": "1"}
    promise |= {"items": ["不组织不合理低价游"], "start_on": "2026-11-23", "end_on": "2027-11-22"}
    promise |= {"publicly_shown": True}
    refused = await service.post("/commitments", promise, 409)
    assert [one["measure"] for one in refused["citations"]] == ["M-SEV-4"] and refused["citations"][0][
        "basis"
    ]
    try:
        service.at(START + timedelta(days=3))
        body = {"ground": "REP-A-2", "note": "处罚决定已经撤销。", "proof": "文件3号"}
        await service.post(f"/listings/{listing['id']}/remove", body, 200, reviewer(service))
        service.at(START + timedelta(days=10))
        await do_round(service.app.state.db, service.app.state.env)
        assert await measures(service, firm, "2026-12-03") == set()
        assert (await service.post("/supervision/checks", ask, 200))["allowed"] is True
        assert await grade_on(service, firm, "2026-12-03") == "A"
        shown = await service.http.get("/api/v1/credit/public/listings", params={"q": "查明样例"})
        assert shown.json()["items"] == []
    finally:
        service.at(START)


async def test_programs_are_told_a_merged_subjects_listing_as_the_public_is(service: Service) -> None:
    """Of a provisional operator alone nobody is told; of the firm that it turned out to be everybody is."""
    ota = service.who(kind="client", sub="ota", scopes=["credit:read"])
    _, place = await feed(service)
    _, early, _ = await unlicensed(service)
    operator = await service.subject(kind="unlicensed_operator", key=None, name="虚构无证经营点")
    alone = await listed(service, "SEV-T-5", subject_id=operator["id"])
    late = await to_decided(service, await opened(service, "SEV-T-1", subject_id=operator["id"]))
    await merged(service, operator, await service.subject(name="查明样例旅行社二（虚构）"))
    await service.post(f"/listings/{late['id']}/publish", {}, 200)
    stays = await service.subject(kind="unlicensed_operator", key=None, name="虚构无证经营点")
    never = await listed(service, "SEV-T-5", subject_id=stays["id"])
    shown = {one["number"] for one in await taken(service, "listings", ota)}
    assert {early["number"], alone["number"], late["number"]} <= shown and never["number"] not in shown
    for one, status in ((late, 200), (never, 404)):
        await service.get(f"/listings/{one['id']}", status, ota)
    void = {"ground": "REP-A-3", "note": "政策已经调整。", "proof": "文件6号"}
    await service.post(f"/listings/{late['id']}/remove", void, 200, reviewer(service))
    told = [
        (one["type"], one["data"]["number"])
        for one in (await feed(service, ota, place))[0]
        if one["type"].startswith("listing_")
    ]
    assert told == [("listing_published", late["number"]), ("listing_removed", late["number"])]


async def test_the_end_of_a_merged_subjects_listing_leaves_the_survivors_own(service: Service) -> None:
    _, listing, firm = await unlicensed(service)
    await listed(service, "SEV-T-3", subject_id=firm["id"])
    try:
        service.at(START + timedelta(days=3))
        body = {"ground": "REP-A-3", "note": "政策已经调整。", "proof": "文件4号"}
        await service.post(f"/listings/{listing['id']}/remove", body, 200, reviewer(service))
        assert await grade_on(service, firm, "2026-11-28") == "D"
        assert "M-SEV-4" in await measures(service, firm, "2026-11-28")
    finally:
        service.at(START)


async def test_an_objection_undoes_a_merged_subjects_listing_for_the_survivor(
    service: Service, room: Room
) -> None:
    _, listing, firm = await unlicensed(service)
    assert await grade_on(service, firm, "2026-11-24") == "D"
    try:
        service.at(START + timedelta(days=5))
        room = Room(service)
        made = await room.verified({"target": "listing", "listing_id": listing["id"]}, room.clerk)
        await room.step(made, "sustain", {"reason": "认定对象有误"}, who=another(service))
        for day in ("2026-11-24", "2026-11-28"):
            assert await grade_on(service, firm, day) == "A", day
            assert await measures(service, firm, day) == set(), day
    finally:
        service.at(START)


async def test_the_survivors_paper_is_taken_for_what_it_took_over(service: Service, room: Room) -> None:
    _, listing, firm = await unlicensed(service)
    wanted = {"target": "listing", "listing_id": listing["id"], "statement": "认定对象有误。"}
    wanted["request"] = await service.paper(firm)
    made = await service.post("/objections", wanted, 201, room.clerk)
    body = {"request": wanted["request"] | {"sha256": await service.uploaded(firm, "撤回申请书.txt")}}
    await service.post(f"/objections/{made['id']}/withdraw", body, 200, another(service, "credit:write"))


async def test_a_survivors_own_user_sees_objects_to_and_repairs_what_it_took_over(service: Service) -> None:
    operator, listing, firm = await unlicensed(service)
    own = service.who(kind="agency", sub="own", subject_id=firm["id"], scopes=["credit:read"])
    stranger = await service.subject()
    other = service.who(kind="agency", sub="other", subject_id=stranger["id"], scopes=["credit:read"])
    path = f"/listings/{listing['id']}"
    assert [one["id"] for one in (await service.get("/listings", who=own))["items"]] == [listing["id"]]
    assert (await service.get("/listings", who=other))["items"] == []
    assert (await service.get(path, who=own))["subject"]["id"] == operator["id"]
    assert (await service.get(f"{path}/timeline", who=own))["items"][-1]["event"] == "publish"
    for seen in (path, f"{path}/timeline", f"{path}/repair-outlook"):
        await service.get(seen, 404, other)
    papers = (await service.get("/papers", about_id=listing["id"], who=own))["items"]
    assert "listing_decision" in {one["kind"] for one in papers}
    assert (await service.get(f"{path}/repair-outlook", who=own))["can_apply"] is False
    file = {"file": ("整改.txt", "整改证明（虚构）".encode(), "text/plain")}
    url = f"/api/v1/credit/subjects/{firm['id']}/evidence"
    sent = (await service.http.post(url, files=file, headers=own)).json()
    wanted = {"listing_id": listing["id"], "statement": "已整改，申请修复。"}
    wanted["evidence"] = [{"sha256": sent["sha256"], "name": "整改证明.txt"}]
    await service.post("/repairs", wanted, 404, other)
    repair = await service.post("/repairs", wanted, 201, own)
    assert [one["id"] for one in (await service.get("/repairs", who=own))["items"]] == [repair["id"]]
    await service.get(f"/repairs/{repair['id']}", 404, other)
    record = {"training_record": wanted["evidence"][0]}
    await service.post(f"/repairs/{repair['id']}/materials", record, 200, own)
    against = {"target": "listing", "listing_id": listing["id"], "statement": "认定对象有误。"}
    await service.post("/objections", against, 404, other)
    objection = await service.post("/objections", against, 201, own)
    seen = await service.get("/objections", who=own)
    assert [one["id"] for one in seen["items"]] == [objection["id"]]
    url = f"/api/v1/credit/objections/{objection['id']}/evidence"
    assert (await service.http.post(url, files=file, headers=own)).status_code == 201
    await service.get(f"/objections/{objection['id']}", 404, other)
    await service.post(f"/objections/{objection['id']}/withdraw", {}, 200, own)


async def test_a_survivors_own_user_is_heard_on_what_it_took_over(service: Service) -> None:
    operator = await service.subject(kind="unlicensed_operator", key=None, name="虚构无证经营点")
    draft = await opened(service, "SEV-T-5", subject_id=operator["id"])
    await service.post(f"/listings/{draft['id']}/notify", {}, 200)
    firm = await service.subject(name="查明后陈述样例旅行社（虚构）")
    await merged(service, operator, firm)
    own = service.who(kind="agency", sub="own", subject_id=firm["id"], scopes=["credit:read"])
    path = f"/listings/{draft['id']}/statement"
    heard = await service.post(path, {"text": "我社与该经营点无关。"}, 200, own)
    assert heard["state"] == "defence"


async def unmerged(service: Service, subject: dict[str, Any]) -> None:
    seen = await service.http.get(f"/api/v1/credit/subjects/{subject['id']}", headers=service.who())
    answer = await service.http.post(
        f"/api/v1/credit/subjects/{subject['id']}/unmerge",
        json={"reason": "经核实并非同一经营者"},
        headers=service.who() | {"If-Match": seen.headers["etag"]},
    )
    assert answer.status_code == 200, answer.text


async def twin(service: Service) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A hotel that was listed, and another that was taken for the same."""
    kind = {"kind": "star_hotel", "key": None}
    twice = await service.subject(**kind, name="疑似重复登记酒店（虚构）")
    listing = await listed(service, subject_id=twice["id"])
    firm = await service.subject(**kind, name="存续样例酒店（虚构）")
    await merged(service, twice, firm)
    return twice, listing, firm


@pytest.mark.parametrize(("removal", "was"), [(POLICY, "D"), (VOID, "A")])
async def test_a_listing_that_ended_under_the_survivor_stays_ended_when_the_merger_is_undone(
    service: Service, removal: dict[str, str], was: str
) -> None:
    twice, listing, firm = await twin(service)
    try:
        service.at(START + timedelta(days=3))
        assert await grade_on(service, firm, "2026-11-26") == "D"
        await service.post(f"/listings/{listing['id']}/remove", removal, 200, reviewer(service))
        service.at(START + timedelta(days=5))
        await unmerged(service, twice)
        assert await grade_on(service, twice, "2026-11-24") == was
        for subject in (twice, firm):
            assert await grade_on(service, subject, "2026-11-28") == "A"
        assert await grade_on(service, firm, "2026-11-24") == "A", "the survivor never was on a list"
        standing = [
            one["code"]
            for one in (await service.get(f"/subjects/{firm['id']}/facts"))["items"]
            if one["standing"]
        ]
        assert standing == []
    finally:
        service.at(START)


async def test_each_keeps_the_end_of_its_own_listing_when_the_merger_is_undone(service: Service) -> None:
    """While they were one, the survivor's own listing ended first and the other kept the list open."""
    twice, listing, firm = await twin(service)
    own = await listed(service, "SEV-T-1", subject_id=firm["id"])
    try:
        for days, ended in ((2, own), (4, listing)):
            service.at(START + timedelta(days=days))
            await service.post(f"/listings/{ended['id']}/remove", POLICY, 200, reviewer(service))
        service.at(START + timedelta(days=6))
        await unmerged(service, twice)
        for subject, last in ((firm, "2026-11-24"), (twice, "2026-11-26")):
            assert await grade_on(service, subject, last) == "D"
            assert await grade_on(service, subject, "2026-11-27") == "A"
        assert await grade_on(service, firm, "2026-11-25") == "A"
    finally:
        service.at(START)


@pytest.mark.parametrize("survivors_ended", [False, True])
async def test_a_listing_that_ended_before_the_merger_leaves_the_others_entry_standing(
    service: Service, survivors_ended: bool
) -> None:
    kind = {"kind": "star_hotel", "key": None}
    twice = await service.subject(**kind, name="疑似重复登记酒店（虚构）")
    firm = await service.subject(**kind, name="存续样例酒店（虚构）")
    both = [await listed(service, subject_id=one["id"]) for one in (twice, firm)]
    ended, stands = reversed(both) if survivors_ended else both
    try:
        service.at(START + timedelta(days=3))
        await service.post(f"/listings/{ended['id']}/remove", POLICY, 200, reviewer(service))
        service.at(START + timedelta(days=5))
        await merged(service, twice, firm)
        assert await grade_on(service, firm, "2026-11-28") == "D", "the other listing runs on"
        service.at(START + timedelta(days=7))
        await unmerged(service, twice)
        off, on = (firm, twice) if survivors_ended else (twice, firm)
        assert await grade_on(service, off, "2026-11-25") == "D"
        assert await grade_on(service, off, "2026-11-30") == "A", "its own listing ended"
        assert await grade_on(service, on, "2026-11-30") == "D"
        service.at(START + timedelta(days=9))
        await merged(service, twice, firm)
        await service.post(f"/listings/{stands['id']}/remove", POLICY, 200, reviewer(service))
        assert await grade_on(service, firm, "2026-12-01") == "D"
        service.at(START + timedelta(days=10))
        assert await grade_on(service, firm, "2026-12-03") == "A"
    finally:
        service.at(START)
