"""Inspections: targeted checks, the field record over a bad connection, results, campaigns, talks."""

import asyncio
import zipfile
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from credit.campaigns.sheets import WORDS
from credit.facts.schemas import CorrectionIn
from credit.facts.service import FactService
from credit.inspections.rules import Held, Result, files_of, judge_revision, lacks, sniff, stamped
from credit.rounds import do_round
from credit.subjects.repository import SubjectRepository
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from .conftest import START, Service
from .drawing import drawn
from .test_merged_listings import merged

TEAM = ["phone-a", "phone-b"]
DEVICE = "2026-11-23T01:58:00+00:00"
JPEG = b"\xff\xd8\xff\xe0" + bytes(100)


def entry(check: str | None = None, finding: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "device_at": DEVICE, "check": check, "finding": finding} | fields


def record(revision: int = 1, record_id: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "record_id": record_id or str(uuid4()),
        "revision": revision,
        "device_at": DEVICE,
        "place": "经营场所",
        "entries": [],
        "signatures": [],
    } | fields


def signatures(*files: bytes, refused: bool = False) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"who": who, "file": sha256(file).hexdigest(), "device_at": DEVICE}
        for who, file in zip([*TEAM, "subject"], files, strict=False)
    ]
    if refused:
        found.append({"who": "subject", "refusal": "当事人拒绝签字", "device_at": DEVICE})
    return found


async def ordered(service: Service, subject: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    subject = subject or await service.subject(region="140802")
    body = {
        "subject_id": subject["id"],
        "trigger": {"kind": "complaint", "reference": "CASE-2026-1", "note": "投诉转办"},
        "items": ["AG-CONTRACT"],
        "inspectors": TEAM,
        "department": "综合执法队",
    }
    await service.on_duty(*TEAM)
    made: dict[str, Any] = await service.post("/inspections", body | fields)
    return made


async def send(service: Service, visit: dict[str, Any], body: Any, expect: int, sub: str = "phone-a") -> Any:
    answer = await service.http.put(
        f"/api/v1/credit/inspections/{visit['id']}/record", json=body, headers=service.who(sub=sub)
    )
    assert answer.status_code == expect, answer.text
    return answer.json()


async def upload(
    service: Service, visit: dict[str, Any], data: bytes, expect: int = 201, sub: str = "phone-a"
) -> Any:
    answer = await service.http.post(
        f"/api/v1/credit/inspections/{visit['id']}/files",
        files={"file": ("photo.jpg", data, "application/octet-stream")},
        headers=service.who(sub=sub),
    )
    assert answer.status_code == expect, answer.text
    return answer.json()


async def finished(
    service: Service, visit: dict[str, Any], result: str = "normal", finding: str = "ok"
) -> dict[str, Any]:
    """A visit made as inspectors do: images, record, end."""
    images = [JPEG + bytes([n]) + UUID(visit["id"]).bytes for n in range(3)]
    for image, sub in zip(images, [*TEAM, TEAM[0]], strict=True):
        await upload(service, visit, image, sub=sub)
    checks = [entry(one["code"], finding) for one in visit["checks"]]
    await send(service, visit, record(entries=checks, signatures=signatures(*images)), 201)
    body = {"result": result}
    path = f"/inspections/{visit['id']}/finish"
    made: dict[str, Any] = await service.post(path, body, 200, service.who(sub="phone-a"))
    return made


async def test_a_check_outside_the_draw_keeps_its_trigger(service: Service) -> None:
    visit = await ordered(service)
    assert (visit["kind"], visit["state"], visit["trigger"]["kind"]) == ("targeted", "assigned", "complaint")
    assert visit["draws"] == [] and visit["measure"] is None
    assert [one["code"] for one in visit["checks"]] == ["AG-CONTRACT-1", "AG-CONTRACT-2"]
    mine = await service.get("/inspections", who=service.who(sub="phone-a"), mine=True, kind="targeted")
    assert visit["id"] in [one["id"] for one in mine["items"]]
    assert (await service.get("/inspections", who=service.who(sub="other"), mine=True))["items"] == []
    await service.get(f"/inspections/{visit['id']}", 404, service.who("140100"))
    agency = service.who(kind="agency", subject_id=visit["subject_id"])
    await service.get(f"/inspections/{visit['id']}", 404, agency)
    assert (await service.get("/inspections", who=agency))["items"] == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"items": ["NO-SUCH"]}, "/items"),
        ({"inspectors": ["a", "A"]}, "/inspectors"),
        ({"inspectors": ["a"]}, "/inspectors"),
        ({"inspectors": ["phone-a", "nobody"]}, "/inspectors"),
        ({"items": []}, "/items"),
        ({"due_on": "2026-11-01"}, "/due_on"),
        ({"campaign_id": str(uuid4())}, "/campaign_id"),
        ({"trigger": {"kind": "lottery", "reference": "x"}}, "/trigger/kind"),
    ],
)
async def test_orders_that_do_not_fit_are_refused(
    service: Service, fields: dict[str, Any], pointer: str
) -> None:
    subject = await service.subject(region="140802")
    body = {
        "subject_id": subject["id"],
        "trigger": {"kind": "data", "reference": "D-1"},
        "items": ["AG-CONTRACT"],
        "inspectors": await service.on_duty(*TEAM),
        "department": "综合执法队",
    }
    problem = await service.post("/inspections", body | fields, 422)
    assert pointer in [one["pointer"] for one in problem["errors"]]


