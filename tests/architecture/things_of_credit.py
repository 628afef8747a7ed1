"""For the test of isolation: one real thing of each kind that credit names in a path, in one region."""

from typing import Any

from common.db import new_id

from tests.credit import (
    test_boards,
    test_certificates,
    test_commitments,
    test_evidence,
    test_hazards,
    test_imports,
    test_inspections,
    test_intake,
    test_plans,
    test_public_pages,
    test_repairs,
    test_scorecards,
)
from tests.credit.conftest import Service
from tests.credit.drawing import body as draw_of
from tests.credit.exchanging import DECIDE, Other, desk
from tests.credit.listing import opened
from tests.credit.objecting import Room

__all__ = ["BODIES", "names_of"]

REGION = "140603"
BODIES: dict[str, Any] = {
    "PATCH /api/v1/credit/subjects/{subject_id}": {"name": "改名样例（虚构）"},
    "POST /api/v1/credit/subjects/{subject_id}/relations": {
        "kind": "principal",
        "from": str(new_id()),
        "starts_on": "2026-01-01",
    },
    "POST /api/v1/credit/subjects/{subject_id}/deposit/entries": {
        "kind": "payment",
        "amount_fen": 100,
        "occurred_on": "2026-01-02",
    },
    "PUT /api/v1/credit/inspection-plans/{plan_id}": {
        "name": "改名的计划",
        "reason": "改名",
        "tasks": [test_plans.task(region="140600")],
    },
    "PUT /api/v1/credit/inspections/{inspection_id}/record": test_inspections.record(),
    "PUT /api/v1/credit/scorecards/{card_id}": test_scorecards.card(),
    "POST /api/v1/credit/inspections/{inspection_id}/reassign": {
        "inspectors": test_inspections.TEAM,
        "reason": "另有任务",
    },
}


async def names_of(service: Service) -> dict[str, str]:
    """The names of the things; a name that two rooms use stands with its path before it."""
    subject = await service.subject(region=REGION)
    return {
        "subject_id": subject["id"],
        "version": "1",
        "no": "1",
        "extension": "csv",
        **await _archive(service, subject),
        **await _papers(service, subject),
        **await _lists(service, subject),
        **await _visits(service, subject),
        **await _boards(service),
        **await _cards(service),
        **await _abroad(service, subject),
    }


async def _archive(service: Service, subject: dict[str, Any]) -> dict[str, str]:
    fine = {"payload": {"amount_fen": 6_000_000}}
    fact = await service.fact(subject, "PENALTY_FINE_LARGE", "2026-06-01", **fine)
    evidence = await test_evidence.upload(service, f"/facts/{fact['id']}/evidence", test_evidence.PDF)
    own = test_public_pages.own(service, subject)
    reply = await service.post(f"/facts/{fact['id']}/reply", {"text": "已整改并缴清罚款"}, who=own)
    disputed = await service.fact(subject, "PENALTY_SUSPENSION", "2026-04-01")
    room = Room(service)
    objection = await room.verified({"target": "fact", "fact_id": disputed["id"]}, own)
    await room.step(objection, "sustain", {"reason": "处罚对象确有误", "remedy": {"action": "revoke"}})
    event = new_id()
    unknown = test_intake.penalty(service.key(), "ZF-I1", subject_key=None, region=REGION)
    await test_intake.take(service, "penalty_decided", unknown, event)
    await test_intake.take(service, "price_alert_raised", test_intake.alert(subject["key"]))
    warning = (await service.get("/warnings", subject_id=subject["id"]))["items"][0]
    return {
        "fact_id": fact["id"],
        "evidence_id": evidence.json()["id"],
        "reply_id": reply["id"],
        "objection_id": objection["id"],
        "event_id": str(event),
        "warning_id": warning["id"],
    }


async def _papers(service: Service, subject: dict[str, Any]) -> dict[str, str]:
    """What an agency holds, and what a person who stands for it holds."""
    person = await service.subject(kind="natural_person", key=None, name="卫样例", region=REGION)
    path, own = f"/subjects/{subject['id']}", f"/subjects/{person['id']}"
    relation = await service.post(
        f"{own}/relations", {"kind": "principal", "to": subject["id"], "starts_on": "2026-01-01"}
    )
    demand = {"document_no": "BZ-1", "authority": "演示机关", "cause": "shortfall"}
    demand |= {"amount_fen": 100, "notified_on": "2026-11-20"}
    policy = {"insurer": "演示保险（虚构）", "policy_no": "ZR-1", "cover_fen": 100}
    policy |= {"valid_from": "2026-01-01", "valid_to": "2026-12-31"}
    finding = {"document_no": "BX-1", "authority": "演示机关", "found_on": "2026-11-20"}
    card = {"kind": "guide_qualification", "number": "DZG1", "authority": "演示机关"}
    card |= {"issued_on": "2026-01-02"}
    training = {"kind": "safety", "course": "安全培训", "hours": 8, "completed_on": "2026-03-02"}
    training |= {"authority": "演示机关", "certificate_no": f"PX-{subject['id']}"}
    right = {"key": service.key(REGION), "reason": "登记有误"}
    return {
        "relation_id": relation["id"],
        "demand_id": (await service.post(f"{path}/deposit/demands", demand))["id"],
        "policy_id": (await service.post(f"{path}/liability-policies", policy))["id"],
        "finding_id": (await service.post(f"{path}/liability-findings", finding))["id"],
        "correction_id": (await service.post(f"{path}/key-corrections", right))["id"],
        "trace_id": (await service.post(f"{own}/traces", {"kind": "alias", "value": "演示别名"}))["id"],
        "training_id": (await service.post(f"{path}/trainings", training))["id"],
        "qualification_id": (await service.post(f"{own}/qualifications", card))["id"],
    }


