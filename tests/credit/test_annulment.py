"""A wrong listing never was: its facts, scores and measures; who objects, who withdraws, what is written."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from credit.listings.service import ListingService

from .conftest import START, Service
from .listing import REASONS, listed, opened, reviewer, said, to_decided
from .objecting import Room


@pytest.fixture
def room(service: Service) -> Room:
    return Room(service)


def another(service: Service, *scopes: str) -> dict[str, str]:
    return service.who(sub="reviewer-9", scopes=["credit:read", *(scopes or ("credit:decide",))])


async def grade_on(service: Service, subject: dict[str, Any], day: str) -> str:
    score = await service.get(f"/subjects/{subject['id']}/score", valid_at=day)
    grade: str = score["result"]["grade"]
    return grade


async def annulled(
    service: Service, listing: dict[str, Any], subject: dict[str, Any], days: int = 5
) -> dict[str, Any]:
    """Have an objection against a listing sustained some days after the start."""
    service.at(START + timedelta(days=days))
    room = Room(service)
    made = await room.verified({"target": "listing", "listing_id": listing["id"]}, room.own(subject))
    done: dict[str, Any] = await room.step(made, "sustain", {"reason": "认定对象有误"}, who=another(service))
    return done


async def measures(service: Service, subject: dict[str, Any], day: str) -> set[str]:
    view = await service.get(f"/subjects/{subject['id']}/supervision", on=day)
    return {one["code"] for one in view["measures"] if one["code"].startswith("M-")}


async def test_an_annulled_listing_never_was(service: Service) -> None:
    firm = await service.subject()
    listing = await listed(service, subject_id=firm["id"])
    before = await service.get(f"/subjects/{firm['id']}/score")
    assert before["result"]["grade"] == "D"
    try:
        done = await annulled(service, listing, firm)
        for day in ("2026-11-23", "2026-11-24", "2026-11-28"):
            assert await grade_on(service, firm, day) == "A", day
            assert await measures(service, firm, day) == set(), day
        same = await service.get(
            f"/subjects/{firm['id']}/score",
            valid_at=before["result"]["valid_at"],
            known_at=before["result"]["known_at"],
        )
        assert same["result_hash"] == before["result_hash"], "what was known then stays"
        view = await service.get(f"/listings/{listing['id']}")
        assert (view["state"], view["removal"], view["annulled"]) == ("removed", "revoked", True)
        facts = (await service.get(f"/subjects/{firm['id']}/facts"))["items"]
        assert [(one["code"], one["standing"]) for one in facts] == [("SERIOUS_LISTED", False)]
        step = (await service.get(f"/listings/{listing['id']}/timeline"))["items"][-1]
        assert (step["event"], len(step["papers"])) == ("annul", 1)
        paper = await service.get(f"/papers/{step['papers'][0]}")
        assert paper["kind"] == "listing_annulment"
        pdf = await service.http.get(paper["path"], headers=service.who())
        assert pdf.content.startswith(b"%PDF")
        ripple = await service.get(f"/objections/{done['id']}/ripple", limit=100)
        assert {"grade", "tier", "listing", "page", "measure"} <= set(ripple["by_kind"])
    finally:
        service.at(START)


async def test_an_objection_also_undoes_a_listing_that_has_ended(service: Service) -> None:
    firm = await service.subject()
    listing = await listed(service, subject_id=firm["id"])
    body = {"ground": "REP-A-3", "note": "政策已经调整。", "proof": "文件1号"}
    try:
        service.at(START + timedelta(days=2))
        await service.post(f"/listings/{listing['id']}/remove", body, 200, reviewer(service))
        assert (await grade_on(service, firm, "2026-11-24"), await grade_on(service, firm, "2026-11-26")) == (
            "D",
            "A",
        )
        await annulled(service, listing, firm)
        assert await grade_on(service, firm, "2026-11-24") == "A"
        view = await service.get(f"/listings/{listing['id']}")
        assert (view["removal"], view["removed_on"], view["annulled"]) == ("revoked", "2026-11-25", True)
    finally:
        service.at(START)


VOID = {"ground": "REP-A-2", "note": "处罚决定已被法院撤销。", "proof": "(2026)虚行终9号"}


@pytest.mark.parametrize("ended", [False, True])
async def test_a_listing_whose_decision_was_revoked_never_was(service: Service, ended: bool) -> None:
    firm = await service.subject()
    listing = await listed(service, subject_id=firm["id"])
    before = (await service.get(f"/subjects/{firm['id']}/score"))["result"]
    assert before["grade"] == "D"
    try:
        if ended:
            service.at(START + timedelta(days=2))
            policy = {"ground": "REP-A-3", "note": "政策已经调整。", "proof": "文件1号"}
            await service.post(f"/listings/{listing['id']}/remove", policy, 200, reviewer(service))
        service.at(START + timedelta(days=5))
        done = await service.post(f"/listings/{listing['id']}/remove", VOID, 200, reviewer(service))
        assert (done["state"], done["removal"], done["annulled"]) == ("removed", "revoked", True)
        assert done["removed_on"] == ("2026-11-25" if ended else "2026-11-28")
        for day in ("2026-11-23", "2026-11-24", "2026-11-28"):
            assert await grade_on(service, firm, day) == "A", day
            assert await measures(service, firm, day) == set(), day
        async with service.app.state.db.session() as session:
            room = ListingService(session, service.app.state.env)
            assert await room.in_force(UUID(firm["id"]), date(2026, 11, 24)) == []
        known = await service.get(
            f"/subjects/{firm['id']}/score", valid_at=before["valid_at"], known_at=before["known_at"]
        )
        assert known["result"]["grade"] == "D", "what was known then stays"
        step = (await service.get(f"/listings/{listing['id']}/timeline"))["items"][-1]
        assert (step["event"], step["details"]["decision"], len(step["papers"])) == ("annul", "revoked", 1)
        paper = await service.get(f"/papers/{step['papers'][0]}")
        assert paper["kind"] == "listing_annulment"
        pdf = await service.http.get(paper["path"], headers=service.who())
        assert pdf.content.startswith(b"%PDF")
        again = await service.post(f"/listings/{listing['id']}/remove", VOID, 409, reviewer(service))
        assert again["allowed"] == []
    finally:
        service.at(START)


async def test_a_listing_whose_decision_was_changed_only_ends(service: Service) -> None:
    firm = await service.subject()
    listing = await listed(service, subject_id=firm["id"])
    path = f"/listings/{listing['id']}/remove"
    other = {"ground": "REP-A-3", "decision": "changed", "note": "政策已经调整。", "proof": "文件1号"}
    refused = await service.post(path, other, 422, reviewer(service))
    assert [one["pointer"] for one in refused["errors"]] == ["/decision"]
    try:
        service.at(START + timedelta(days=5))
        done = await service.post(path, VOID | {"decision": "changed"}, 200, reviewer(service))
        assert (done["removal"], done["removed_on"], done["annulled"]) == ("revoked", "2026-11-28", False)
        for day, grade, codes in (("2026-11-24", "D", {"M-SEV-1", "M-SEV-4"}), ("2026-11-29", "A", set())):
            assert await grade_on(service, firm, day) == grade, day
            assert codes <= await measures(service, firm, day), day
        assert await measures(service, firm, "2026-11-29") == set()
        async with service.app.state.db.session() as session:
            room = ListingService(session, service.app.state.env)
            [held] = await room.in_force(UUID(firm["id"]), date(2026, 11, 24))
        assert str(held.listing_id) == listing["id"]
    finally:
        service.at(START)


async def test_what_an_annulled_listing_kept_open_is_closed_on_its_own_day(service: Service) -> None:
    """The removal of a listing is not noted while another keeps its subject on the list."""
    firm = await service.subject()
    wrong = await listed(service, subject_id=firm["id"])
    right = await listed(service, "SEV-T-1", subject_id=firm["id"])
    body = {"ground": "REP-A-3", "note": "政策已经调整。", "proof": "文件2号"}
    try:
        service.at(START + timedelta(days=2))
        await service.post(f"/listings/{right['id']}/remove", body, 200, reviewer(service))
        assert await grade_on(service, firm, "2026-11-27") == "D", "the other one keeps it listed"
        await annulled(service, wrong, firm)
        assert await grade_on(service, firm, "2026-11-24") == "D", "the right one stood until then"
        assert await grade_on(service, firm, "2026-11-27") == "A"
    finally:
        service.at(START)


async def test_an_annulled_listing_leaves_the_other_standing(service: Service) -> None:
    firm = await service.subject()
    wrong = await listed(service, subject_id=firm["id"])
    await listed(service, "SEV-T-1", subject_id=firm["id"])
    try:
        await annulled(service, wrong, firm)
        assert await grade_on(service, firm, "2026-11-28") == "D"
        facts = (await service.get(f"/subjects/{firm['id']}/facts"))["items"]
        assert sorted((one["code"], one["standing"]) for one in facts) == [
            ("SERIOUS_LISTED", False),
            ("SERIOUS_LISTED", True),
        ]
    finally:
        service.at(START)


async def test_nobody_objects_to_a_draft(service: Service, room: Room) -> None:
    firm = await service.subject()
    draft = await opened(service, subject_id=firm["id"])
    body = {"target": "listing", "listing_id": draft["id"]}
    for who in (room.own(firm), room.clerk):
        early = await room.file(body, who, 409)
        assert early["type"] == "/problems/listing-not-told"
    await service.post(f"/listings/{draft['id']}/notify", {}, 200)
    await room.file(body, room.own(firm))


async def test_an_officer_withdraws_only_on_the_subjects_written_request(
    service: Service, room: Room
) -> None:
    firm = await service.subject()
    fact = await service.fact(firm, "PENALTY_WARNING", "2026-06-01")
    older = await service.uploaded(firm, "处罚案卷.txt")
    made = await room.file({"target": "fact", "fact_id": fact["id"]}, room.own(firm))
    refused = await room.step(made, "withdraw", {"note": "应主体要求"}, 422)
    assert [one["pointer"] for one in refused["errors"]] == ["/request"]
    assert (await service.get(f"/objections/{made['id']}"))["state"] == "filed"
    unheard = {"number": "撤回申请书2026年第1号", "sha256": "d" * 64}
    for wrong in (unheard, unheard | {"sha256": older}):
        refused = await room.step(made, "withdraw", {"request": wrong}, 422, who=room.clerk)
        assert [one["pointer"] for one in refused["errors"]] == ["/request/sha256"]
    body = {"request": unheard | {"sha256": await service.uploaded(firm, "撤回申请书.txt")}}
    handler = another(service, "credit:write")
    await room.step(made, "accept", who=handler)
    for barred in (handler, service.who()):
        refused = await room.step(made, "withdraw", body, 409, who=barred)
        assert refused["type"] == "/problems/second-person-needed", "handles it; recorded the fact"
    assert (await service.get(f"/objections/{made['id']}"))["state"] == "accepted"
    done = await room.step(made, "withdraw", body, who=room.clerk)
    kept = {"request": body["request"] | {"by_subject": False}}
    assert (done["state"], done["acts"][-1]["details"]) == ("withdrawn", kept)


async def test_a_paper_serves_one_procedure_and_is_newer_than_what_it_answers(
    service: Service, room: Room
) -> None:
    firm = await service.subject()
    older = await service.paper(firm)
    facts = [await service.fact(firm, "PENALTY_WARNING", day) for day in ("2026-06-01", "2026-06-02")]
    bodies = [
        {"target": "fact", "fact_id": fact["id"], "statement": "并非本社所为。", "request": older}
        for fact in facts
    ]
    repair = {"fact_id": facts[1]["id"], "statement": "已整改。", "evidence": await service.proof(firm)}
    for path, body in (("/objections", bodies[0]), ("/repairs", repair | {"request": older})):
        refused = await service.post(path, body, 422, room.clerk)
        assert [one["pointer"] for one in refused["errors"]] == ["/request/sha256"]
    paper = await service.paper(firm)
    await service.post("/objections", bodies[0] | {"request": paper}, 201, room.clerk)
    for path, body in (("/objections", bodies[1]), ("/repairs", repair)):
        refused = await service.post(path, body | {"request": paper}, 422, room.clerk)
        assert "另一程序" in refused["errors"][0]["detail"]
    made = await service.post("/repairs", repair | {"request": await service.paper(firm)}, 201, room.clerk)
    assert made["state"] in {"applied", "conflict"}


async def test_who_made_a_record_does_not_object_to_it_for_the_subject(service: Service, room: Room) -> None:
    firm = await service.subject()
    fact = await service.fact(firm, "PENALTY_WARNING", "2026-06-01")
    body = {"target": "fact", "fact_id": fact["id"], "statement": "并非本社所为。"}
    body["request"] = await service.paper(firm)
    refused = await service.post("/objections", body, 409)
    assert refused["type"] == "/problems/second-person-needed"
    assert (await service.get("/objections", subject_id=firm["id"]))["items"] == []
    await service.post("/objections", body, 201, room.clerk)


async def test_a_refused_objection_and_a_listing_dropped_by_one_are_told_in_writing(
    service: Service, room: Room
) -> None:
    firm = await service.subject()
    fact = await service.fact(firm, "PENALTY_WARNING", "2026-06-01")
    made = await room.file({"target": "fact", "fact_id": fact["id"]}, room.own(firm))
    refused = await room.step(made, "refuse", {"reason": "材料不齐，不予受理"})
    paper = await service.get(f"/papers/{refused['paper_id']}", who=room.own(firm))
    assert paper["kind"] == "objection_refusal"
    pdf = await service.http.get(paper["path"], headers=room.own(firm))
    assert pdf.content.startswith(b"%PDF")
    told = await opened(service, subject_id=firm["id"])
    await service.post(f"/listings/{told['id']}/notify", {}, 200)
    case = await room.verified({"target": "listing", "listing_id": told["id"]}, room.own(firm))
    await room.step(case, "sustain", {"reason": "认定对象有误"}, who=another(service))
    step = (await service.get(f"/listings/{told['id']}/timeline"))["items"][-1]
    assert (step["event"], len(step["papers"])) == ("dismiss", 1)
    paper = await service.get(f"/papers/{step['papers'][0]}", who=room.own(firm))
    assert paper["kind"] == "listing_dismissal"


async def test_a_slight_listing_that_was_annulled_leaves_no_trace_in_the_count(service: Service) -> None:
    firm = await service.subject()
    body = {"condition": "MIN-1", "reasons": REASONS, "subject_id": firm["id"]}
    [slight] = await service.post("/listings", body)
    path = f"/listings/{slight['id']}"
    await service.post(f"{path}/notify", {}, 200)
    await said(service, path, "我方认为情节轻微。")
    await service.post(f"{path}/decide", {"outcome": "list", "reasons": REASONS}, 200, reviewer(service))
    await service.post(f"{path}/publish", {}, 200)
    try:
        await annulled(service, slight, firm, 1)
        at = datetime.fromisoformat("2026-11-24T12:00:00+08:00")
        facts = (await service.get(f"/subjects/{firm['id']}/facts", valid_at=at.date().isoformat()))["items"]
        assert {one["standing"] for one in facts} == {False}
        assert await measures(service, firm, "2026-11-23") == set()
    finally:
        service.at(START)


async def test_who_is_listed_again_on_the_day_of_a_removal_has_not_left_the_list(service: Service) -> None:
    firm = await service.subject()
    first = await listed(service, subject_id=firm["id"])
    again = await opened(service, "SEV-T-1", subject_id=firm["id"])
    await to_decided(service, again)
    removal = {"ground": "REP-A-3", "note": "政策已经调整。", "proof": "文件5号"}
    await service.post(f"/listings/{first['id']}/remove", removal, 200, reviewer(service))
    assert await grade_on(service, firm, "2026-11-24") == "A"
    await service.post(f"/listings/{again['id']}/publish", {}, 200)
    now = await service.get(f"/subjects/{firm['id']}/score")
    assert now["result"]["grade"] == "D", "the veto counts from the first day, as measures and page do"
    assert await grade_on(service, firm, "2026-11-24") == "D"
    try:
        service.at(START + timedelta(days=3))
        await service.post(f"/listings/{again['id']}/remove", removal, 200, reviewer(service))
        assert await grade_on(service, firm, "2026-11-27") == "A", "its own end closes both entries"
    finally:
        service.at(START)