async def test_a_recused_inspector_is_not_sent(service: Service) -> None:
    body = {
        "staff_id": "kin-1",
        "name": "检查员（虚构）",
        "department": "执法队",
        "region": "140800",
        "card_no": "JC-KIN-1",
        "active_from": "2026-01-01",
    }
    made = await service.post("/inspectors", body)
    subject = await service.subject(region="140802")
    await service.post(
        f"/inspectors/{made['id']}/recusals", {"subject_id": subject["id"], "reason": "kinship"}
    )
    wanted = {
        "subject_id": subject["id"],
        "trigger": {"kind": "data", "reference": "D-2"},
        "items": ["AG-CONTRACT"],
        "inspectors": ["kin-1", "phone-b"],
        "department": "执法队",
    }
    problem = await service.post("/inspections", wanted, 422)
    assert problem["errors"][0]["pointer"] == "/inspectors"
    visit = await ordered(service, subject)
    path = f"/inspections/{visit['id']}/reassign"
    await service.post(path, {"inspectors": ["kin-1", "phone-b"], "reason": "人手不足"}, 422)
    others = {"inspectors": ["phone-b", "phone-c"], "reason": "人手不足"}
    problem = await service.post(path, others, 422)
    assert problem["errors"][0]["pointer"] == "/inspectors"
    for staff, office in (("phone-c", "执法队"), ("phone-d", "安全科")):
        entered = body | {"staff_id": staff, "card_no": f"JC-{staff}", "department": office}
        await service.post("/inspectors", entered | ({"expertise": ["safety"]} if staff == "phone-d" else {}))
    first = await service.post(path, others, 200, service.who(sub="chief"))
    assert first["inspectors"] == TEAM and first["proposal"]["by"] == "chief"
    await service.post(path, others, 409, service.who(sub="chief"))
    changed = await service.post(path, others, 200, service.who(sub="deputy"))
    assert changed["inspectors"] == ["phone-b", "phone-c"] and changed["acts"][-1]["data"]["from"] == TEAM
    assert changed["proposal"] is None
    away = {"inspectors": ["phone-d", "phone-e"], "reason": "人手不足"}
    await service.post(path, away, 422)


async def test_a_team_sent_instead_knows_the_items_and_is_of_every_office(service: Service) -> None:
    hotel = await service.subject(kind="star_hotel", region="140802")
    for staff, office, skills in (
        ("team-a", "执法队", ["safety"]),
        ("team-b", "安全科", []),
        ("team-c", "执法队", []),
        ("team-d", "执法队", ["safety"]),
    ):
        person = {"staff_id": staff, "name": "检查员（虚构）", "department": office, "region": "140800"}
        person |= {"card_no": f"JC-{staff}", "active_from": "2026-01-01", "expertise": skills}
        await service.post("/inspectors", person)
    visit = await ordered(service, hotel, items=["SAFE-FIRE"], inspectors=["team-a", "team-b"])
    path = f"/inspections/{visit['id']}/reassign"
    for team, word in ((["team-b", "team-c"], "safety"), (["team-c", "team-d"], "安全科")):
        problem = await service.post(path, {"inspectors": team, "reason": "人手不足"}, 422)
        assert word in str(problem["errors"])
    fits = {"inspectors": ["team-b", "team-d"], "reason": "人手不足"}
    await service.post(path, fits, 200, service.who(sub="chief"))
    assert (await service.post(path, fits, 200, service.who(sub="deputy")))["inspectors"] == [
        "team-b",
        "team-d",
    ]


