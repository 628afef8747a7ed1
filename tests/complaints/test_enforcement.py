"""Enforcement cases: from clue to penalty, the party's rights, the band, two persons, who sees what."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from complaints.enforcement.policy import PenaltyBook
from complaints.enforcement.rules import (
    Event,
    Past,
    State,
    allowed,
    breaks_band,
    deadlines,
    following,
    unpaid,
)
from complaints.policybook import POLICIES
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.complaints.conftest import AGENCY_KEY, NOW, World

CASES = "/enforcement-cases"
CLUE = "导游未经旅游者张某某同意取消木塔，证人电话14200000009。"
LOW, HIGH = 3_000_000, 30_000_000

TABLE: dict[str, dict[str, str]] = {
    "clue": {"file": "filed", "dismiss": "dismissed"},
    "filed": {"add_evidence": "filed", "conclude": "investigated", "dismiss": "dismissed"},
    "investigated": {"propose": "proposed", "dismiss": "dismissed"},
    "proposed": {"propose": "proposed", "notify_rights": "notified"},
    "notified": {
        "statement": "notified",
        "request_hearing": "notified",
        "waive_rights": "heard",
        "hold_hearing": "heard",
        "return": "investigated",
        "decide": "decided",
    },
    "heard": {"decide": "decided", "return": "investigated"},
    "decided": {"serve": "served"},
    "served": {"pay": "served", "close": "closed"},
    "closed": {},
    "dismissed": {},
}
BODIES: dict[str, dict[str, Any]] = {
    "file": {"officers": ["执法一", "执法二"]},
    "dismiss": {"note": "证据不足。"},
    "add_evidence": {"title": "旅游者张某某的询问笔录", "sha256": "ab" * 32},
    "conclude": {"note": "事实清楚，张某某的陈述可以采信。"},
    "propose": {"kind": "fine", "amount_fen": LOW, "gradation": "light", "note": "初次违法，积极赔偿。"},
    "statement": {"note": "请求从轻。"},
    "request_hearing": {"note": "当事人当面提出。"},
    "waive_rights": {"note": "当事人书面放弃。"},
    "hold_hearing": {"note": "听证笔录。"},
    "return": {"note": "采纳申辩意见。"},
    "pay": {"amount_fen": LOW, "receipt_no": "SX-0001"},
    "close": {"note": "履行完毕。"},
}
WAY = {
    "clue": [],
    "filed": ["file"],
    "investigated": ["file", "conclude"],
    "proposed": ["file", "conclude", "propose"],
    "notified": ["file", "conclude", "propose", "notify_rights"],
    "heard": ["file", "conclude", "propose", "notify_rights", "waive_rights"],
    "decided": ["file", "conclude", "propose", "notify_rights", "waive_rights", "decide"],
    "served": ["file", "conclude", "propose", "notify_rights", "waive_rights", "decide", "serve"],
    "closed": ["file", "conclude", "propose", "notify_rights", "waive_rights", "decide", "serve", "close"],
    "dismissed": ["dismiss"],
}


def clue(**changes: Any) -> dict[str, Any]:
    return {
        "respondent_key": AGENCY_KEY,
        "violation_code": "T100_1",
        "region": "140105",
        "occurred_on": "2026-11-12",
        "clue_source": "inspection",
        "clue": CLUE,
    } | changes


async def opened(world: World, **changes: Any) -> str:
    answer = await world.post(CASES, clue(**changes), "enforcer")
    assert answer.status_code == 201, answer.text
    identity: str = answer.json()["id"]
    return identity


async def fire(
    world: World, case_id: str, event: str, who: str = "enforcer", **fields: Any
) -> httpx.Response:
    return await world.post(f"{CASES}/{case_id}/events", {"event": event, **fields}, who)


async def do(world: World, case_id: str, event: str, who: str | None = None, **fields: Any) -> dict[str, Any]:
    actor = who or ("approver" if event == "decide" else "enforcer")
    answer = await fire(world, case_id, event, actor, **(BODIES.get(event, {}) | fields))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def brought_to(world: World, state: str, **changes: Any) -> str:
    case_id = await opened(world, **changes)
    for event in WAY[state]:
        await do(world, case_id, event)
    return case_id


def refused(answer: httpx.Response, status: int, name: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["type"]) == (status, f"/problems/{name}"), answer.text
    return body


async def rows(world: World, query: str, **values: Any) -> list[Any]:
    async with world.app.state.db.session() as session:
        return list((await session.execute(text(query), values)).all())


def test_every_state_takes_exactly_the_events_of_the_table() -> None:
    for state in State:
        assert {event: following(state, event) for event in Event} == {
            event: State(TABLE[state][event]) if event in TABLE[state] else None for event in Event
        }
        assert allowed(state) == sorted(TABLE[state])


async def test_over_http_every_other_event_is_refused_and_names_those_allowed(world: World) -> None:
    for state, taken in TABLE.items():
        case_id = await brought_to(world, state)
        case = (await world.get(f"{CASES}/{case_id}", "enforcer")).json()
        assert (case["state"], case["allowed_events"]) == (state, sorted(taken))
        for event in Event:
            if event not in taken:
                problem = refused(
                    await fire(world, case_id, event, **BODIES.get(event, {})), 409, "event-not-allowed"
                )
                assert (problem["state"], problem["allowed"]) == (state, sorted(taken))
        assert (await world.get(f"{CASES}/{case_id}", "enforcer")).json() == case


async def test_the_whole_way_is_on_record(world: World) -> None:
    case_id = await opened(world)
    await do(world, case_id, "file")
    await do(world, case_id, "add_evidence")
    for event in WAY["closed"][1:]:
        last = await do(world, case_id, event)
    assert (last["state"], last["version"]) == ("closed", 10)
    assert [step["event"] for step in last["history"]] == [
        "open",
        "file",
        "add_evidence",
        *WAY["closed"][1:],
    ]
    assert [step["seq"] for step in last["history"]] == list(range(1, 11))
    stored = await rows(world, "SELECT from_state, to_state FROM enforcement_events ORDER BY seq")
    assert stored[0] == (None, "clue")
    assert all(before == after for (_, before), (after, _) in pairwise(stored))
    assert last["history"][2]["data"]["title"] == BODIES["add_evidence"]["title"]
    assert last["clue"] == CLUE
    assert last["number"].startswith("ZF14010520261123")


@pytest.mark.parametrize(
    ("amount", "grade", "band"),
    [
        (LOW, None, None),
        (HIGH, None, None),
        (LOW - 1, None, (LOW, HIGH)),
        (HIGH + 1, None, (LOW, HIGH)),
        (None, None, (LOW, HIGH)),
        (LOW, "light", None),
        (10_000_000, "light", None),
        (10_000_001, "light", (LOW, 10_000_000)),
        (LOW - 1, "light", (LOW, 10_000_000)),
        (10_000_000, "ordinary", None),
        (9_999_999, "ordinary", (10_000_000, 20_000_000)),
        (20_000_001, "ordinary", (10_000_000, 20_000_000)),
        (20_000_000, "heavy", None),
        (HIGH, "heavy", None),
        (HIGH + 1, "heavy", (20_000_000, HIGH)),
    ],
)
def test_the_band_holds_at_its_edges(
    amount: int | None, grade: str | None, band: tuple[int, int] | None
) -> None:
    violation = PenaltyBook(POLICIES).on(date(2026, 11, 12), "140105").by_code["T100_1"]
    left = breaks_band(violation, "fine", amount, grade)
    assert (left and (left.low_fen, left.high_fen)) == band


async def test_a_penalty_outside_its_band_is_refused_over_http(world: World) -> None:
    case_id = await brought_to(world, "investigated")
    note = {"note": "理由。"}
    for amount, grade, low, high in (
        (LOW - 1, None, LOW, HIGH),
        (HIGH + 1, None, LOW, HIGH),
        (10_000_001, "light", LOW, 10_000_000),
    ):
        fine: dict[str, Any] = {"kind": "fine", "amount_fen": amount, "gradation": grade} | note
        problem = refused(await fire(world, case_id, "propose", **fine), 422, "penalty-outside-band")
        assert (problem["low_fen"], problem["high_fen"]) == (low, high)
        assert problem["article"] == "《旅游法》第一百条第（一）项"
    problem = refused(
        await fire(world, case_id, "propose", kind="confiscation", **note), 422, "penalty-outside-band"
    )
    assert "confiscation" not in problem["kinds"]
    amountless = await fire(world, case_id, "propose", kind="warning", amount_fen=1, **note)
    assert amountless.status_code == 422
    await do(world, case_id, "propose", amount_fen=HIGH, gradation="heavy")
    again = await do(world, case_id, "propose", kind="suspension", amount_fen=None, gradation=None)
    assert (again["penalty_kind"], again["amount_fen"], again["gradation"]) == ("suspension", None, None)
    plain = await brought_to(world, "investigated", violation_code="T98")
    graded = await fire(world, plain, "propose", kind="fine", amount_fen=LOW, gradation="light", **note)
    assert refused(graded, 422, "invalid-payload")["errors"][0]["pointer"] == "/gradation"


async def test_no_decision_before_the_term_is_over(world: World) -> None:
    case_id = await brought_to(world, "notified")
    case = (await world.get(f"{CASES}/{case_id}", "enforcer")).json()
    term = next(term for term in case["deadlines"] if term["event"] == "request_hearing")
    days = ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30"]
    assert (term["due_on"], term["counted_days"], term["provisional"]) == ("2026-11-30", days, False)
    for instant in (NOW, datetime(2026, 11, 30, 15, 59, tzinfo=UTC)):
        world.now(instant)
        problem = refused(await fire(world, case_id, "decide", "approver"), 409, "rights-still-open")
        assert problem["until"] == "2026-11-30"
    world.now(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))
    decided = await do(world, case_id, "decide")
    assert (decided["state"], decided["decided_on"]) == ("decided", "2026-12-01")


async def test_a_waiver_ends_the_term_and_only_the_party_can_waive(world: World) -> None:
    case_id = await brought_to(world, "notified")
    unfounded = await fire(world, case_id, "waive_rights")
    assert refused(unfounded, 422, "invalid-payload")["errors"][0]["pointer"] == "/note"
    assert (await fire(world, case_id, "waive_rights", "agency")).status_code == 200
    assert (await do(world, case_id, "decide"))["state"] == "decided"


async def test_a_hearing_that_was_asked_for_must_be_held(world: World) -> None:
    case_id = await brought_to(world, "notified")
    refused(await fire(world, case_id, "hold_hearing", **BODIES["hold_hearing"]), 409, "hearing-not-asked")
    assert (await fire(world, case_id, "request_hearing", "agency")).status_code == 200
    world.now(NOW + timedelta(days=30))
    refused(await fire(world, case_id, "decide", "approver"), 409, "rights-still-open")
    await do(world, case_id, "hold_hearing")
    assert (await do(world, case_id, "decide"))["state"] == "decided"
    late = await brought_to(world, "notified")
    world.now(NOW + timedelta(days=60))
    refused(await fire(world, late, "request_hearing", "agency"), 409, "hearing-term-over")
    assert (await do(world, late, "decide"))["state"] == "decided"


async def test_a_new_proposal_is_told_anew(world: World) -> None:
    case_id = await brought_to(world, "notified")
    await do(world, case_id, "statement", "agency")
    await do(world, case_id, "return")
    assert (await world.get(f"{CASES}/{case_id}", "agency")).status_code == 404
    world.now(NOW + timedelta(days=10))
    await do(world, case_id, "propose")
    await do(world, case_id, "notify_rights")
    world.now(NOW + timedelta(days=11))
    problem = refused(await fire(world, case_id, "decide", "approver"), 409, "rights-still-open")
    assert problem["until"] == "2026-12-10"
    case = (await world.get(f"{CASES}/{case_id}", "agency")).json()
    assert case["state"] == "notified"


async def test_the_proposer_does_not_decide(world: World) -> None:
    case_id = await brought_to(world, "heard")
    refused(await fire(world, case_id, "decide", "enforcer"), 409, "second-person-needed")
    assert (await do(world, case_id, "decide", "approver"))["state"] == "decided"
    with pytest.raises(DBAPIError, match="two_persons"):
        await rows(world, "UPDATE enforcement_cases SET approved_by = proposed_by RETURNING 1")


async def test_two_officers_who_decide_at_once_take_turns(world: World) -> None:
    case_id = await brought_to(world, "heard")
    third = world.mint.headers(scopes=["enforcement:handle"], regions=["140000"], sub="enforcer-3")
    path = f"/api/v1/complaints{CASES}/{case_id}/events"
    answers = await asyncio.gather(
        fire(world, case_id, "decide", "approver"),
        world.http.post(path, json={"event": "decide"}, headers=third),
        fire(world, case_id, "decide", "approver"),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    for answer in answers:
        if answer.status_code == 409:
            assert refused(answer, 409, "event-not-allowed")["allowed"] == ["serve"]
    assert await rows(world, "SELECT count(*) FROM enforcement_events WHERE event = 'decide'") == [(1,)]


async def test_another_region_knows_nothing(world: World) -> None:
    case_id = await brought_to(world, "notified")
    elsewhere = world.mint.headers(scopes=["enforcement:handle"], regions=["140200"], sub="enforcer-datong")
    root = f"/api/v1/complaints{CASES}"
    answer = await world.http.get(f"{root}/{case_id}", headers=elsewhere)
    refused(answer, 404, "enforcement-case-not-found")
    acted = await world.http.post(f"{root}/{case_id}/events", json={"event": "decide"}, headers=elsewhere)
    assert acted.status_code == 404
    assert (await world.http.get(root, headers=elsewhere)).json()["items"] == []
    opened_there = await world.http.post(root, json=clue(), headers=elsewhere)
    assert refused(opened_there, 422, "invalid-payload")["errors"][0]["pointer"] == "/region"
    nobody = world.mint.headers(scopes=["complaints:respond"], regions=["140000"], sub="clerk")
    assert (await world.http.get(f"{root}/{case_id}", headers=nobody)).status_code == 404
    assert (await world.http.get(root, headers=nobody)).json()["items"] == []
    for who, status in (("officer", 403), ("stranger", 403), ("tourist", 403), (None, 401)):
        assert (await world.get(f"{CASES}/{case_id}", who)).status_code == status


async def test_the_respondent_sees_what_it_was_told_and_no_clue(world: World) -> None:
    for state in TABLE:
        case_id = await brought_to(world, state)
        told = state in {"notified", "heard", "decided", "served", "closed"}
        answer = await world.get(f"{CASES}/{case_id}", "agency")
        assert answer.status_code == (200 if told else 404), state
        assert (await world.get(f"{CASES}/{case_id}", "other_agency")).status_code == 404
        if told:
            case = answer.json()
            assert (case["clue"], case["clue_source"], case["complaint_id"]) == (None, None, None)
            assert "张某某" not in answer.text
            assert "enforcer-1" not in answer.text
            shown = {step["event"] for step in case["history"]}
            assert shown.isdisjoint({"open", "file", "add_evidence", "conclude", "return"})
            assert next(step for step in case["history"] if step["event"] == "propose")["note"]
            assert set(case["allowed_events"]) <= {"statement", "request_hearing", "waive_rights"}
    listed = (await world.get(CASES, "agency")).json()["items"]
    assert {case["state"] for case in listed} == {"notified", "heard", "decided", "served", "closed"}
    assert len((await world.get(CASES, "enforcer", limit=100)).json()["items"]) == len(TABLE)
    notified = next(case["id"] for case in listed if case["state"] == "notified")
    problem = refused(await fire(world, notified, "decide", "agency"), 403, "forbidden")
    assert problem
    heard = next(case["id"] for case in listed if case["state"] == "heard")
    answer = await fire(world, heard, "statement", "agency", note="再申辩。")
    assert refused(answer, 409, "event-not-allowed")["allowed"] == []


async def test_a_party_known_by_its_key_alone_sees_its_case(world: World) -> None:
    case_id = await brought_to(world, "notified")
    await rows(world, "UPDATE enforcement_cases SET respondent_subject_id = NULL RETURNING 1")
    assert (await world.get(f"{CASES}/{case_id}", "agency")).status_code == 200
    assert (await world.get(f"{CASES}/{case_id}", "other_agency")).status_code == 404


async def events_of(world: World, case_id: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    query = "SELECT type, data FROM outbox WHERE aggregate_id = :case_id ORDER BY seq"
    for kind, data in await rows(world, query, case_id=case_id):
        found.setdefault(kind, []).append(data)
    return found


async def test_serving_the_decision_tells_credit_exactly_once(world: World) -> None:
    complaint = await world.file()
    case_id = await brought_to(
        world, "decided", complaint_id=complaint["id"], clue_source="complaint", region="140105"
    )
    assert await events_of(world, case_id) == {}
    first = await world.post(
        f"{CASES}/{case_id}/events", {"event": "serve"}, "enforcer", **{"Idempotency-Key": "serve-1"}
    )
    again = await world.post(
        f"{CASES}/{case_id}/events", {"event": "serve"}, "enforcer", **{"Idempotency-Key": "serve-1"}
    )
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    refused(await fire(world, case_id, "serve"), 409, "event-not-allowed")
    await do(world, case_id, "pay")
    await do(world, case_id, "close")
    told = await events_of(world, case_id)
    number = first.json()["number"]
    common = {
        "case_id": case_id,
        "case_number": number,
        "subject_key": AGENCY_KEY,
        "authority": "WZ-140105",
        "region": "140105",
    }
    assert told == {
        "tourtrust.complaints.violation_confirmed.v1": [
            common
            | {"problem_codes": ["P04.2", "P04.4"], "confirmed_on": "2026-11-23", "responsibility": "main"}
        ],
        "tourtrust.complaints.penalty_decided.v1": [
            common
            | {
                "kind": "fine",
                "amount_fen": LOW,
                "article": "《旅游法》第一百条第（一）项",
                "violation_code": "T100_1",
                "procedure": "ordinary",
                "harmed_tourists": True,
                "decided_on": "2026-11-23",
            }
        ],
    }


async def test_a_case_without_a_complaint_confirms_no_complaint(world: World) -> None:
    case_id = await brought_to(world, "served")
    assert list(await events_of(world, case_id)) == ["tourtrust.complaints.penalty_decided.v1"]


async def test_words_stand_encrypted_and_bound_to_their_place(world: World) -> None:
    case_id = await opened(world)
    for event in ("file", "add_evidence", "conclude"):
        await do(world, case_id, event)
    stored = await rows(world, "SELECT to_jsonb(c)::text FROM enforcement_cases c")
    stored += await rows(world, "SELECT to_jsonb(e)::text FROM enforcement_events e")
    stored += await rows(world, "SELECT to_jsonb(o)::text FROM outbox o")
    for (row,) in stored:
        for secret in ("张某某", "木塔", "14200000009", "采信"):
            assert secret not in row
    await rows(
        world,
        "UPDATE enforcement_cases SET clue_cipher ="
        " (SELECT note_cipher FROM enforcement_events WHERE event = 'conclude') RETURNING 1",
    )
    refused(await world.get(f"{CASES}/{case_id}", "enforcer"), 503, "stored-value-unreadable")


async def test_history_is_append_only(world: World) -> None:
    await opened(world)
    for statement in (
        "UPDATE enforcement_events SET actor = 'x' RETURNING 1",
        "DELETE FROM enforcement_events",
    ):
        with pytest.raises(DBAPIError):
            async with world.app.state.db.session() as session:
                await session.execute(text(statement))


BAD_CLUES: list[tuple[dict[str, Any], str]] = [
    ({"violation_code": "T999"}, "/violation_code"),
    ({"region": "149999"}, "/region"),
    ({"region": "110105"}, "/region"),
    ({"region": "14010"}, "/region"),
    ({"occurred_on": "2026-11-24"}, "/occurred_on"),
    ({"occurred_on": "2017-01-01"}, "/occurred_on"),
    ({"occurred_on": "2026-02-30"}, "/occurred_on"),
    ({"clue": "x"}, "/clue"),
    ({"clue": "字" * 5001}, "/clue"),
    ({"clue_source": "rumour"}, "/clue_source"),
    ({"respondent_key": "911401059999990158"}, "/respondent_key"),
    ({"respondent_key": ""}, "/respondent_key"),
    ({"complaint_id": "01900000-0000-7000-8000-000000000000"}, "/complaint_id"),
    ({"complaint_id": "1"}, "/complaint_id"),
    ({"extra": 1}, "/extra"),
]


async def test_a_bad_clue_is_refused_by_field(world: World) -> None:
    for change, pointer in BAD_CLUES:
        problem = refused(await world.post(CASES, clue(**change), "enforcer"), 422, "invalid-payload")
        assert problem["errors"][0]["pointer"] == pointer, change
    assert await rows(world, "SELECT 1 FROM enforcement_cases") == []


async def test_bad_events_are_refused_by_field(world: World) -> None:
    fresh, filed = await opened(world), await brought_to(world, "filed")
    for case_id, body in (
        (fresh, {"event": "file"}),
        (fresh, {"event": "file", "officers": ["一"]}),
        (fresh, {"event": "file", "officers": ["一", "一"]}),
        (fresh, {"event": "file", "officers": ["一", " 一 "]}),
        (fresh, {"event": "file", "officers": ["一", " "]}),
        (fresh, {"event": "dismiss"}),
        (fresh, {"event": "reopen"}),
        (fresh, {"event": None}),
        (fresh, {}),
        (fresh, []),
        (fresh, {"event": "notify_rights", "officers": ["一", "二"]}),
        (filed, {"event": "add_evidence", "title": "照片", "sha256": "AB" * 32}),
        (filed, {"event": "add_evidence", "title": "照片"}),
        (filed, {"event": "conclude", "note": ""}),
        (filed, {"event": "propose", "kind": "fine", "amount_fen": "3000000", "note": "理由"}),
        (filed, {"event": "propose", "kind": "fine", "amount_fen": True, "note": "理由"}),
        (filed, {"event": "propose", "kind": "prison", "note": "理由"}),
        (filed, {"event": "pay", "amount_fen": 0, "receipt_no": "SX-1"}),
    ):
        answer = await world.post(f"{CASES}/{case_id}/events", body, "enforcer")
        assert answer.status_code == 422, (body, answer.text)
        assert answer.json()["errors"][0]["detail"]
    assert (await world.get(f"{CASES}/{fresh}", "enforcer")).json()["state"] == "clue"
    for bad in ("?cursor=x", "?limit=0", "?state=nowhere", "?cursor=WyJ4Il0"):
        headers = world.headers("enforcer")
        assert (await world.http.get(f"/api/v1/complaints{CASES}{bad}", headers=headers)).status_code == 422


async def test_no_more_is_paid_than_is_due(world: World) -> None:
    case_id = await brought_to(world, "served")
    first = await do(world, case_id, "pay", amount_fen=1_000_000)
    assert {term["event"] for term in first["deadlines"]} == {"pay"}
    problem = refused(
        await fire(world, case_id, "pay", amount_fen=2_000_001, receipt_no="SX-2"), 422, "invalid-payload"
    )
    assert problem["errors"][0]["pointer"] == "/amount_fen"
    settled = await do(world, case_id, "pay", amount_fen=2_000_000)
    assert settled["deadlines"] == []
    warned = await opened(world)
    for event in WAY["served"]:
        fields = {"kind": "suspension", "amount_fen": None, "gradation": None} if event == "propose" else {}
        case = await do(world, warned, event, **fields)
    assert case["deadlines"] == []
    assert (await fire(world, warned, "pay", amount_fen=1, receipt_no="SX-3")).status_code == 422


async def test_a_complaint_becomes_a_case(world: World) -> None:
    complaint = await world.file()
    path = f"/cases/{complaint['id']}/events"
    bare = {"event": "suspect_violation", "note": "擅自变更行程。"}
    answer = await world.post(path, bare)
    assert refused(answer, 422, "invalid-payload")["errors"][0]["pointer"] == "/violation_code"
    assert (await world.get(f"/cases/{complaint['id']}")).json()["version"] == 1
    assert (await world.post(path, bare | {"violation_code": "T100_1"})).status_code == 200
    (case,) = (await world.get(CASES, "enforcer")).json()["items"]
    assert (case["complaint_id"], case["clue"], case["clue_source"]) == (
        complaint["id"],
        "擅自变更行程。",
        "complaint",
    )
    assert (case["occurred_on"], case["region"], case["state"]) == ("2026-11-14", "140105", "clue")
    nameless = await world.file(respondent={"name": "某某旅行社（虚构）"}, contract_no=None)
    answer = await world.post(f"/cases/{nameless['id']}/events", bare | {"violation_code": "T100_1"})
    refused(answer, 409, "event-too-early")
    datong = await world.file(places={"contract_signed": "140213", "respondent": "140213", "incident": None})
    far = await world.post(CASES, clue(complaint_id=datong["id"]), "enforcer")
    assert refused(far, 422, "invalid-payload")["errors"][0]["pointer"] == "/complaint_id"


async def test_cases_are_listed_in_pages_and_by_state(world: World) -> None:
    cases = [await opened(world) for _ in range(5)]
    await do(world, cases[0], "file")
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = (await world.get(CASES, "enforcer", limit=2, **cursor)).json()
        seen += [case["id"] for case in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == cases[::-1]
    filed = (await world.get(CASES, "enforcer", state="filed")).json()["items"]
    assert [case["id"] for case in filed] == [cases[0]]
    assert [step["event"] for step in filed[0]["history"]] == ["open", "file"]
    assert (await world.get(CASES, "enforcer", respondent_key="L-SX-990002")).json()["items"] == []


def test_terms_run_from_their_day_and_say_when_they_are_provisional() -> None:
    policy = PenaltyBook(POLICIES).on(date(2026, 11, 12), "140105")
    filed = Past(Event.FILE, date(2026, 11, 23), {})
    proposed = Past(Event.PROPOSE, date(2026, 12, 29), {"kind": "fine", "amount_fen": LOW})
    told = Past(Event.NOTIFY_RIGHTS, date(2026, 12, 30), {})
    running = deadlines(policy, [filed, proposed, told])
    assert {event: count.provisional for event, count in running.items()} == {
        "decide": True,
        "request_hearing": True,
    }
    assert running["decide"].due_on == date(2027, 2, 22)
    decided = Past(Event.DECIDE, date(2026, 12, 1), {})
    serve = deadlines(policy, [filed, decided])["serve"]
    assert (serve.due_on, serve.provisional) == (date(2026, 12, 8), False)
    served = Past(Event.SERVE, date(2026, 12, 2), {})
    paying = [filed, proposed, told, decided, served]
    assert deadlines(policy, paying)["pay"].due_on == date(2026, 12, 17)
    paid = [*paying, Past(Event.PAY, date(2026, 12, 3), {"amount_fen": LOW})]
    assert (deadlines(policy, paid), unpaid(paid), unpaid(paying)) == ({}, 0, LOW)
    assert deadlines(policy, [filed, Past(Event.DISMISS, date(2026, 12, 1), {})]) == {}
