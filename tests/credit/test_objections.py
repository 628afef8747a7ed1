"""Objections: their life and days, who decides, and all that a wrong fact has touched."""

from datetime import date, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from common.db import new_id
from common.problems import Text
from credit.affected import Affected, AffectedKind
from credit.objections.policy import ObjectionPolicy
from credit.objections.repository import ObjectionRepository
from credit.objections.ripple import Ripple
from credit.objections.rules import (
    OPEN,
    Event,
    Standing,
    State,
    appraisal_pauses,
    decide_due,
    events_allowed,
    next_state,
)
from credit.rounds import do_round
from sqlalchemy import text

from .cases import BOOK
from .conftest import START, Service
from .listing import listed
from .test_boards import DECIDE, agency, run
from .test_draws import body as draw_body
from .test_exchange import Other, desk

TODAY = date(2026, 11, 23)
SHANXI = BOOK.objections.choose("objections", on=TODAY, region="140105")


# --- pure rules


def reached(standing: Standing, seen: set[State]) -> set[State]:
    for event in events_allowed(standing):
        after = next_state(standing, event)
        assert after is not None
        if after not in seen:
            seen.add(after)
            reached(Standing(after, False, False), seen)
    return seen


def test_every_state_is_reached_and_what_is_over_stays_so() -> None:
    assert reached(Standing(State.FILED, False, False), {State.FILED}) == set(State)
    for state in (State.REFUSED, State.CLOSED, State.WITHDRAWN):
        assert events_allowed(Standing(state, False, False)) == []
    for state, event in product(State, Event):
        decided = next_state(Standing(state, False, False), event) in (State.SUSTAINED, State.DISMISSED)
        assert not decided or state is State.VERIFIED
    assert State.VERIFIED in OPEN and State.SUSTAINED not in OPEN


def test_an_objection_is_extended_once_and_appraisals_do_not_overlap() -> None:
    assert next_state(Standing(State.ACCEPTED, True, False), Event.EXTEND) is None
    busy = Standing(State.ACCEPTED, False, True)
    assert next_state(busy, Event.START_APPRAISAL) is None
    assert next_state(busy, Event.VERIFY) is None
    assert next_state(busy, Event.END_APPRAISAL) is State.ACCEPTED
    assert next_state(Standing(State.ACCEPTED, False, False), Event.END_APPRAISAL) is None


def test_days_follow_the_place() -> None:
    def due(region: str, *, forwarded: bool = False, extended: bool = False) -> str:
        policy = BOOK.objections.choose("objections", on=TODAY, region=region)
        return decide_due(policy, TODAY, forwarded=forwarded, extended=extended).due_on.isoformat()

    assert [due(one) for one in ("140105", "310000", "370000", "410000", "330000")] == [
        "2026-11-30",
        "2026-11-30",
        "2026-11-26",
        "2026-11-26",
        "2026-11-30",
    ]
    assert due("310000", forwarded=True) == due("370000", forwarded=True) == "2026-12-02"
    assert due("140105", extended=True) == due("330000", extended=True) == "2026-12-21"


def test_each_figure_says_how_sure_we_are_of_it() -> None:
    def of(region: str) -> tuple[str, ...]:
        policy = BOOK.objections.choose("objections", on=TODAY, region=region)
        parts = (policy.flag, policy.forward, policy.decide, policy.remedy)
        return (*(one.status for one in parts), policy.status)

    assert of("310000") == ("verified",) * 5
    assert of("140105") == of("110000") == ("recalled",) * 5
    assert of("370000") == ("sample", "sample", "verified", "verified", "sample")
    assert of("410000") == ("verified", "sample", "verified", "verified", "sample")
    assert of("330000") == ("sample", "sample", "verified", "sample", "sample")
    with pytest.raises(Exception, match="least certain"):
        ObjectionPolicy.parse(SHANXI.content | {"status": "verified"})


def test_an_appraisal_is_not_counted_and_holidays_are_not_either() -> None:
    span = appraisal_pauses([(date(2026, 11, 25), None)], date(2026, 11, 27))
    assert span == [(date(2026, 11, 25), date(2026, 11, 27))]
    paused = decide_due(SHANXI, TODAY, forwarded=False, extended=False, pauses=span)
    assert paused.due_on == date(2026, 12, 3)
    festival = decide_due(SHANXI, date(2026, 9, 30), forwarded=False, extended=False)
    assert festival.due_on > date(2026, 10, 10)