async def test_no_revision_drops_an_entry_and_each_signs_with_his_own_image(service: Service) -> None:
    visit = await ordered(service)
    first = record(entries=[entry(one["code"], "ok") for one in visit["checks"]])
    await send(service, visit, first, 201)
    less = first | {"revision": 2, "entries": first["entries"][1:]}
    problem = await send(service, visit, less, 422, "phone-b")
    assert problem["errors"][0]["pointer"] == "/entries"
    images = [JPEG + b"own" + bytes([n]) for n in range(3)]
    for image in images:
        await upload(service, visit, image)
    finish = f"/inspections/{visit['id']}/finish"
    for number, files in enumerate(([images[0], images[0], images[2]], images), 2):
        await send(service, visit, first | {"revision": number, "signatures": signatures(*files)}, 201)
        problem = await service.post(finish, {"result": "normal"}, 422, service.who(sub="phone-a"))
        assert [one["pointer"] for one in problem["errors"]][:1] == ["/signatures"]


async def test_a_record_survives_a_lost_connection(service: Service) -> None:
    visit = await ordered(service)
    first = record(entries=[entry("AG-CONTRACT-1", "ok", text="抽查合同三份")])
    await send(service, visit, first, 403, "stranger")
    taken = await send(service, visit, first, 201)
    assert (taken["revision"], taken["entries"][0]["device_at"]) == (1, "2026-11-23T01:58:00Z")
    assert taken["entries"][0]["received_at"].startswith("2026-11-23T02:00:00")
    for _ in range(3):
        assert (await send(service, visit, first, 200))["sha256"] == taken["sha256"]
    other = await send(service, visit, record(1), 409, "phone-b")
    assert (other["revision"], other["record_id"]) == (1, first["record_id"])
    changed = first | {"entries": [*first["entries"], entry("AG-CONTRACT-2", "problem", text="行程单缺失")]}
    conflict = await send(service, visit, changed, 409)
    assert conflict["sha256"] == taken["sha256"]
    service.at(START + timedelta(hours=1))
    try:
        second = await send(service, visit, changed | {"revision": 2}, 201, "phone-b")
    finally:
        service.at(START)
    assert [one["received_at"][:16] for one in second["entries"]] == ["2026-11-23T02:00", "2026-11-23T03:00"]
    await send(service, visit, first, 409)
    await send(service, visit, changed | {"revision": 9}, 409)
    held = await service.get(f"/inspections/{visit['id']}/record")
    assert (held["revision"], len(held["entries"])) == (2, 2)
    twice = first | {"revision": 3, "entries": [first["entries"][0], first["entries"][0]]}
    assert (await send(service, visit, twice, 422))["errors"][0]["pointer"] == "/entries"
    assert (await service.get(f"/inspections/{visit['id']}"))["state"] == "in_progress"


async def test_two_phones_at_once_make_one_revision(service: Service) -> None:
    visit = await ordered(service)
    bodies = [record(), record()]

    async def put(body: Any, sub: str) -> int:
        path = f"/api/v1/credit/inspections/{visit['id']}/record"
        return (await service.http.put(path, json=body, headers=service.who(sub=sub))).status_code

    codes = await asyncio.gather(*(put(body, sub) for body, sub in zip(bodies, TEAM, strict=True)))
    assert sorted(codes) == [201, 409]


async def test_images_are_known_by_their_hash(service: Service) -> None:
    visit = await ordered(service)
    image = JPEG + b"once"
    hashed = sha256(image).hexdigest()
    await service.get(f"/inspections/{visit['id']}/files/{hashed}", 404)
    made = await upload(service, visit, image)
    assert (made["sha256"], made["media_type"]) == (hashed, "image/jpeg")
    await upload(service, visit, image, 200)
    await upload(service, visit, image, 403, "stranger")
    await upload(service, visit, b"MZ\x90\x00 not an image", 415)
    await upload(service, visit, JPEG + bytes(20 * 1024 * 1024), 413)
    assert (await service.get(f"/inspections/{visit['id']}/files/{hashed}"))["size"] == len(image)
    taken = await send(service, visit, record(entries=[entry(photos=[hashed, "ab" * 32])]), 201)
    assert taken["missing_files"] == ["ab" * 32]


