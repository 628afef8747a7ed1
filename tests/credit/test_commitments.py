"""Commitments: who may give one, when it falls due, and that two persons make its result a fact."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

from credit.commitments.rules import Event, State, events_allowed, next_state, state_on
from credit.rounds import do_round
from hypothesis import given
from hypothesis import strategies as st

from .conftest import START, Service
from .listing import listed, reviewer

PROOF = {"sha256": "c" * 64, "name": "核查记录.pdf"}
BROKEN = {"result": "broken", "evidence": [PROOF], "note": "承诺的整改未完成。"}
KEPT = {"result": "kept", "evidence": [PROOF], "note": "承诺事项均已履行。"}
CONFIRM = {"confirm": True, "note": "核查结论属实。"}


def body(subject: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "subject_id": subject["id"],
        "kind": "self_discipline",
        "template_version": "2026-1",
        "items": ["不组织不合理低价游", "及时办理投诉"],
        "start_on": "2026-11-01",
        "end_on": "2026-12-31",
        "publicly_shown": True,
    } | fields


def user_of(service: Service, subject: dict[str, Any]) -> dict[str, str]:
    return service.who(kind="agency", subject_id=subject["id"], scopes=["credit:read"], sub="agency-1")


def test_the_last_day_is_still_inside() -> None:
    assert state_on(date(2026, 12, 31), date(2026, 12, 31)) is State.OPEN
    assert state_on(date(2026, 12, 31), date(2027, 1, 1)) is State.DUE
    assert events_allowed(State.PROPOSED) == [Event.CONFIRM, Event.RETURN]
    for told in (State.NOTIFIED, State.HEARD):
        assert events_allowed(told, running=True) == [Event.STATEMENT, Event.RETURN]
        assert events_allowed(told) == [Event.CONFIRM, Event.RETURN]
    assert events_allowed(State.DECIDED) == []


@given(st.lists(st.sampled_from(list(Event)), max_size=10))
def test_nothing_is_decided_that_nobody_proposed(events: list[Event]) -> None:
    state, walked = State.OPEN, [State.OPEN]
    for event in events:
        state = next_state(state, event) or state
        walked.append(state)
    assert State.DECIDED not in walked or State.PROPOSED in walked or State.NOTIFIED in walked


async def test_a_broken_commitment_becomes_a_fact_by_two_persons(service: Service) -> None:
    firm = await service.subject()
    own = user_of(service, firm)
    given_one = await service.post("/commitments", body(firm), 201, own)
    assert (given_one["state"], given_one["result"], given_one["allowed_events"]) == ("open", "pending", [])
    path = f"/commitments/{given_one['id']}"
    assert (await service.post(f"{path}/decide", CONFIRM, 409, reviewer(service)))["allowed"] == ["verify"]
    told = await service.post(f"{path}/verify", BROKEN, 200)
    assert (told["state"], told["allowed_events"]) == ("notified", ["statement", "return"])
    assert (told["hearing"]["due_on"], told["hearing"]["rule_status"]) == ("2026-11-30", "recalled")
    same = service.who(scopes=["credit:read", "credit:decide"])
    refused = await service.post(f"{path}/decide", CONFIRM, 409, same)
    assert refused["type"] == "/problems/second-person-needed"
    early = await service.post(f"{path}/decide", CONFIRM, 409, reviewer(service))
    assert (early["type"], early["due_on"]) == ("/problems/hearing-skipped", "2026-11-30")
    assert (await service.get(f"/subjects/{firm['id']}/facts"))["items"] == []
    heard = await service.post(f"{path}/statement", {"text": "系地接社擅自组织，已解除合作。"}, 200, own)
    assert (heard["state"], heard["stated_on"], heard["allowed_events"]) == ("heard", "2026-11-23", [])
    await service.post(f"{path}/statement", {"text": "再次陈述。"}, 409, own)
    done = await service.post(f"{path}/decide", CONFIRM, 200, reviewer(service))
    assert (done["state"], done["result"], done["result_on"]) == ("decided", "broken", "2026-11-23")
    [fact] = (await service.get(f"/subjects/{firm['id']}/facts"))["items"]
    assert (fact["code"], fact["source"]["reference"]) == ("COMMITMENT_BROKEN", given_one["number"])
    assert (await service.get(f"/subjects/{firm['id']}"))["score"] == 90
    again = await service.post("/commitments", body(firm), 409, own)
    assert (again["type"], again["reason"]) == ("/problems/commitment-not-available", "broken_before")
    steps = (await service.get(path, who=own))["steps"]
    assert [step["event"] for step in steps] == ["give", "notify", "statement", "confirm"]
    assert {step["done_by"] for step in steps} == {None}
    papers = (await service.get("/papers", about_id=given_one["id"], who=own))["items"]
    assert [paper["kind"] for paper in papers] == ["commitment_decision", "commitment_notice"]
    assert {paper["id"] for paper in papers} == {step["paper_id"] for step in steps if step["paper_id"]}
    for paper in papers:
        answer = await service.http.get(paper["path"], headers=own)
        assert answer.status_code == 200 and answer.content[:4] == b"%PDF", answer.text


async def test_an_officer_enters_a_statement_from_paper_and_takes_no_other_step(
    service: Service,
) -> None:
    firm = await service.subject()
    made = await service.post("/commitments", body(firm))
    path = f"/commitments/{made['id']}"
    await service.post(f"{path}/verify", BROKEN, 200)
    both = ["credit:read", "credit:write", "credit:decide"]
    clerk = service.who(sub="clerk-1", scopes=both)
    said: dict[str, Any] = {"text": "系合作方擅自组织（代录）。"}
    bare = await service.post(f"{path}/statement", said, 422, clerk)
    assert [one["pointer"] for one in bare["errors"]] == ["/request"]
    said |= {"request": {"number": "陈述书2026年第1号", "sha256": "d" * 64}}
    unknown = await service.post(f"{path}/statement", said, 422, clerk)
    assert [one["pointer"] for one in unknown["errors"]] == ["/request/sha256"]
    assert (await service.get(path))["state"] == "notified"
    file = {"file": ("陈述书.txt", "陈述书（虚构）".encode(), "text/plain")}
    url = f"/api/v1/credit/subjects/{firm['id']}/evidence"
    sent = await service.http.post(url, files=file, headers=clerk)
    assert sent.status_code == 201, sent.text
    said["request"]["sha256"] = sent.json()["sha256"]
    own = await service.post(f"{path}/statement", said, 422, user_of(service, firm))
    assert [one["pointer"] for one in own["errors"]] == ["/request"]
    finder = await service.post(f"{path}/statement", said, 409, service.who(scopes=both))
    assert finder["type"] == "/problems/second-person-needed"
    heard = await service.post(f"{path}/statement", said, 200, clerk)
    assert (heard["state"], heard["steps"][-1]["request"]) == (
        "heard",
        said["request"] | {"waives": False, "by_subject": False},
    )
    assert (heard["hearing"]["status"], heard["allowed_events"]) == ("open", ["statement", "return"])
    early = await service.post(f"{path}/decide", CONFIRM, 409, reviewer(service))
    assert early["type"] == "/problems/hearing-skipped", "the paper waives nothing: the period runs on"
    said["request"]["waives"] = True
    await service.post(f"{path}/statement", said, 200, clerk)
    for wanted in (CONFIRM, CONFIRM | {"confirm": False}):
        refused = await service.post(f"{path}/decide", wanted, 409, clerk)
        assert refused["type"] == "/problems/second-person-needed"
    done = await service.post(f"{path}/decide", CONFIRM, 200, reviewer(service))
    assert done["result"] == "broken"


async def test_silence_is_a_waiver_and_a_dropped_breach_is_answered(service: Service) -> None:
    firm = await service.subject()
    made = await service.post("/commitments", body(firm))
    path = f"/commitments/{made['id']}"
    await service.post(f"{path}/verify", BROKEN, 200)
    back = {"confirm": False, "note": "证据不足，重新核查。"}
    returned = await service.post(f"{path}/decide", back, 200, reviewer(service))
    assert (returned["state"], returned["hearing"]) == ("open", None)
    papers = (await service.get("/papers", about_id=made["id"]))["items"]
    assert [paper["kind"] for paper in papers] == ["commitment_decision", "commitment_notice"]
    await service.post(f"{path}/verify", BROKEN, 200)
    try:
        service.at(START + timedelta(days=7))
        await service.post(f"{path}/decide", CONFIRM, 409, reviewer(service))
        service.at(START + timedelta(days=8))
        silent = await service.get(path, who=service.who())
        assert (silent["hearing"]["status"], silent["allowed_events"]) == ("waived", ["confirm", "return"])
        late = await service.post(f"{path}/statement", {"text": "迟来的陈述。"}, 409, service.who())
        assert late["type"] == "/problems/statement-too-late"
        done = await service.post(f"{path}/decide", CONFIRM, 200, reviewer(service))
        assert done["result"] == "broken"
    finally:
        service.at(START)


async def test_what_was_given_to_be_shown_is_shown_until_it_is_broken(service: Service) -> None:
    firm = await service.subject(region="140802", name="公开承诺样例旅行社（虚构）")
    guide = await service.subject(kind="tour_guide", region="140802", key="D-1408-000321", name="张承诺")
    wanted = body(firm, items=["接到投诉即办，联系电话 13900000001"])
    shown = await service.post("/commitments", wanted)
    await service.post("/commitments", body(firm, publicly_shown=False))
    await service.post("/commitments", body(guide))

    async def listed_now() -> list[dict[str, Any]]:
        answer = await service.http.get(
            "/api/v1/credit/public/commitments", params={"region": "140800", "kind": "self_discipline"}
        )
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def on_page() -> list[dict[str, Any]]:
        answer = await service.http.get(f"/api/v1/credit/public/subjects/{firm['key']}")
        items: list[dict[str, Any]] = answer.json()["commitments"]
        return items

    [entry], [promise] = await listed_now(), await on_page()
    assert (entry["number"], entry["name"], entry["result"]) == (shown["number"], firm["name"], "pending")
    assert promise["number"] == shown["number"] and "13900000001" not in promise["items"][0]
    path = f"/commitments/{shown['id']}"
    await service.post(f"{path}/verify", BROKEN, 200)
    assert [one["result"] for one in await on_page()] == ["pending"], "nothing is decided yet"
    await service.post(f"{path}/statement", {"text": "已改正，请予核实。"}, 200, user_of(service, firm))
    await service.post(f"{path}/decide", CONFIRM, 200, reviewer(service))
    assert (await listed_now(), await on_page()) == ([], [])


async def test_serious_subjects_give_no_commitment(service: Service) -> None:
    done = await listed(service)
    refused = await service.post("/commitments", body(done["subject"]), 409)
    assert refused["reason"] == "serious"
    slight = await listed(service, "MIN-4")
    await service.post("/commitments", body(slight["subject"]))


async def test_what_is_over_falls_due_and_asks_for_verification(service: Service) -> None:
    firm = await service.subject()
    made = await service.post("/commitments", body(firm))
    early = await service.post(f"/commitments/{made['id']}/verify", KEPT, 422)
    assert early["errors"][0]["pointer"] == "/result"
    state = service.app.state
    try:
        service.at(datetime.fromisoformat("2026-12-31T23:00:00+08:00"))
        await do_round(state.db, state.env)
        assert (await service.get(f"/commitments/{made['id']}"))["state"] == "open"
        service.at(datetime.fromisoformat("2027-01-01T00:30:00+08:00"))
        await do_round(state.db, state.env)
        await do_round(state.db, state.env)
        due = await service.get(f"/commitments/{made['id']}")
        assert (due["state"], [step["event"] for step in due["steps"]]) == ("due", ["give", "expire"])
        await service.post(f"/commitments/{made['id']}/verify", KEPT, 200)
        back = {"confirm": False, "note": "证据不足，重新核查。"}
        returned = await service.post(f"/commitments/{made['id']}/decide", back, 200, reviewer(service))
        assert (returned["state"], returned["proposed"]) == ("due", None)
        await service.post(f"/commitments/{made['id']}/verify", KEPT, 200)
        await service.post(f"/commitments/{made['id']}/decide", CONFIRM, 200, reviewer(service))
        [fact] = (await service.get(f"/subjects/{firm['id']}/facts"))["items"]
        assert (fact["code"], fact["nature"]) == ("COMMITMENT_KEPT", "favourable")
    finally:
        service.at(START)


async def test_who_may_give_and_see_a_commitment(service: Service) -> None:
    firm, other = await service.subject(), await service.subject()
    stranger = service.who(kind="agency", subject_id=other["id"], scopes=["credit:read"], sub="s")
    plain = service.who(scopes=["credit:read"], sub="reader")
    await service.post("/commitments", body(firm), 404, stranger)
    await service.post("/commitments", body(firm), 403, plain)
    await service.post("/commitments", body(firm), 404, service.who("140200"))
    await service.post("/commitments", body(firm, end_on="2026-10-01"), 422)
    await service.post("/commitments", body(firm, items=[]), 422)
    made = await service.post("/commitments", body(firm))
    for who in (stranger, service.who("140200"), service.who(kind="client", scopes=["credit:read"])):
        await service.get(f"/commitments/{made['id']}", 404, who)
        assert (await service.get("/commitments", who=who))["items"] == []
    [found] = (await service.get("/commitments", subject_id=firm["id"], state="open"))["items"]
    assert found["items"] == ["不组织不合理低价游", "及时办理投诉"]


async def test_two_confirmations_at_once_are_one(service: Service) -> None:
    firm = await service.subject()
    made = await service.post("/commitments", body(firm))
    await service.post(f"/commitments/{made['id']}/verify", BROKEN, 200)
    said = {"text": "没有异议。"}
    await service.post(f"/commitments/{made['id']}/statement", said, 200, user_of(service, firm))
    url = f"/api/v1/credit/commitments/{made['id']}/decide"

    async def confirm(n: int) -> int:
        return (await service.http.post(url, json=CONFIRM, headers=reviewer(service, f"r{n}"))).status_code

    assert sorted(await asyncio.gather(*(confirm(n) for n in range(3)))) == [200, 409, 409]
    assert len((await service.get(f"/subjects/{firm['id']}/facts"))["items"]) == 1
