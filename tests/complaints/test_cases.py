"""Handling: who sees what, the state machine, its fields, papers of refusal and transfer, races."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from common.audit import verify_chain
from complaints.cases.demands import DEMANDS
from complaints.cases.rules import CLOSED, EVENTS, OPEN, Event, State, allowed_events, next_state
from complaints.rounds import do_round
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.complaints.conftest import AGENCY_NAME, World, complaint
from tests.complaints.narratives import N01, N07


async def refused(world: World, case_id: str, body: dict[str, Any], who: str = "officer") -> dict[str, Any]:
    answer = await world.post(f"/cases/{case_id}/events", body, who)
    assert answer.status_code >= 400, answer.text
    problem: dict[str, Any] = answer.json()
    return problem


# --- who sees what ---


async def test_the_officer_sees_masked_contact_data(world: World) -> None:
    filed = await world.file()
    case = (await world.get(f"/cases/{filed['id']}")).json()
    assert case["complainant"] == {
        "name": "王**",
        "phone": "142****0001",
        "id_number": case["complainant"]["id_number"],
    }
    assert "19850615" not in case["complainant"]["id_number"]
    assert "蜂蜜店" in case["text"]
    assert "样例路8号" not in str(case)


async def test_another_city_gets_404_everywhere(world: World) -> None:
    filed = await world.file()
    for path in ("", "/timeline", "/deadlines", "/documents"):
        answer = await world.get(f"/cases/{filed['id']}{path}", "datong")
        assert answer.status_code == 404, path
    problem = await refused(world, filed["id"], {"event": "accept"}, "datong")
    assert problem["status"] == 404
    assert (await world.get("/cases", "datong")).json()["items"] == []


async def test_wrong_scope_403_and_no_token_401(world: World) -> None:
    filed = await world.file()
    assert (await world.get(f"/cases/{filed['id']}", "stranger")).status_code == 403
    assert (await world.get(f"/cases/{filed['id']}", "tourist")).status_code == 403
    anonymous = await world.get(f"/cases/{filed['id']}", None)
    assert anonymous.status_code == 401
    assert anonymous.headers["www-authenticate"].startswith("Bearer")


async def test_the_respondent_sees_its_own_served_case_without_contact_data(world: World) -> None:
    told = complaint(text="我在“样例旅行社”的团少去了一个景点，我的电话14200000001，要求赔偿。")
    filed = await world.file(text=told["text"])
    case_id = filed["id"]
    await world.act(case_id, "accept")
    assert (await world.get(f"/cases/{case_id}", "agency")).status_code == 404
    await world.act(case_id, "serve")
    seen = await world.get(f"/cases/{case_id}", "agency")
    assert seen.status_code == 200
    case = seen.json()
    assert case["complainant"] == {"name": "王样例", "phone": None, "id_number": None}
    assert case["routing"] is None
    for secret in ("14200000001", "140100198506159952", "样例路8号"):
        assert secret not in seen.text
    assert case["allowed_events"] == ["reply"]
    assert (await world.get(f"/cases/{case_id}", "other_agency")).status_code == 404
    assert len((await world.get("/cases", "agency")).json()["items"]) == 1
    assert (await world.get("/cases", "other_agency")).json()["items"] == []


async def test_the_respondent_may_reply_and_nothing_else(world: World) -> None:
    filed = await world.file()
    await world.act(filed["id"], "accept", note="内部意见：事实清楚")
    await world.act(filed["id"], "serve")
    problem = await refused(world, filed["id"], {"event": "withdraw", "note": "替他撤回"}, "agency")
    assert problem["status"] == 403
    await world.act(filed["id"], "reply", "agency", note="愿意协商")
    steps = (await world.get(f"/cases/{filed['id']}/timeline", "agency")).json()["items"]
    assert [step["note"] for step in steps] == [None, None, None, "愿意协商"]
    mine = (await world.get(f"/cases/{filed['id']}/timeline")).json()["items"]
    assert mine[1]["note"] == "内部意见：事实清楚"


async def test_a_reveal_needs_its_scope_and_a_purpose_and_is_recorded(world: World) -> None:
    filed = await world.file()
    path = f"/cases/{filed['id']}/reveals"
    assert (await world.post(path, {"purpose": "电话核实事实"})).status_code == 403
    assert (await world.post(path, {"purpose": ""}, "supervisor")).status_code == 422
    answer = await world.post(path, {"purpose": "电话核实事实"}, "supervisor")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["phone"] == "14200000001"
    async with world.app.state.db.session() as session:
        rows = (await session.execute(text("SELECT actor, target, purpose FROM audit"))).all()
        report = await verify_chain(session)
    assert rows == [("officer-province", f"case:{filed['id']}", "电话核实事实")]
    assert report.intact


# --- the queue ---


async def test_the_queue_filters_and_pages(world: World) -> None:
    filed = [await world.file() for _ in range(5)]
    await world.act(filed[0]["id"], "accept")
    received = (await world.get("/cases", state="received")).json()["items"]
    assert [item["id"] for item in received] == [case["id"] for case in reversed(filed[1:])]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await world.get("/cases", limit=2, **cursor)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [case["id"] for case in reversed(filed)]
    due = (await world.get("/cases", due_before="2026-11-26")).json()["items"]
    assert {item["id"] for item in due} == {case["id"] for case in filed[1:]}
    first = (await world.get("/cases", due_before="2027-03-01", limit=2)).json()
    rest = (await world.get("/cases", due_before="2027-03-01", limit=10, cursor=first["next_cursor"])).json()
    days = [item["next_due_on"] for item in first["items"] + rest["items"]]
    assert len(days) == 5
    assert days == sorted(days)
    assert (await world.get("/cases", region="140105")).json()["items"] != []
    assert (await world.get("/cases", region="140213")).json()["items"] == []
    assert (await world.get("/cases", department="SC")).json()["items"] == []


async def test_the_queue_finds_a_whole_number_or_phone(world: World) -> None:
    filed = await world.file()
    await world.file(complainant={"name": "李样例", "phone": "14200000002"})
    for q in (filed["number"], filed["number"].lower(), "14200000001", "+86 142 0000 0001"):
        found = (await world.get("/cases", q=q)).json()["items"]
        assert [item["id"] for item in found] == [filed["id"]], q
    assert (await world.get("/cases", "datong", q="14200000001")).json()["items"] == []
    assert (await world.get("/cases", q="王样例王样例")).status_code == 422
    assert (await world.get("/cases", cursor="bm9uZQ")).status_code == 422
    assert (await world.get("/cases", cursor="WyJ4Il0")).status_code == 422
    assert (await world.get("/cases", state="nowhere")).status_code == 422


# --- the state machine ---


def test_every_event_has_its_demands_and_ends_somewhere_known() -> None:
    assert set(EVENTS) == set(DEMANDS) == set(Event)
    for state in State:
        for name in allowed_events(state):
            assert next_state(Event(name), state, State.REPLIED) in State


def test_every_open_state_can_come_to_an_end() -> None:
    """From each open state some chain of events reaches a closed one."""
    for start in OPEN:
        reached, wave = {start}, [start]
        while wave:
            state = wave.pop()
            for name in allowed_events(state):
                after = next_state(Event(name), state, State.REPLIED)
                if after not in reached:
                    reached.add(after)
                    wave.append(after)
        assert reached & set(CLOSED), start


async def test_409_names_the_allowed_events(world: World) -> None:
    filed = await world.file()
    problem = await refused(world, filed["id"], {"event": "agree", "amount_fen": 1, "terms": "双方同意"})
    assert problem["status"] == 409
    assert problem["type"] == "/problems/event-not-allowed"
    assert problem["state"] == "received"
    assert "accept" in problem["allowed"]
    assert "refuse" in problem["allowed"]
    assert "agree" not in problem["allowed"]


BAD_EVENTS: list[tuple[dict[str, Any], str]] = [
    ({"event": "refuse"}, "/ground"),
    ({"event": "refuse", "ground": "R9"}, "/ground"),
    ({"event": "transfer"}, "/department"),
    ({"event": "transfer", "department": "XX"}, "/department"),
    ({"event": "ask_supplement"}, "/note"),
    ({"event": "accept", "amount_fen": 5}, "/amount_fen"),
    ({"event": "accept", "happened_on": "2026-11-24"}, "/happened_on"),
    ({"event": "accept", "happened_on": "2026-11-20"}, "/happened_on"),
    ({"event": "nothing"}, "/event"),
    ({}, "/event"),
]


async def test_each_event_demands_its_fields(world: World) -> None:
    filed = await world.file()
    for body, pointer in BAD_EVENTS:
        problem = await refused(world, filed["id"], body)
        assert problem["status"] == 422
        assert [error["pointer"] for error in problem["errors"]] == [pointer], body
    assert (await world.get(f"/cases/{filed['id']}")).json()["version"] == 1


async def test_a_refusal_names_its_ground_and_is_seen_by_the_tourist(world: World) -> None:
    world.now(datetime(2026, 7, 20, 2, tzinfo=UTC))
    filed = await world.file(text=N07.text, contract_no=None, contract_end_on="2026-04-01")
    case = await world.act(filed["id"], "refuse", ground="R4", note="合同已结束一百一十日")
    assert (case["state"], case["next_due_on"]) == ("refused", None)
    seen = await world.post(
        "/public/complaints/lookup", {"number": filed["number"], "code": filed["lookup_code"]}, None
    )
    assert seen.json()["refusal"] == "R4"
    papers = (await world.get(f"/cases/{filed['id']}/documents")).json()["items"]
    assert [paper["kind"] for paper in papers] == ["refusal"]
    reopened = await world.act(filed["id"], "reopen", "supervisor", note="提交了新的证据")
    assert reopened["state"] == "received"
    assert (await refused(world, filed["id"], {"event": "reopen", "note": "再来"}))["status"] == 409


async def test_a_transfer_goes_out_with_its_paper_and_event(world: World) -> None:
    filed = await world.file()
    case = await world.act(filed["id"], "transfer", department="SC", region="140105", note="属商品消费纠纷")
    assert case["state"] == "transferred"
    async with world.app.state.db.session() as session:
        data = await session.scalar(text("SELECT data FROM outbox ORDER BY seq DESC LIMIT 1"))
    assert (data["to_department"], data["to_region"]) == ("SC", "140105")


async def test_an_appraisal_stops_the_clock_and_returns_to_where_it_was(world: World) -> None:
    filed = await world.file()
    case_id = filed["id"]
    await world.act(case_id, "accept")
    await world.act(case_id, "serve")
    before = (await world.get(f"/cases/{case_id}/deadlines")).json()["items"][-1]
    world.now(datetime(2026, 11, 26, 2, tzinfo=UTC))
    suspended = await world.act(
        case_id,
        "start_appraisal",
        appraiser="样例鉴定所（虚构）",
        appraisal_item="手镯材质",
        agreed_by_both=True,
    )
    assert suspended["state"] == "suspended"
    await world.act(case_id, "suspect_violation", note="涉嫌擅自变更行程", violation_code="T100_1")
    world.now(datetime(2026, 12, 1, 2, tzinfo=UTC))
    resumed = await world.act(case_id, "appraisal_done", note="鉴定为玻璃制品")
    assert resumed["state"] == "notified"
    after = (await world.get(f"/cases/{case_id}/deadlines")).json()["items"][-1]
    assert after["pauses"] == [["2026-11-26", "2026-12-01"]]
    assert after["due_on"] > before["due_on"]
    clues = (await world.get("/enforcement-cases", "enforcer")).json()["items"]
    assert [clue["complaint_id"] for clue in clues] == [case_id]


async def test_what_must_wait_for_its_term_waits(world: World) -> None:
    filed = await world.file()
    case_id = filed["id"]
    await world.act(case_id, "accept")
    await world.act(case_id, "serve")
    early = await refused(world, case_id, {"event": "reply_overdue"})
    assert early["type"] == "/problems/event-too-early"
    assert early["due_on"] == "2026-11-30"
    assert (await refused(world, case_id, {"event": "terminate", "note": "谈不拢"}))["status"] == 409
    assert (await refused(world, case_id, {"event": "extend", "note": "案情复杂"}))["status"] == 409
    world.now(datetime(2026, 12, 1, 2, tzinfo=UTC))
    by_hand = await world.post(f"/cases/{case_id}/events", {"event": "reply_overdue"})
    assert by_hand.status_code in {200, 409}, "409 when the timer was faster"
    assert (await world.get(f"/cases/{case_id}")).json()["state"] == "replied"
    world.now(datetime(2027, 2, 10, 2, tzinfo=UTC))
    overdue = (await world.get("/cases", due_before="2027-02-10")).json()["items"]
    assert [item["next_due_event"] for item in overdue] == ["conclude"]
    assert (await world.act(case_id, "terminate", note="六十日届满未达成协议"))["state"] == "terminated"
    paid = await world.act(case_id, "deposit_payout", amount_fen=50_000, basis="B2", note="垫付返程费用")
    assert paid["state"] == "payout"
    assert (await world.act(case_id, "archive"))["state"] == "archived"


async def test_the_timer_goes_on_without_the_respondent(world: World) -> None:
    waiting, answered = await world.file(), await world.file()
    for filed in (waiting, answered):
        await world.act(filed["id"], "accept")
        await world.act(filed["id"], "serve")
    await world.act(answered["id"], "reply", "agency", note="愿意协商")
    await do_round(world.app.state)
    assert (await world.get(f"/cases/{waiting['id']}")).json()["state"] == "notified"
    world.now(datetime(2026, 12, 1, 2, tzinfo=UTC))
    await do_round(world.app.state)
    await do_round(world.app.state)
    case = (await world.get(f"/cases/{waiting['id']}")).json()
    assert (case["state"], case["version"]) == ("replied", 4)
    steps = (await world.get(f"/cases/{waiting['id']}/timeline")).json()["items"]
    assert (steps[-1]["event"], steps[-1]["actor_kind"]) == ("reply_overdue", "service")
    late = await world.act(waiting["id"], "reply", "agency", note="迟到的答复")
    assert late["state"] == "replied"
    assert (await world.get(f"/cases/{answered['id']}")).json()["version"] == 4


async def test_a_conflict_of_jurisdiction_is_settled_by_the_superior(world: World) -> None:
    filed = await world.file()
    await world.act(filed["id"], "claim_conflict", note="经营地在另一区")
    assert (await refused(world, filed["id"], {"event": "designate", "region": "140106"}))["status"] == 403
    moved = await world.act(filed["id"], "designate", "supervisor", region="140106")
    assert (moved["state"], moved["region"]) == ("received", "140106")


async def test_a_settlement_needs_both_signatures(world: World) -> None:
    filed = await world.file()
    await world.act(filed["id"], "accept")
    body = {"event": "self_settle", "terms": "赔付五百元", "agreed_by_both": False}
    assert (await refused(world, filed["id"], body))["status"] == 422
    settled = await world.act(
        filed["id"], "self_settle", terms="赔付五百元", agreed_by_both=True, amount_fen=50_000
    )
    assert (settled["state"], settled["outcome_amount_fen"]) == ("settled", 50_000)


async def test_a_respondent_without_a_key_gives_no_clue(world: World) -> None:
    filed = await world.file(respondent={"name": AGENCY_NAME}, contract_no=None)
    body = {"event": "suspect_violation", "note": "涉嫌违法", "violation_code": "T100_1"}
    assert (await refused(world, filed["id"], body))["status"] == 409


async def test_an_older_reading_is_refused(world: World) -> None:
    filed = await world.file()
    path = f"/cases/{filed['id']}/events"
    tag = (await world.get(f"/cases/{filed['id']}")).headers["etag"]
    assert (await world.post(path, {"event": "accept"}, **{"If-Match": tag})).status_code == 200
    stale = await world.post(path, {"event": "serve"}, **{"If-Match": tag})
    assert stale.status_code == 412
    assert (await world.post(path, {"event": "serve"}, **{"If-Match": "junk"})).status_code == 412


async def test_two_officers_at_once_one_wins(world: World) -> None:
    filed = await world.file()
    path = f"/cases/{filed['id']}/events"
    answers = await asyncio.gather(
        *(world.post(path, {"event": "accept"}) for _ in range(4)),
        world.post(path, {"event": "refuse", "ground": "R6"}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    steps = (await world.get(f"/cases/{filed['id']}/timeline")).json()["items"]
    assert [step["seq"] for step in steps] == [1, 2]


async def test_history_cannot_be_changed(world: World) -> None:
    await world.file()
    for statement in (
        "UPDATE case_events SET event = 'x'",
        "DELETE FROM case_events",
        "TRUNCATE case_events",
    ):
        with pytest.raises(DBAPIError):
            async with world.app.state.db.session() as session:
                await session.execute(text(statement))


async def test_unknown_ids_are_404_and_broken_ones_422(world: World) -> None:
    assert (await world.get("/cases/01900000-0000-7000-8000-000000000000")).status_code == 404
    assert (await world.get("/cases/1")).status_code == 422


async def test_the_respondent_never_learns_that_a_report_was_made(world: World) -> None:
    filed = await world.file(text=N01.text)
    assert filed["kind"] == "both"
    case_id = filed["id"]
    await world.act(case_id, "accept")
    await world.act(case_id, "serve")
    await world.act(case_id, "suspect_violation", note="强迫购物，移交执法。", violation_code="R59")
    officer = (await world.get(f"/cases/{case_id}")).json()
    assert officer["kind"] == "both" and officer["text"] == N01.text
    case = (await world.get(f"/cases/{case_id}", "agency")).json()
    assert case["kind"] == "complaint"
    assert (case["text"], case["wish"]) == (None, None)
    assert set(case["categories"]) < set(officer["categories"])
    line = (await world.get("/cases", "agency")).json()["items"][0]
    assert (line["kind"], line["categories"]) == (case["kind"], case["categories"])
    history = (await world.get(f"/cases/{case_id}/timeline", "agency")).text
    assert "suspect_violation" not in history and "R59" not in history