async def test_an_incomplete_record_does_not_end_a_visit(service: Service) -> None:
    visit = await ordered(service)
    path = f"/inspections/{visit['id']}/finish"
    problem = await service.post(path, {"result": "normal"}, 409, service.who(sub="phone-a"))
    assert "record" in problem["allowed"]
    await send(service, visit, record(entries=[entry("AG-CONTRACT-1", "ok")]), 201)
    problem = await service.post(path, {"result": "normal"}, 422, service.who(sub="phone-a"))
    assert {"/signatures", "/entries"} <= {one["pointer"] for one in problem["errors"]}
    await service.post(path, {"result": "normal"}, 403, service.who(sub="stranger"))


async def test_a_result_is_decided_and_published_by_others_and_becomes_a_fact(service: Service) -> None:
    subject = await service.subject(region="140802", name="运城公示样例旅行社（虚构）")
    visit = await finished(service, await ordered(service, subject), "problem_found", "problem")
    assert (visit["state"], visit["finished_on"], visit["publish_by"]) == (
        "finished",
        "2026-11-23",
        "2026-12-21",
    )
    path = f"/inspections/{visit['id']}"
    note = {"note": "事实清楚"}
    own = await service.post(f"{path}/decide", note, 409, service.who(sub="phone-a"))
    await service.post(f"{path}/decide", note, 409, service.who(sub="phone-b"))
    assert own["type"] == "/problems/second-person-needed"
    await service.post(f"{path}/publish", None, 409)
    decided = await service.post(f"{path}/decide", note, 200, service.who(sub="chief"))
    page = f"/api/v1/credit/public/subjects/{subject['key']}"
    assert (await service.http.get(page)).json()["records"] == []
    facts = (await service.get(f"/subjects/{subject['id']}/facts"))["items"]
    found = next(one for one in facts if one["id"] == decided["fact_id"])
    assert (found["code"], found["source"]["reference"]) == ("INSPECTION_PROBLEM_FOUND", visit["number"])
    assert len(found["evidence"]) == 3
    await service.post(f"{path}/decide", note, 409, service.who(sub="chief"))
    public = "/api/v1/credit/public/inspections"
    shown = (await service.http.get(public, params={"key": subject["key"]})).json()["items"]
    assert shown == []
    await service.post(f"{path}/publish", None, 409, service.who(sub="chief"))
    await service.post(f"{path}/publish", None, 200, service.who(sub="second"))
    shown = (await service.http.get(public, params={"key": subject["key"]})).json()["items"]
    assert [(one["number"], one["result"]) for one in shown] == [(visit["number"], "problem_found")]
    assert shown[0]["items"] == ["旅游合同签订与行程单"] and shown[0]["shown_until"] == "2027-11-23"
    assert not {"inspectors", "acts", "trigger"} & shown[0].keys()
    records = (await service.http.get(page)).json()["records"]
    assert [one["code"] for one in records] == ["INSPECTION_PROBLEM_FOUND"]
    wrong = {
        "action": "revoke",
        "reason": "检查对象错误",
        "authority": "复核机关",
        "reference": "复核〔2026〕1号",
    }
    await service.post(f"/facts/{decided['fact_id']}/corrections", wrong, 409)
    async with service.app.state.db.session() as session:
        facts_of = FactService(session, service.app.state.env)
        locked = await SubjectRepository(session).lock(UUID(subject["id"]), None)
        assert locked is not None
        revoked = CorrectionIn.model_validate(wrong)
        await facts_of.correct_for(locked, UUID(decided["fact_id"]), revoked, by="objections")
    assert (await service.http.get(public, params={"key": subject["key"]})).json()["items"] == []
    assert (await service.http.get(page)).json()["records"] == []
    await send(service, visit, record(2), 409)