@pytest.mark.parametrize(
    "days",
    [
        {"working_days": 8, "forwarded_working_days": 7, "total_working_days": 20},
        {"working_days": 5, "forwarded_working_days": 21, "total_working_days": 20},
        {"working_days": 0, "forwarded_working_days": 7, "total_working_days": 20},
    ],
)
def test_a_policy_whose_days_fall_does_not_load(days: dict[str, int]) -> None:
    content = SHANXI.content | {"decide": SHANXI.content["decide"] | days}
    with pytest.raises(Exception, match="objections"):
        ObjectionPolicy.parse(content)


# --- over HTTP


class Room:
    """The people of an objection."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.officer = service.who(sub="officer-1", scopes=["credit:read", "credit:write"])
        self.clerk = service.who(sub="clerk-1", scopes=["credit:read", "credit:write"])
        self.reviewer = service.who(sub="reviewer-1", scopes=["credit:read", "credit:decide"])

    def own(self, subject: dict[str, Any]) -> dict[str, str]:
        return self.service.who(
            kind="agency", sub="agency-1", scopes=["credit:read"], subject_id=subject["id"]
        )

    async def file(self, body: dict[str, Any], who: dict[str, str], expect: int = 201) -> Any:
        wanted = {"statement": "处罚对象有误，电话 13900000001"} | body
        if who == self.clerk:
            wanted |= {"request": await self.service.paper({"id": await self.about(body)})}
        return await self.service.post("/objections", wanted, expect, who=who)

    async def about(self, body: dict[str, Any]) -> str:
        """The subject of what is objected to."""
        if "listing_id" in body:
            return str((await self.service.get(f"/listings/{body['listing_id']}"))["subject"]["id"])
        if "fact_id" in body:
            return str((await self.service.get(f"/facts/{body['fact_id']}/versions"))[-1]["subject_id"])
        return str(body.get("subject_id") or (await self.service.subject())["id"])

    async def step(
        self,
        made: dict[str, Any],
        step: str,
        body: dict[str, Any] | None = None,
        expect: int = 200,
        **more: Any,
    ) -> Any:
        who = more.get("who") or (self.reviewer if step in ("sustain", "dismiss") else self.officer)
        return await self.service.post(f"/objections/{made['id']}/{step}", body or {}, expect, who=who)

    async def verified(self, body: dict[str, Any], who: dict[str, str]) -> dict[str, Any]:
        made = await self.file(body, who)
        await self.step(made, "accept")
        found: dict[str, Any] = await self.step(made, "verify", {"reason": "核查：文书对象确有误"})
        return found


@pytest.fixture
def room(service: Service) -> Room:
    return Room(service)


async def facts_of(service: Service, subject: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await service.get(f"/subjects/{subject['id']}/facts"))["items"]
    return items


async def fined(service: Service, code: str = "PENALTY_SUSPENSION") -> tuple[dict[str, Any], dict[str, Any]]:
    subject = await service.subject()
    return subject, await service.fact(subject, code, "2026-06-01")


async def test_a_subject_objects_and_the_flag_stands_wherever_the_record_is_shown(
    service: Service, room: Room
) -> None:
    subject, fact = await fined(service)
    own = room.own(subject)
    made = await room.file({"target": "fact", "fact_id": fact["id"]}, own)
    assert (made["state"], made["flag_due"], made["decide_due"]) == ("filed", "2026-11-24", "2026-11-30")
    assert made["allowed"] == ["accept", "refuse", "withdraw"]
    assert "13900000001" not in str(made) and made["number"].startswith("OBJ-2026-140105-")
    assert (made["policy"]["region"], made["policy"]["status"]) == ("140000", "recalled")
    again = await room.file({"target": "fact", "fact_id": fact["id"]}, room.clerk, 409)
    assert again["type"] == "/problems/objection-open"
    assert (await facts_of(service, subject))[0]["objection"] is False
    taken = await room.step(made, "accept")
    assert taken["state"] == "accepted"
    assert (await facts_of(service, subject))[0]["objection"] is True
    page = (await service.http.get(f"/api/v1/credit/public/subjects/{subject['key']}")).json()
    assert [(one["code"], one["objection"]) for one in page["records"]] == [("PENALTY_SUSPENSION", True)]
    refused = await room.step(made, "accept", expect=409)
    assert set(refused["allowed"]) == {
        "forward",
        "extend",
        "start_appraisal",
        "verify",
        "withdraw",
    }
    withdrawn = await service.post(f"/objections/{made['id']}/withdraw", {}, 200, who=own)
    assert (withdrawn["state"], withdrawn["allowed"]) == ("withdrawn", [])
    assert (await facts_of(service, subject))[0]["objection"] is False


async def test_a_sustained_objection_puts_the_record_right_and_lists_what_it_touched(
    service: Service, room: Room
) -> None:
    subject, fact = await fined(service)
    await service.fact(subject, "PENALTY_FINE_LARGE", "2026-06-02", payload={"amount_fen": 9_000_000})
    worse = await service.get(f"/subjects/{subject['id']}")
    before = (await service.get(f"/subjects/{subject['id']}/score/history"))["items"]
    old = await service.get(f"/subjects/{subject['id']}/score")
    made = await room.verified({"target": "fact", "fact_id": fact["id"]}, room.own(subject))
    done = await room.step(made, "sustain", {"reason": "当事人不符", "remedy": {"action": "revoke"}})
    assert (done["state"], done["ripple"], done["remedy_due"]) == ("sustained", "done", "2026-11-26")
    now = await service.get(f"/subjects/{subject['id']}")
    history = (await service.get(f"/subjects/{subject['id']}/score/history"))["items"]
    assert now["grade"] < worse["grade"] and history[1:] == before
    assert (history[0]["cause"], history[0]["fact_id"]) == ("objection", fact["id"])
    standing = {one["code"]: one["standing"] for one in await facts_of(service, subject)}
    assert standing == {"PENALTY_SUSPENSION": False, "PENALTY_FINE_LARGE": True}
    ripple = await service.get(f"/objections/{made['id']}/ripple")
    grades = [one for one in ripple["items"] if one["kind"] == "grade"]
    published = {one["number"]: (one["was"], one["would_be"]) for one in grades if one["number"]}
    assert published
    for entry in before:
        if entry["known_at"] >= fact["recorded_at"]:
            assert published[str(entry["version"])][0] == entry["grade"]
    assert all(was > would for was, would in published.values())
    assert ripple["total"] == done["effects"] == sum(ripple["by_kind"].values())
    assert ripple["by_kind"]["page"] >= 1
    same = await service.get(
        f"/subjects/{subject['id']}/score",
        valid_at=old["result"]["valid_at"],
        known_at=old["result"]["known_at"],
    )
    assert same["result_hash"] == old["result_hash"]
    paper = await service.get(f"/papers/{done['paper_id']}", who=room.own(subject))
    assert paper["kind"] == "objection_decision"
    for extension, opening in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("ndjson", b"{")):
        file = await service.http.get(
            f"/api/v1/credit/objections/{made['id']}/ripple.{extension}", headers=room.officer
        )
        assert file.content.startswith(opening) and int(file.headers["x-rows"]) == ripple["total"]
    closed = await room.step(made, "close")
    assert (closed["state"], [one["event"] for one in closed["acts"]]) == (
        "closed",
        ["file", "accept", "verify", "sustain", "close"],
    )


async def test_an_amended_fact_is_reckoned_as_it_should_have_been(service: Service, room: Room) -> None:
    subject, fact = await fined(service)
    made = await room.verified({"target": "fact", "fact_id": fact["id"]}, room.own(subject))
    remedy = {"action": "amend", "code": "PENALTY_WARNING", "payload": {}}
    await room.step(made, "sustain", {"reason": "应为警告", "remedy": remedy})
    ripple = await service.get(f"/objections/{made['id']}/ripple")
    worst = next(one for one in ripple["items"] if one["kind"] == "grade")
    after = await service.get(f"/subjects/{subject['id']}")
    assert (worst["was"] > worst["would_be"], worst["would_be"]) == (True, after["grade"])
    wrong = await service.subject()
    other = await service.fact(wrong, "PENALTY_WARNING", "2026-06-01")
    case = await room.verified({"target": "fact", "fact_id": other["id"]}, room.clerk)
    for body in (
        {"reason": "理由"},
        {"reason": "理由", "remedy": {"action": "amend"}},
        {"reason": "理由", "remedy": {"action": "amend", "code": "NO_SUCH_CODE"}},
        {"reason": "理由", "remedy": {"action": "revoke", "code": "PENALTY_WARNING"}},
    ):
        await room.step(case, "sustain", body, 422)
    assert (await service.get(f"/objections/{case['id']}"))["state"] == "verified"


async def test_another_person_decides(service: Service, room: Room) -> None:
    subject, fact = await fined(service)
    both = ["credit:read", "credit:write", "credit:decide"]
    made = await room.verified({"target": "fact", "fact_id": fact["id"]}, room.own(subject))
    body = {"reason": "维持原处罚"}
    # Who took it up and verified, and who (by the default name of these tests) recorded the fact.
    for who in (service.who(sub="officer-1", scopes=both), service.who(scopes=both)):
        wrong = await room.step(made, "dismiss", body, 409, who=who)
        assert wrong["type"] == "/problems/second-person-needed"
    await room.step(made, "dismiss", body, 403, who=room.officer)
    done = await room.step(made, "dismiss", body)
    assert (done["state"], done["ripple"], done["remedy"]) == ("dismissed", None, None)
    seen = (await facts_of(service, subject))[0]
    assert (seen["standing"], seen["objection"], seen["action"]) == (True, False, "settle")
    wrong = await service.get(f"/objections/{made['id']}/ripple", 409)
    assert (wrong["type"], wrong["allowed"]) == ("/problems/objection-not-sustained", ["close"])
    file = await service.http.get(f"/api/v1/credit/objections/{made['id']}/ripple.csv", headers=room.officer)
    assert file.status_code == 409


async def test_only_the_subject_and_officers_of_the_region_take_part(service: Service, room: Room) -> None:
    subject, fact = await fined(service)
    other = await service.subject()
    await room.file({"target": "fact", "fact_id": fact["id"]}, room.own(other), 404)
    await room.file({"target": "fact", "fact_id": fact["id"]}, service.who(scopes=["credit:read"]), 403)
    await room.file({"target": "fact", "fact_id": fact["id"]}, service.who("140200"), 404)
    made = await room.file({"target": "fact", "fact_id": fact["id"]}, room.own(subject))
    await service.get(f"/objections/{made['id']}", 404, who=room.own(other))
    await service.get(f"/objections/{made['id']}", 404, who=service.who("140200"))
    listed = await service.get("/objections", who=room.own(subject))
    assert [one["id"] for one in listed["items"]] == [made["id"]]
    await room.step(made, "accept", expect=403, who=room.own(subject))
    alone = {"target": "page", "fact_id": fact["id"], "statement": "代为提出的异议"}
    for more, pointer in (
        ({}, "/request"),
        ({"request": {"number": "申请1号", "sha256": "d" * 64}}, "/request/sha256"),
    ):
        bare = await service.post("/objections", alone | more, 422, room.clerk)
        assert [one["pointer"] for one in bare["errors"]] == [pointer]
    named = alone | {"request": await service.paper(subject)}
    itself = await service.post("/objections", named, 422, room.own(subject))
    assert [one["pointer"] for one in itself["errors"]] == ["/request"]
    filed = await service.post("/objections", named, 201, room.clerk)
    assert filed["acts"][0]["details"] == {"request": named["request"]}
    for body, pointer in (
        ({"target": "fact"}, "/fact_id"),
        ({"target": "grade", "subject_id": subject["id"]}, "/grade_version"),
        ({"target": "grade", "subject_id": subject["id"], "grade_version": 99}, "/grade_version"),
        ({"target": "page", "fact_id": fact["id"], "subject_id": subject["id"]}, "/subject_id"),
    ):
        wrong = await room.file(body, room.clerk, 422)
        assert wrong["errors"][0]["pointer"] == pointer


async def test_evidence_comes_with_an_objection_until_it_is_decided(service: Service, room: Room) -> None:
    subject, fact = await fined(service)
    own = room.own(subject)
    made = await room.file({"target": "fact", "fact_id": fact["id"]}, own)

    async def bring(expect: int) -> Any:
        answer = await service.http.post(
            f"/api/v1/credit/objections/{made['id']}/evidence",
            files={"file": ("缴款凭证.pdf", b"%PDF-1.7 sample", "application/pdf")},
            headers=own,
        )
        assert answer.status_code == expect, answer.text
        return answer.json()

    file = await bring(201)
    assert await service.get(f"/objections/{made['id']}/evidence", who=own) == [file]
    got = await service.http.get(f"/api/v1/credit/evidence/{file['id']}", headers=own)
    assert got.content == b"%PDF-1.7 sample"
    await room.step(made, "refuse", {"reason": "不属于本机关"})
    await bring(409)


async def test_days_move_with_forwarding_extension_and_appraisal(service: Service, room: Room) -> None:
    _, fact = await fined(service)
    made = await room.file({"target": "fact", "fact_id": fact["id"]}, room.clerk)
    assert made["forward_due"] == "2026-11-25"
    await room.step(made, "accept")
    service.at(START + timedelta(days=3))
    sent = await Room(service).step(made, "forward", {"to": "太原市文化和旅游局（样例）"})
    service.at(START)
    assert (sent["state"], sent["decide_due"]) == ("forwarded", "2026-12-02")
    shown = {
        one["event"]: (one["working_days"], one["due_on"], one["met_on"], one["late"])
        for one in sent["terms"]
    }
    assert shown == {
        "flag": (1, "2026-11-24", "2026-11-23", False),
        "forward": (2, "2026-11-25", "2026-11-26", True),
        "decide": (7, "2026-12-02", None, False),
        "remedy": (3, None, None, False),
    }
    assert {(one["status"], "第三十" in one["article"]) for one in sent["terms"]} == {("recalled", True)}
    await room.step(made, "start-appraisal")
    try:
        service.at(START + timedelta(days=4))
        room = Room(service)
        ended = await room.step(made, "end-appraisal")
        assert ended["decide_due"] > "2026-12-02"
        longer = await room.step(made, "extend", {"reason": "专家意见待补"})
        assert longer["decide_due"] > ended["decide_due"]
        await room.step(made, "extend", {"reason": "再次延长"}, 409)
        service.at(START + timedelta(days=60))
        late = await service.get(f"/objections/{made['id']}")
        assert (late["overdue"], late["state"]) == ("decide", "forwarded")
    finally:
        service.at(START)


async def test_what_is_late_cannot_be_extended(service: Service, room: Room) -> None:
    subject, fact = await fined(service)
    made = await room.file({"target": "fact", "fact_id": fact["id"]}, room.own(subject))
    await room.step(made, "accept")
    try:
        service.at(START + timedelta(days=8))
        problem = await Room(service).step(made, "extend", {"reason": "证据待补"}, 422)
        assert [one["pointer"] for one in problem["errors"]] == ["/reason"]
        late = await service.get(f"/objections/{made['id']}", who=service.who())
        assert (late["decide_due"], late["overdue"], late["extended"]) == ("2026-11-30", "decide", False)
    finally:
        service.at(START)


async def test_a_grade_and_an_entry_of_the_page_can_be_objected_to(service: Service, room: Room) -> None:
    subject, fact = await fined(service)
    own = room.own(subject)
    grade = {"target": "grade", "subject_id": subject["id"], "grade_version": 2}
    made = await room.verified(grade, own)
    wrong = await room.step(made, "sustain", {"reason": "理由", "remedy": {"action": "revoke"}}, 422)
    assert wrong["errors"][0]["pointer"] == "/remedy"
    other = await service.fact(await service.subject(), "VALID_COMPLAINT", "2026-06-01")
    wrong = await room.step(made, "sustain", {"reason": "理由", "fact_ids": [other["id"]]}, 422)
    assert wrong["errors"][0]["pointer"] == "/fact_ids"
    done = await room.step(made, "sustain", {"reason": "依据有误", "fact_ids": [fact["id"]]})
    assert done["remedy"] == {"facts": [fact["id"]], "action": "revoke"} and done["effects"] > 0
    shown = await service.subject()
    entry = await service.fact(shown, "PENALTY_FINE_LARGE", "2026-06-01", payload={"amount_fen": 6_000_000})
    on_page = await room.verified({"target": "page", "fact_id": entry["id"]}, room.own(shown))
    path = f"/api/v1/credit/public/subjects/{shown['key']}"
    assert [one["objection"] for one in (await service.http.get(path)).json()["records"]] == [True]
    ended = await room.step(on_page, "sustain", {"reason": "不应公示"})
    assert (ended["ripple"], ended["effects"]) == ("done", 0)
    assert (await service.http.get(path)).json()["records"] == []
    assert [one["standing"] for one in await facts_of(service, shown)] == [True]


async def test_two_objections_at_once_are_one(service: Service, room: Room) -> None:
    import asyncio

    subject, fact = await fined(service)
    body = {"target": "fact", "fact_id": fact["id"], "statement": "同时提出的异议"}
    paper = {"request": await service.paper(subject)}
    answers = await asyncio.gather(
        *(
            service.http.post("/api/v1/credit/objections", json=body | more, headers=who)
            for who, more in ((room.own(subject), {}), (room.clerk, paper), (room.own(subject), {}))
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


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


async def test_a_subject_is_told_of_itself_and_of_nothing_internal_or_unfinished(
    service: Service, room: Room
) -> None:
    subject, fact = await fined(service)
    made = await room.verified({"target": "fact", "fact_id": fact["id"]}, room.own(subject))
    done = await room.step(made, "sustain", {"reason": "当事人不符", "remedy": {"action": "revoke"}})
    kinds: tuple[AffectedKind, ...] = ("warning", "draw", "campaign", "inspection", "board", "tier")
    told = Text("样例", "a sample")
    async with service.app.state.db.session() as session:
        objection = await ObjectionRepository(session).lock(UUID(made["id"]))
        found = [Affected(one, new_id(), f"NO-{one}", objection.filed_at, told) for one in kinds]
        other = UUID((await service.subject())["id"])
        found.append(Affected("grade", None, None, objection.filed_at, told, subject_id=other))
        await Ripple(session, service.app.state.env).enter(objection, found)
    seen = await service.get(f"/objections/{made['id']}/ripple", limit=100)
    assert seen["total"] == done["effects"] + len(kinds) + 1
    own = await service.get(f"/objections/{made['id']}/ripple", limit=100, who=room.own(subject))
    assert not set(own["by_kind"]) & set(kinds[:-1]) and own["by_kind"]["tier"] >= 1
    assert {one["subject_id"] for one in own["items"]} == {subject["id"]}
    market = service.who(kind="client", sub="market", scopes=["credit:read"], department="SC")
    assert (await service.get(f"/objections/{made['id']}/ripple", limit=100, who=market)) == own
    shown = await service.get(f"/objections/{made['id']}", who=room.own(subject))
    assert own["total"] == len(own["items"]) == shown["effects"] == sum(own["by_kind"].values())
    places = list(range(1, own["total"] + 1))
    assert [one["position"] for one in own["items"]] == places, "no gap tells of what is left out"
    walked: list[Any] = []
    cursor: dict[str, Any] = {}
    while len(walked) < own["total"]:
        page = await service.get(
            f"/objections/{made['id']}/ripple", limit=own["total"] - 1, who=room.own(subject), **cursor
        )
        walked, cursor = walked + page["items"], {"cursor": page["next_cursor"]}
    assert walked == own["items"] and page["next_cursor"] is None
    url = f"/api/v1/credit/objections/{made['id']}/ripple.csv"
    file = await service.http.get(url, headers=room.own(subject))
    assert int(file.headers["x-rows"]) == own["total"]
    numbers = [line.split(",")[0] for line in file.text.splitlines()[1:]]
    assert numbers == [str(place) for place in places]


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


async def test_the_acts_of_an_objection_cannot_be_changed(service: Service) -> None:
    from sqlalchemy.exc import DBAPIError

    for table in ("objection_acts", "objection_effects"):
        async with service.app.state.db.session() as session:
            with pytest.raises(DBAPIError, match="append-only"):
                await session.execute(text(f"DELETE FROM {table}"))
            await session.rollback()


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


async def test_who_made_a_listing_a_grade_or_an_entry_does_not_decide_on_it(
    service: Service, room: Room
) -> None:
    both = ["credit:read", "credit:write", "credit:decide"]
    keeper, decider = service.who(scopes=both), room.reviewer
    another = service.who(sub="reviewer-2", scopes=["credit:read", "credit:decide"])
    subject = await service.subject()
    listing = await listed(service, subject_id=subject["id"])
    version = (await service.get(f"/subjects/{subject['id']}/score/history"))["items"][0]["version"]
    shown = await service.subject()
    entry = await service.fact(shown, "PENALTY_FINE_LARGE", "2026-06-01", payload={"amount_fen": 6_000_000})
    [recorded] = await facts_of(service, subject)
    cases = (
        ({"target": "listing", "listing_id": listing["id"]}, (keeper, decider)),
        ({"target": "grade", "subject_id": subject["id"], "grade_version": version}, (keeper, decider)),
        ({"target": "page", "fact_id": recorded["id"]}, (keeper, decider)),
        ({"target": "page", "fact_id": entry["id"]}, (keeper,)),
    )
    for wanted, makers in cases:
        made = await room.verified(wanted, room.clerk)
        for who in makers:
            for step in ("sustain", "dismiss"):
                wrong = await room.step(made, step, {"reason": "理由"}, 409, who=who)
                assert wrong["type"] == "/problems/second-person-needed", (wanted, step)
        assert (await room.step(made, "dismiss", {"reason": "理由"}, who=another))["state"] == "dismissed"
    assert (await service.get(f"/listings/{listing['id']}"))["state"] == "listed"


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