async def _lists(service: Service, subject: dict[str, Any]) -> dict[str, str]:
    fine = {"payload": {"amount_fen": 6_000_000}}
    penalty = await service.fact(subject, "PENALTY_FINE_LARGE", "2026-05-01", **fine)
    training = test_repairs.TRAINING
    await test_repairs.bring(service, subject["id"])
    applied = test_repairs.application(
        fact_id=penalty["id"], commitment="承诺材料真实。", training_record=training
    )
    repair = await service.post("/repairs", applied)
    commitment = await service.post("/commitments", test_commitments.body(subject))
    certificate = await service.post("/certificates", test_certificates.wanted(subject))
    honour = await service.post("/honours", {"honour": "HONEST-ENTERPRISE", "subject_id": subject["id"]})
    listing = await opened(service, subject_id=subject["id"])
    await service.post(f"/listings/{listing['id']}/notify", {}, 200)
    (paper,) = (await service.get("/papers", about_id=listing["id"]))["items"]
    return {
        "repair_id": repair["id"],
        "commitment_id": commitment["id"],
        "certificate_id": certificate["id"],
        "honour_id": honour["id"],
        "listing_id": listing["id"],
        "paper_id": paper["id"],
    }


async def _visits(service: Service, subject: dict[str, Any]) -> dict[str, str]:
    draw = await service.post("/draws", draw_of(count=1))
    plan = await service.post("/inspection-plans", test_plans.plan(region="140600", tasks=TASKS))
    inspector = await test_plans.inspector(service, "lib-1", region="140600")
    recusal = {"subject_id": subject["id"], "reason": "kinship"}
    recused = await service.post(f"/inspectors/{inspector['id']}/recusals", recusal)
    visit = await test_inspections.ordered(service, subject)
    image = await test_inspections.upload(service, visit, test_inspections.JPEG)
    hazard = await test_hazards.found(service, subject)
    campaign = await service.post("/campaigns", CAMPAIGN)
    seen = {"subject_id": subject["id"], "campaign_id": campaign["id"], "visited_on": "2026-11-20"}
    seen |= {"visitors": test_inspections.TEAM, "advice": "inspection", "observations": OBSERVATIONS}
    talk = await service.post("/talks", TALK | {"subject_id": subject["id"]})
    return {
        "draw_id": draw["id"],
        "plan_id": plan["id"],
        "inspector_id": inspector["id"],
        "recusal_id": recused["recusals"][0]["id"],
        "inspection_id": visit["id"],
        "sha256": image["sha256"],
        "hazard_id": hazard["id"],
        "campaign_id": campaign["id"],
        "visit_id": (await service.post("/mystery-visits", seen))["id"],
        "talk_id": talk["id"],
    }


TASKS = [test_plans.task(region="140600")]
OBSERVATIONS = [{"item": "AG-PRICE", "finding": "problem", "text": "宣传零团费"}]
CAMPAIGN = {
    "name": "样例专项行动",
    "aim": "整治不合理低价游",
    "region": "140600",
    "kinds": ["travel_agency"],
    "starts_on": "2026-11-01",
    "ends_on": "2026-12-31",
    "targets": [{"name": "检查旅行社", "measure": "inspections", "number": 2}],
    "tasks": [{"name": "联合检查", "department": "综合执法队", "due_on": "2026-12-20", "number": 10}],
}
TALK = {
    "about": {"kind": "warning", "reference": "W-1"},
    "reason": "多起投诉",
    "legal_basis": "样例依据",
    "department": "市场管理科",
    "place": "会议室",
    "planned_at": "2026-11-24T10:00:00+08:00",
}


async def _boards(service: Service) -> dict[str, str]:
    ranked = await test_boards.agency(service, "141002", arrivals=10)
    board = await test_boards.run(service, "141000", "2026-09-01")
    return {"board_id": board["id"], "/boards/ subject_id": ranked["id"]}


async def _cards(service: Service) -> dict[str, str]:
    maker = test_scorecards.policy(service, "maker")
    draft = await service.post("/scorecards", test_scorecards.card(), who=maker)
    simulation = await service.post(f"/scorecards/{draft['id']}/simulations", {}, 202, who=maker)
    wanted = {"region": "140600", "kinds": ["travel_agency"], "dry_run": True}
    return {
        "card_id": draft["id"],
        "/scorecards/ run_id": simulation["run"]["id"],
        "run_id": (await service.post("/scoring-runs", wanted, 202))["id"],
    }


async def _abroad(service: Service, subject: dict[str, Any]) -> dict[str, str]:
    """What comes from other systems and what goes to them."""
    raw = test_imports.csv_file([test_imports.agency(1, region=REGION, key=test_imports.key(1, REGION))])
    brought = await test_imports.send(service, raw, test_imports.CSV)
    await test_imports.finished(service, brought)
    await desk(service, Other()).round()
    rows = await service.get("/exchange/records", who=service.who(scopes=DECIDE), limit=100)
    record = next(one for one in rows["items"] if one["subject_id"] == subject["id"])
    return {"import_id": brought["id"], "record_id": record["id"]}