async def test_a_refused_inspection_warns(service: Service) -> None:
    subject = await service.subject(region="140802")
    visit = await ordered(service, subject)
    images = [JPEG + b"r1", JPEG + b"r2"]
    for image, sub in zip(images, TEAM, strict=True):
        await upload(service, visit, image, sub=sub)
    await send(service, visit, record(signatures=signatures(*images)), 201)
    path = f"/inspections/{visit['id']}"
    body = {"result": "refused", "note": "拒不开门"}
    await service.post(f"{path}/finish", body, 200, service.who(sub="phone-b"))
    await service.post(f"{path}/decide", {"note": "属实"}, 200, service.who(sub="chief"))
    warnings = (await service.get("/warnings", subject_id=subject["id"]))["items"]
    assert "W-REFUSED-INSPECTION" in [one["rule"] for one in warnings]


async def test_late_visits_and_publications_are_found_and_reminded_of_once(service: Service) -> None:
    late = await ordered(service, due_on="2026-11-25")
    visit = await finished(service, await ordered(service))
    try:
        service.at(START + timedelta(days=25))
        await do_round(service.app.state.db, service.app.state.env)
        await do_round(service.app.state.db, service.app.state.env)
        reminded = await service.get(f"/inspections/{visit['id']}")
        assert reminded["reminded_on"] == "2026-12-18" and not reminded["publication_overdue"]
        assert [one["act"] for one in reminded["acts"]].count("reminded") == 1
        service.at(START + timedelta(days=40))
        found = (await service.get("/inspections", overdue="publication", limit=100))["items"]
        assert visit["id"] in [one["id"] for one in found]
        found = (await service.get("/inspections", overdue="visit", limit=100))["items"]
        assert late["id"] in [one["id"] for one in found]
        found = (await service.get("/inspections", due_before="2026-11-26", limit=100))["items"]
        assert late["id"] in [one["id"] for one in found]
    finally:
        service.at(START)
    cancelled = await service.post(f"/inspections/{late['id']}/cancel", {"note": "已注销"}, 200)
    assert cancelled["state"] == "cancelled" and cancelled["allowed"] == []


async def test_a_drawn_visit_is_cancelled_by_two_persons(service: Service) -> None:
    subject = await service.subject(region="140829")
    drawn_body = {
        "purpose": "抽查样例", "region": "140829", "kinds": ["travel_agency"], "count": 1,
        "officers": ["two-1", "two-2"], "inspectors": [{"id": TEAM[0]}, {"id": TEAM[1]}],
    }  # fmt: skip
    await drawn(service, **drawn_body)
    (visit,) = (await service.get("/inspections", subject_id=subject["id"]))["items"]
    path = f"/inspections/{visit['id']}/cancel"
    first, second = service.who(sub="first"), service.who(sub="second")
    asked = await service.post(path, {"note": "对象已注销"}, 200, first)
    assert asked["state"] == "assigned" and asked["proposal"]["by"] == "first"
    problem = await service.post(path, {"note": "对象已注销"}, 409, first)
    assert "second" in problem["type"]
    still = await service.get(f"/inspections/{visit['id']}")
    assert still["state"] == "assigned"
    done = await service.post(path, {"note": "属实"}, 200, second)
    assert (done["state"], done["proposal"], done["allowed"]) == ("cancelled", None, [])
    assert [one["act"] for one in done["acts"]] == ["assigned", "proposed", "cancelled"]
    await service.post(path, {"note": "属实"}, 409, first)


async def test_a_recusal_from_a_merged_subject_holds_for_its_survivor(service: Service) -> None:
    region, people = "140321", ["kin-a", "kin-b", "kin-c"]
    operator = await service.subject(
        kind="unlicensed_operator", key=None, name="平定无证经营点（虚构）", region=region
    )
    firm = await service.subject(name="平定样例旅行社（虚构）", region=region)
    await service.on_duty(*people[1:], region=region)
    body = {"staff_id": "kin-a", "name": "检查员（虚构）", "department": "综合执法队", "region": region}
    kin = await service.post("/inspectors", body | {"card_no": "JC-KIN-A", "active_from": "2026-01-01"})
    recusal = {"subject_id": operator["id"], "reason": "kinship"}
    await service.post(f"/inspectors/{kin['id']}/recusals", recusal)
    await merged(service, operator, firm)
    visit = {
        "subject_id": firm["id"],
        "visited_on": "2026-11-23",
        "visitors": people[:2],
        "observations": [{"finding": "ok", "text": "正常经营"}],
        "advice": "nothing",
    }
    problem = await service.post("/mystery-visits", visit, 422)
    assert problem["errors"][0]["pointer"] == "/visitors"
    wanted = {"purpose": "随机抽查", "region": region, "kinds": ["travel_agency"], "count": 1}
    made = await service.post("/draws", wanted | {"officers": ["kin-d", "kin-e"]})
    inputs = await service.http.get(f"/api/v1/credit/draws/{made['id']}/inputs", headers=service.who())
    [kept] = inputs.json()["recusals"]
    assert (kept["inspector"], kept["object"], kept["source"]) == ("kin-a", firm["id"], "library")


