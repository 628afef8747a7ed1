"""Objections: their life and days, who takes part, who decides, and what a sustained one puts right."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from common.db import new_id
from common.problems import Text
from credit.affected import Affected, AffectedKind
from credit.objections.repository import ObjectionRepository
from credit.objections.ripple import Ripple
from sqlalchemy import text

from .conftest import START, Service
from .listing import listed
from .objecting import Room, facts_of, fined


@pytest.fixture
def room(service: Service) -> Room:
    return Room(service)


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
    assert filed["acts"][0]["details"] == {"request": named["request"] | {"by_subject": False}}
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
        service.at(START + timedelta(days=60))
        paused = await service.get(f"/objections/{made['id']}")
        [decide] = [one for one in paused["terms"] if one["event"] == "decide"]
        assert (paused["overdue"], decide["late"]) == (None, False), "an appraisal's days are not counted"
        assert paused["decide_due"] == decide["due_on"] > "2027-01-22"
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


async def test_the_acts_of_an_objection_cannot_be_changed(service: Service) -> None:
    from sqlalchemy.exc import DBAPIError

    for table in ("objection_acts", "objection_effects"):
        async with service.app.state.db.session() as session:
            with pytest.raises(DBAPIError, match="append-only"):
                await session.execute(text(f"DELETE FROM {table}"))
            await session.rollback()


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
