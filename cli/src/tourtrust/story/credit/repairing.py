"""A fined agency has its publication repaired, once the clocks allow; one too early is told when."""

import hashlib
from datetime import date
from typing import Any

from common.problems import Text

from tourtrust.story.stage import Stage

TITLE = Text("信用修复:期限、材料、两人决定", "Repair: clocks, materials, decided by two")

CODES = ("PENALTY_FINE_LARGE", "PENALTY_FINE_SMALL", "PENALTY_CONFISCATION")


def play(stage: Stage) -> list[str]:
    """The outlook says when; what is barred is told its ground; what is granted is no longer shown."""
    early, ripe = _candidates(stage)
    barred = early["outlook"]
    stage.check(not barred["can_apply"] and bool(barred["bars"]), "nothing bars the early application")
    agency, fact = ripe["agency"], ripe["fact"]
    evidence = {"sha256": brought(stage, agency, b"paid"), "name": "罚款缴纳凭证(虚构)"}
    application = {
        "fact_id": fact["id"],
        "statement": "罚款已缴,违法行为已改正(虚构申请)。",
        "evidence": [evidence],
        "commitment": "承诺材料真实,今后守法经营,违诺愿承担责任。",
        "training_record": {"sha256": brought(stage, agency, b"trained"), "name": "修复培训记录(虚构)"},
        "request": {
            "number": "修复申请书2026年第1号(虚构)",
            "sha256": brought(stage, agency, f"asked about {fact['id']}".encode()),
        },
    }
    made = stage.post("/api/v1/credit/repairs", application, by="province_officer", expect=201)
    path = f"/api/v1/credit/repairs/{made['id']}"
    if made["state"] == "conflict":
        settled = {"commitment": "required", "reasons": "按第36号令须作出承诺(演示)。"}
        stage.post(f"{path}/resolve", settled, by="regulator")
    stage.post(f"{path}/accept", {}, by="province_officer")
    verified = {"how": "written", "passed": True, "findings": "缴款与整改材料属实。"}
    stage.post(f"{path}/verify", verified, by="province_officer")
    done = stage.post(f"{path}/decide", {"grant": True, "reasons": "符合修复条件。"}, by="reviewer")
    page = stage.get(f"/api/v1/credit/public/subjects/{agency['key']}")
    shown = [one for one in page["records"] if one["occurred_on"] == fact["occurred_on"]]
    stage.check(
        all(one["code"] != fact["code"] for one in shown), "the repaired penalty is still on the public page"
    )
    first = barred["bars"][0]
    return [
        f"{early['agency']['name']}: too early by {first['code']} ({first['rule']}), "
        f"earliest {barred['earliest_on']}",
        f"{agency['name']}: {fact['code']} of {fact['occurred_on']}, {made['number']}, "
        f"decided by the reviewer: {done['state']}",
        "the commitment letter, asked by one order and barred by the other, was settled by the regulator"
        if made["state"] == "conflict"
        else "materials complete: application, evidence, commitment, training",
        "the penalty is no longer on the public page; the archive keeps it",
    ]


def brought(stage: Stage, agency: dict[str, Any], data: bytes) -> str:
    """Upload a file of the agency; gives the hash by which the application names it."""
    path = f"/api/v1/credit/subjects/{agency['id']}/evidence"
    stage.call("POST", path, by="province_officer", files={"file": ("proof.txt", data, "text/plain")})
    return hashlib.sha256(data).hexdigest()


def _candidates(stage: Stage) -> tuple[dict[str, Any], dict[str, Any]]:
    """A penalty whose repair is barred today, and one whose repair can be applied for."""
    early: dict[str, Any] | None = None
    ripe: dict[str, Any] | None = None
    for grade in ("B", "C", "A", "D"):
        query = {"kind": "travel_agency", "grade": grade}
        for agency in stage.pages("/api/v1/credit/subjects", by="province_officer", **query):
            facts = stage.pages(f"/api/v1/credit/subjects/{agency['id']}/facts", by="province_officer")
            for fact in facts:
                if fact["code"] not in CODES or date.fromisoformat(fact["occurred_on"]) < date(2026, 1, 1):
                    continue
                outlook = stage.get(
                    f"/api/v1/credit/facts/{fact['id']}/repair-outlook", by="province_officer"
                )
                found = {"agency": agency, "fact": fact, "outlook": outlook}
                if outlook["can_apply"]:
                    ripe = ripe or found
                else:
                    early = early or found
            if early and ripe:
                return early, ripe
    stage.check(False, "no penalty of this year is found on both sides of the clocks")
    raise AssertionError