async def test_a_campaign_counts_what_was_done_and_ends_with_a_report(service: Service) -> None:
    body = {
        "name": "冬季冰雪旅游专项行动",
        "aim": "整治不合理低价游",
        "region": "140800",
        "kinds": ["travel_agency"],
        "starts_on": "2026-11-01",
        "ends_on": "2026-12-31",
        "targets": [{"name": "检查旅行社", "measure": "inspections", "number": 2}],
        "tasks": [
            {"name": "联合检查", "department": "综合执法队", "due_on": "2026-12-20", "number": 10},
            {"name": "价格检查", "department": "市场监管", "due_on": "2026-11-20", "number": 5},
        ],
    }
    drafter = service.who(sub="drafter")
    problem = await service.post("/campaigns", body | {"ends_on": "2026-10-01"}, 422)
    assert problem["errors"][0]["pointer"] == "/ends_on"
    wrong = f"/campaigns/{(await service.post('/campaigns', body | {'name': '误建专项行动'}))['id']}"
    await service.post(f"{wrong}/withdrawal", None, 404, service.who("140100"))
    gone = await service.post(f"{wrong}/withdrawal", None, 200)
    assert (gone["state"], gone["allowed"]) == ("withdrawn", [])
    refused = await service.post(f"{wrong}/start", None, 409, service.who(sub="second"))
    assert refused["type"] == "/problems/campaign-conflict"
    made = await service.post("/campaigns", body, who=drafter)
    path = f"/campaigns/{made['id']}"
    assert made["allowed"] == ["start", "withdraw"]
    await service.post(f"{path}/progress", {"task_no": 1, "done": 1, "note": "开展"}, 409)
    await service.post(f"{path}/start", None, 409, drafter)
    await service.post(f"{path}/start", None, 200, service.who(sub="second"))
    await service.post(f"{path}/withdrawal", None, 409)
    await service.post(f"{path}/progress", {"task_no": 3, "done": 1, "note": "开展"}, 422)
    said = {"task_no": 1, "done": 10, "finished": True, "note": "完成"}
    progressed = await service.post(f"{path}/progress", said, 200)
    assert [(one["done"], one["finished"], one["overdue"]) for one in progressed["tasks"]] == [
        (10, True, False),
        (0, False, True),
    ]
    trigger = {"kind": "campaign", "reference": made["number"]}
    await finished(service, await ordered(service, campaign_id=made["id"], trigger=trigger))
    subject = await service.subject(region="140802")
    visit = {
        "subject_id": subject["id"],
        "campaign_id": made["id"],
        "visited_on": "2026-11-20",
        "visitors": TEAM,
        "observations": [{"item": "AG-PRICE", "finding": "problem", "text": "宣传零团费"}],
        "advice": "inspection",
    }
    given_up = visit | {"campaign_id": wrong.rpartition("/")[2]}
    refused = await service.post("/mystery-visits", given_up, 422)
    assert [one["pointer"] for one in refused["errors"]] == ["/campaign_id"], "it takes nothing more"
    check = {"subject_id": subject["id"], "trigger": trigger, "items": ["AG-CONTRACT"], "inspectors": TEAM}
    check |= {"campaign_id": given_up["campaign_id"], "department": "综合执法队"}
    refused = await service.post("/inspections", check, 422)
    assert [one["pointer"] for one in refused["errors"]] == ["/campaign_id"]
    stranger = visit | {"visitors": ["phone-a", "nobody"]}
    problem = await service.post("/mystery-visits", stranger, 422)
    assert problem["errors"][0]["pointer"] == "/visitors"
    await service.on_duty("new-a", "new-b", active_from="2026-11-21")
    await service.on_duty("old-a", "old-b", active_to="2026-11-21")
    problem = await service.post("/mystery-visits", visit | {"visitors": ["new-a", "new-b"]}, 422)
    assert problem["errors"][0]["pointer"] == "/visitors", "they joined after the visit"
    left = await service.post(
        "/mystery-visits", visit | {"campaign_id": None, "visitors": ["old-a", "old-b"]}
    )
    assert left["visitors"] == ["old-a", "old-b"], "they left after it"
    await service.post("/mystery-visits", visit)
    report = await service.get(f"{path}/report")
    assert (report["final"], report["targets"][0]["reached"], report["mystery_visits"]) == (False, 1, 1)
    twice = await service.post("/mystery-visits", visit)
    assert (await service.get(f"{path}/report"))["mystery_visits"] == 2
    back, reason = f"/mystery-visits/{twice['id']}/withdrawal", {"reason": "重复录入"}
    await service.post(back, reason, 404, service.who("140100"))
    drawn = await service.post(back, reason, 200)
    assert (twice["withdrawn"], drawn["withdrawn"]["reason"]) == (None, "重复录入")
    await service.post(back, reason, 409)
    assert (await service.get(f"/mystery-visits/{twice['id']}"))["withdrawn"] == drawn["withdrawn"]
    listed = (await service.get("/mystery-visits", subject_id=twice["subject_id"]))["items"]
    assert [one["id"] for one in listed if one["withdrawn"]] == [twice["id"]]
    assert (await service.get(f"{path}/report"))["mystery_visits"] == 1, "taken back, it counts nowhere"
    closed = await service.post(f"{path}/close", {"summary": "行动结束"}, 200)
    assert closed["state"] == "closed"
    report = await service.get(f"{path}/report")
    assert report["final"] and report["results"] == {"normal": 1} and report["summary"] == "行动结束"
    answer = await service.http.get(f"/api/v1/credit{path}/report.xlsx", headers=service.who())
    assert answer.status_code == 200 and zipfile.ZipFile(BytesIO(answer.content)).testzip() is None
    figures, targets, _ = (
        read.to_python()
        for book in [CalamineWorkbook.from_filelike(BytesIO(answer.content))]
        for read in map(book.get_sheet_by_name, book.sheet_names)
    )
    assert ["结果（未发现问题）", 1] in [row[:2] for row in figures]
    assert [type(cell) for cell in targets[1][2:4]] == [float, float], "numbers, to be added up"
    assert targets[1][1] in WORDS["指标"].values()
    await service.get(f"{path}/report", 404, service.who("140100"))


