"""What ends a listing or lets it rest, and what holds while it stands."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from credit.listings.repository import ListingRepository
from credit.listings.rules import Removal
from credit.listings.service import ListingService
from credit.rounds import do_round
from sqlalchemy import text

from .conftest import START, Service
from .listing import FULL, listed, opened, reviewer, said

DAYS = {"2026-11-23": True, "2026-11-25": False, "2026-11-27": False, "2026-11-30": True, "2026-12-02": False}
"""Listed from the 23rd, lifted from the 25th, restored on the 30th, lifted again on 2 December."""


async def test_listing_and_removal_are_announced_without_a_name(service: Service) -> None:
    done = await listed(service)
    body = {"ground": "REP-A-2", "note": "原决定已经撤销。", "proof": "撤字1号"}
    await service.post(f"/listings/{done['id']}/remove", body, 200, reviewer(service))
    query = text("SELECT type, aggregate_version, data FROM outbox WHERE aggregate_id = :id ORDER BY seq")
    async with service.app.state.db.session() as session:
        rows = (await session.execute(query, {"id": done["id"]})).all()
    published, removed = rows
    assert [row.type.split(".")[2] for row in rows] == ["listing_published", "listing_removed"]
    assert published.data | {"number": "", "subject_id": "", "subject_key": "", "listing_id": ""} == {
        "listing_id": "",
        "number": "",
        "subject_id": "",
        "subject_key": "",
        "list": "serious",
        "condition": "SEV-T-3",
        "role": "self",
        "region": "140105",
        "listed_on": "2026-11-23",
        "management_until": "2029-11-23",
        "publication_until": "2029-11-23",
        "public": True,
    }
    assert (removed.data["reason"], removed.data["removed_on"]) == ("revoked", "2026-11-23")
    assert removed.aggregate_version > published.aggregate_version


async def test_an_expired_listing_is_removed_on_the_day_after_and_the_veto_ends(service: Service) -> None:
    done = await listed(service)
    state = service.app.state
    try:
        service.at(datetime.fromisoformat("2029-11-23T12:00:00+08:00"))
        await do_round(state.db, state.env)
        assert (await service.get(f"/listings/{done['id']}"))["state"] == "listed"
        assert (await service.get(f"/subjects/{done['subject']['id']}"))["grade"] == "D"
        service.at(datetime.fromisoformat("2029-11-26T12:00:00+08:00"))
        await do_round(state.db, state.env)
        ended = await service.get(f"/listings/{done['id']}")
        assert (ended["state"], ended["removal"], ended["removed_on"]) == ("removed", "expired", "2029-11-24")
        assert (await service.get(f"/subjects/{done['subject']['id']}"))["grade"] == "A"
        papers = (await service.get("/papers", about_id=done["id"]))["items"]
        assert papers[0]["kind"] == "listing_removal"
        last = (await service.get(f"/listings/{done['id']}/timeline"))["items"][-1]
        assert last["details"]["ground"] == "REP-A-1"
    finally:
        service.at(START)


async def test_a_list_that_runs_longer_under_another_law_keeps_the_veto_until_its_removal(
    service: Service,
) -> None:
    listing = await opened(service)
    path = f"/listings/{listing['id']}"
    await service.post(f"{path}/notify", {}, 200)
    await said(service, path, "请求复核有关事实。")
    await service.post(f"{path}/reply", {"accepted": False, "findings": "不予采纳。"}, 200)
    longer = {"until": "2029-11-22", "legal_basis": "虚构的其他法律规定更长期限"}
    short = await service.post(f"{path}/decide", FULL | {"longer": longer}, 422, reviewer(service))
    assert [one["pointer"] for one in short["errors"]] == ["/longer/until"]
    assert "ORDER7-PERIOD-SERIOUS，至2029-11-23" in short["errors"][0]["detail"]
    longer["until"] = "2031-06-30"
    await service.post(f"{path}/decide", FULL | {"longer": longer}, 200, reviewer(service))
    await service.post(f"{path}/publish", {}, 200)
    firm, state = f"/subjects/{listing['subject']['id']}", service.app.state
    try:
        for day, grade in (("2029-11-26", "D"), ("2031-06-30", "D"), ("2031-07-01", "A")):
            service.at(datetime.fromisoformat(f"{day}T12:00:00+08:00"))
            await do_round(state.db, state.env)
            assert (await service.get(firm))["grade"] == grade, day
    finally:
        service.at(START)


@pytest.mark.parametrize(("ground", "reason"), [("REP-A-2", "revoked"), ("REP-A-3", "policy")])
async def test_the_authority_repairs_of_its_own_motion(service: Service, ground: str, reason: str) -> None:
    done = await listed(service)
    body = {"ground": ground, "note": "原决定已经撤销。", "proof": "撤字1号"}
    path = f"/listings/{done['id']}/remove"
    await service.post(path, body, 409, reviewer(service, sub="officer-1"))
    removed = await service.post(path, body, 200, reviewer(service))
    assert (removed["state"], removed["removal"]) == ("removed", reason)
    assert (await service.get(f"/subjects/{done['subject']['id']}"))["grade"] == "A"
    await service.post(path, body, 409, reviewer(service))


async def test_a_reorganisation_lifts_for_the_time(service: Service) -> None:
    done = await listed(service)
    path = f"/listings/{done['id']}"
    body = {"court": "虚构法院", "ruling": "破1号", "ruled_on": "2026-11-20", "note": "批准重整计划。"}
    await service.post(f"{path}/restore", {"note": "未曾解除。"}, 409, reviewer(service))
    lifted = await service.post(f"{path}/lift", body, 200, reviewer(service))
    assert (lifted["state"], lifted["lifted_on"], lifted["measures"]) == ("listed", "2026-11-23", [])
    subject = f"/subjects/{done['subject']['id']}"
    assert (await service.get(subject))["grade"] == "A"
    refused = await service.post(f"{path}/lift", body, 409, reviewer(service))
    assert refused["allowed"] == ["remove", "restore"]
    await service.post(f"{path}/restore", {"note": "重整计划未获执行。"}, 200, reviewer(service))
    steps = (await service.get(f"{path}/timeline"))["items"][-2:]
    assert [(one["event"], len(one["papers"])) for one in steps] == [("lift", 1), ("restore", 1)]
    for step in steps:
        pdf = await service.http.get(f"/api/v1/credit/papers/{step['papers'][0]}.pdf", headers=service.who())
        assert pdf.content.startswith(b"%PDF")
    assert (await service.get(subject))["grade"] == "A", "lifted for the whole of its day"
    tomorrow = (await service.get(f"{subject}/score", valid_at="2026-11-24"))["result"]
    assert (tomorrow["grade"], (await service.get(subject))["next_change_on"]) == ("D", "2026-11-24")


async def test_supervision_and_certificates_know_when_a_listing_rested(service: Service) -> None:
    done = await listed(service)
    path, subject = f"/listings/{done['id']}", done["subject"]["id"]
    ruling = {"court": "虚构法院", "ruling": "破2号", "ruled_on": "2026-11-20", "note": "批准重整计划。"}
    try:
        for day, act, body in (
            (25, "lift", ruling),
            (30, "restore", {"note": "重整计划未获执行。"}),
            (32, "lift", ruling),
        ):
            service.at(START + timedelta(days=day - 23))
            await service.post(f"{path}/{act}", body, 200, reviewer(service))
        held: dict[str, Any] = {}
        for day in DAYS:
            view = await service.get(f"/subjects/{subject}/supervision", on=day)
            held[day] = "M-SEV-1" in {one["code"] for one in view["measures"]}
            async with service.app.state.db.session() as session:
                found = await ListingRepository(session).in_force(UUID(subject), date.fromisoformat(day))
                assert bool(found) is DAYS[day], day
        assert held == DAYS
        view = await service.get(f"/subjects/{subject}/supervision", on="2026-12-02", expired=True)
        ended = [(one["starts_on"], one["ends_on"]) for one in view["expired"] if one["code"] == "M-SEV-1"]
        assert ended == [("2026-11-23", "2026-11-24"), ("2026-11-30", "2026-12-01")]
    finally:
        service.at(START)


async def test_two_listings_keep_a_subject_listed_until_the_last_ends(service: Service) -> None:
    firm = await service.subject()
    first = await listed(service, subject_id=firm["id"])
    second = await listed(service, "SEV-T-1", subject_id=firm["id"])
    body = {"ground": "REP-A-2", "note": "原决定已经撤销。", "proof": "撤字1号"}
    await service.post(f"/listings/{first['id']}/remove", body, 200, reviewer(service))
    assert (await service.get(f"/subjects/{firm['id']}"))["grade"] == "D"
    await service.post(f"/listings/{second['id']}/remove", body, 200, reviewer(service))
    assert (await service.get(f"/subjects/{firm['id']}"))["grade"] == "A"


@pytest.mark.parametrize(
    ("condition", "act", "role", "measure", "free_on"),
    [
        ("SEV-C-4-VENUE", "venue", "controller", "M-C-VENUE", None),
        ("SEV-C-4-NET", "net_premises", "principal", "M-C-NET", "2031-09-02"),
    ],
)
async def test_a_listing_for_one_act_bars_who_answers_for_it(
    service: Service, condition: str, act: str, role: str, measure: str, free_on: str | None
) -> None:
    firm = await service.subject(kind="unlicensed_operator", key=None, name="虚构无证经营点")
    boss = await service.subject(kind="natural_person", key=None, name="虚构经营人")
    post = {"kind": role, "to": firm["id"], "starts_on": "2020-01-01"}
    await service.post(f"/subjects/{boss['id']}/relations", post)
    ask = {"subject_id": boss["id"], "act": act, "purpose": "核发经营许可"}
    assert (await service.post("/supervision/checks", ask, 200))["allowed"] is True
    await listed(service, condition, subject_id=firm["id"], penalty_on="2026-09-01", penalty_number="罚字1号")
    barred = await service.post("/supervision/checks", ask, 200)
    assert ([one["code"] for one in barred["bars"]], barred["free_on"]) == ([measure], free_on)
    assert (barred["bars"][0]["role"], barred["bars"][0]["condition"]) == (role, condition)


async def test_other_rooms_flag_end_and_ask(service: Service) -> None:
    firm = await service.subject()
    fact = await service.fact(firm, "PENALTY_WARNING", "2026-05-01")
    done = await listed(service, subject_id=firm["id"], fact_ids=[fact["id"]])
    draft = await opened(service)
    state = service.app.state
    async with state.db.session() as session:
        rooms = ListingService(session, state.env)
        await rooms.flag_objection(UUID(done["id"]), True, "officer-9")
        await rooms.remove_for(UUID(draft["id"]), Removal.REVOKED, "异议成立，不再办理。", "officer-9")
        [affected] = await rooms.affected_by(UUID(firm["id"]), UUID(fact["id"]), START)
    assert (affected.kind, affected.number) == ("listing", done["number"])
    assert (await service.get(f"/listings/{draft['id']}"))["state"] == "dismissed"
    assert (await service.get(f"/listings/{done['id']}"))["objected"] is True
    async with state.db.session() as session:
        await ListingService(session, state.env).remove_for(
            UUID(done["id"]), Removal.REVOKED, "异议成立，予以移出。", "officer-9"
        )
    assert (await service.get(f"/listings/{done['id']}"))["removal"] == "revoked"
    assert (await service.get(f"/subjects/{firm['id']}"))["grade"] == "A"