async def test_a_talk_is_invited_to_held_and_its_promises_judged(service: Service) -> None:
    subject = await service.subject(region="140802")
    body = {
        "subject_id": subject["id"],
        "about": {"kind": "warning", "reference": "W-1"},
        "reason": "多起投诉",
        "legal_basis": "样例依据",
        "department": "市场管理科",
        "place": "会议室",
        "planned_at": "2026-11-24T10:00:00+08:00",
    }
    problem = await service.post("/talks", body | {"planned_at": "2026-11-01T10:00:00+08:00"}, 422)
    assert problem["errors"][0]["pointer"] == "/planned_at"
    made = await service.post("/talks", body)
    assert made["state"] == "invited" and made["invitation_paper"] is not None
    path = f"/talks/{made['id']}"
    held = {
        "held_at": service.app.state.env.clock.now().isoformat(),
        "officials": TEAM,
        "attended_by": ["法定代表人"],
        "minutes": "听取说明，指出问题。",
        "commitments": [{"text": "完善合同", "due_on": "2026-12-01"}],
    }
    await service.on_duty(*TEAM)
    for wrong, pointer in (
        ({"officials": ["phone-a", "nobody"]}, "/officials"),
        ({"officials": ["phone-a", "PHONE-A"]}, "/officials"),
        ({"held_at": "1900-01-01T09:30:00+08:00"}, "/held_at"),
        ({"held_at": "2026-11-22T09:30:00+08:00"}, "/held_at"),
    ):
        problem = await service.post(f"{path}/hold", held | wrong, 422)
        assert problem["errors"][0]["pointer"] == pointer
    done = await service.post(f"{path}/hold", held, 200)
    assert (done["state"], done["minutes"]) == ("held", "听取说明，指出问题。")
    assert done["record_paper"] is not None
    await service.post(f"{path}/miss", {"note": "未到场"}, 409)
    judged = await service.post(f"{path}/commitments/1", {"kept": True, "note": "已完善"}, 200)
    assert judged["commitments"][0]["kept"] is True
    await service.post(f"{path}/commitments/1", {"kept": False, "note": "再次核查"}, 409)
    await service.post(f"{path}/commitments/2", {"kept": False, "note": "再次核查"}, 404)
    missed = await service.post("/talks", body)
    early = await service.post(f"/talks/{missed['id']}/miss", {"note": "无故缺席"}, 409)
    assert (early["type"], early["allowed"]) == ("/problems/talk-conflict", ["hold", "cancel"])
    try:
        service.at(datetime.fromisoformat(missed["planned_at"]) + timedelta(minutes=1))
        gone = await service.post(f"/talks/{missed['id']}/miss", {"note": "无故缺席"}, 200, service.who())
    finally:
        service.at(START)
    assert gone["state"] == "missed"
    await service.get(path, 404, service.who("140100"))
    assert (await service.get("/talks", who=service.who(subject_id=subject["id"])))["items"] == []
    answer = await service.http.get(
        f"/api/v1/credit/papers/{done['record_paper']}.pdf", headers=service.who()
    )
    assert answer.status_code == 200 and answer.content[:4] == b"%PDF"


record_ids = st.uuids(version=4)


@given(st.integers(0, 5), st.integers(1, 7), record_ids, st.booleans(), st.booleans())
def test_revisions_follow_one_another(
    held: int, sent: int, record_id: UUID, same_record: bool, same_content: bool
) -> None:
    server = Held(record_id if held else None, held, "aa" if held else None)
    other = record_id if same_record else uuid4()
    verdict = judge_revision(server, other, sent, "aa" if same_content else "bb")
    if held and not same_record:
        assert verdict == "conflict"
    elif sent == held + 1:
        assert verdict == "accept"
    else:
        assert verdict == ("repeat" if sent == held and same_content else "conflict")


def test_entries_keep_the_time_at_which_they_first_arrived() -> None:
    before = stamped([{"id": "a"}], [], "t1")
    assert stamped([{"id": "a", "text": "x"}, {"id": "b"}], before, "t2") == [
        {"id": "a", "text": "x", "received_at": "t1"},
        {"id": "b", "received_at": "t2"},
    ]


def test_what_a_record_must_hold() -> None:
    signed = [{"who": who, "file": f"of {who}", "refusal": None} for who in TEAM]
    answered = [{"check": "C-1", "finding": "problem", "photos": ["p"]}]
    whole = {"entries": answered, "signatures": [*signed, {"who": "subject", "file": None, "refusal": "x"}]}
    own = {f"of {who}" for who in TEAM}
    assert files_of(whole) == own | {"p"}

    def lacking(record: dict[str, Any], result: Result, checks: list[str], files: set[str]) -> list[str]:
        sent = {file: file.removeprefix("of ") for file in files}
        return [where for where, _ in lacks(record, result, TEAM, checks, sent)]

    assert lacking(whole, Result.PROBLEM_FOUND, ["C-1"], own | {"p"}) == []
    assert lacking(whole, Result.NORMAL, ["C-1"], own | {"p"}) == ["/result"]
    assert lacking(whole, Result.PROBLEM_FOUND, ["C-1", "C-2"], own) == ["/files", "/entries"]
    alone = whole | {"signatures": signed[:1]}
    assert lacking(alone, Result.REFUSED, ["C-1", "C-2"], own | {"p"}) == ["/signatures"]
    assert lacking(whole, Result.REFUSED, ["C-1"], own | {"p"}) == ["/result"], "nothing was left to refuse"
    for away in (Result.UNREACHABLE, Result.CLOSED_BUSINESS):
        assert lacking(whole, away, ["C-1", "C-2"], own | {"p"}) == ["/result"]
        assert lacking({"entries": [], "signatures": signed}, away, ["C-1"], own) == []
    assert lacking(whole | {"signatures": signed}, Result.PROBLEM_FOUND, [], own | {"p"}) == ["/signatures"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (JPEG, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"RIFF....WEBP", "image/webp"),
        (b"JUNK....WEBP", None),
        (b"....ftypheic", "image/heic"),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)
def test_images_are_known_by_their_bytes(content: bytes, kind: str | None) -> None:
    assert sniff(content) == kind
    assert datetime.fromisoformat(DEVICE).tzinfo is not None
