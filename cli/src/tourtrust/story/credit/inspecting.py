"""A plan is filed, drawn, visited with a phone that lost its connection, decided and published."""

import hashlib
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any
from uuid import uuid4

from common.problems import Text

from tourtrust.story.credit.repairing import brought
from tourtrust.story.lots import OFFICERS, draw_lots
from tourtrust.story.stage import Stage

TITLE = Text("双随机:计划、抽取、现场、结果", "Double-random: plan, draw, visit, result")

NOW = "2026-11-23T11:00:00+08:00"
SCRIPT = Path(__file__).resolve().parents[5] / "docs" / "verify_draw.py"


def play(stage: Stage) -> list[str]:
    """Filed by a second person, drawn by tier, a record sent twice counts once, the result is a fact."""
    _wrong_penalty(stage)
    inspectors = [_inspector(stage, who, number) for number, who in enumerate(OFFICERS, start=1)]
    plan = _plan(stage)
    drawn = draw_lots(stage, {"task": {"plan_id": plan["id"], "no": plan["tasks"][0]["no"]}})
    stage.check(drawn["result"] != [], "nothing was drawn")
    checked = _checked_by_a_stranger(stage, drawn["id"])
    query = {"limit": 1, "state": "assigned"}
    visits = stage.get("/api/v1/credit/inspections", by="inspector", params=query)["items"]
    visit = stage.get(f"/api/v1/credit/inspections/{visits[0]['id']}", by="inspector")
    path = f"/api/v1/credit/inspections/{visit['id']}"
    signatures = {who: _signature(stage, path, who, number) for number, who in enumerate(OFFICERS)}
    record = _record(visit, {stage.sub(who): image for who, image in signatures.items()})
    stage.call("PUT", f"{path}/record", by="inspector", json=record, expect=201)
    stage.call("PUT", f"{path}/record", by="inspector", json=record, expect=200)
    other = record | {"record_id": str(uuid4())}
    lost = stage.call("PUT", f"{path}/record", by="enforcement_officer", json=other, expect=409).json()
    stage.post(f"{path}/finish", {"result": "problem_found"}, by="inspector")
    stage.post(f"{path}/decide", {"note": "问题属实。"}, by="reviewer")
    hazard = stage.post(
        "/api/v1/credit/hazards",
        {
            "subject_id": visit["subject_id"],
            "inspection_id": visit["id"],
            "level": "general",
            "description": "未在经营场所公示责任保险信息(虚构)。",
            "department": visit["department"],
        },
        by="inspector",
        expect=201,
    )
    order = {"requirement": "五日内公示", "due_on": "2026-11-30"}
    ordered = stage.post(f"/api/v1/credit/hazards/{hazard['id']}/order", order, by="inspector")
    proof = {"sha256": brought(stage, {"id": visit["subject_id"]}, b"put right"), "name": "整改照片(虚构)"}
    recheck = {
        "passed": True,
        "inspectors": [one["staff_id"] for one in inspectors],
        "note": "已公示。",
        "evidence": [proof],
    }
    closed = stage.post(f"/api/v1/credit/hazards/{hazard['id']}/recheck", recheck, by="inspector")
    stage.equal(closed["state"], "closed", "the hazard's state")
    published = stage.post(f"{path}/publish", by="province_officer")
    stage.check(published["fact_id"] is not None, "the result is no fact")
    return [
        f"plan {plan['number']} filed by a second person; task {plan['tasks'][0]['no']} draws "
        f"{len(drawn['result'])} of {drawn['objects']} agencies by the ratio of each tier",
        f"re-derived with the standard library alone: {checked}",
        f"{visit['number']}: the same record twice is one revision, another phone's is refused "
        f"({lost['title']}), two inspectors signed",
        "problem found, decided by the reviewer, shown to the public by a third; to be published by "
        f"{published['publish_by']}",
        f"hazard {ordered['number']}: ordered by {order['due_on']}, re-checked, closed",
    ]


def _wrong_penalty(stage: Stage) -> None:
    """A court's fact about another firm is put down to the sample agency: it weighs in the draw."""
    wrong = {
        "subject_id": stage.book["agency"]["id"],
        "code": "PENALTY_SUSPENSION",
        "occurred_on": "2026-11-20",
        "source": {"kind": "court", "authority": "虚构区人民法院", "reference": "(2026)虚0105行审1号"},
    }
    stage.book["wrong_fact"] = stage.post("/api/v1/credit/facts", wrong, by="province_officer", expect=201)


def _inspector(stage: Stage, who: str, number: int) -> dict[str, Any]:
    made: dict[str, Any] = stage.post(
        "/api/v1/credit/inspectors",
        {
            "staff_id": stage.sub(who),
            "name": f"虚构检查员{number}",
            "department": "文化市场综合执法队(演示)",
            "region": "140000",
            "card_no": f"SX-DEMO-{number:04d}",
            "active_from": "2026-01-01",
        },
        by="province_officer",
        expect=201,
    )
    return made


def _plan(stage: Stage) -> dict[str, Any]:
    task = {
        "name": "旅行社保险与保证金检查",
        "type": "undirected",
        "items": ["AG-INSURANCE"],
        "kinds": ["travel_agency"],
        "region": "140000",
        "lead_office": "文化市场综合执法队(演示)",
        "months": [11],
        "batches": [{"name": "第一批", "due_on": "2026-12-31"}],
    }
    wanted = {"year": 2026, "region": "140000", "name": "年度随机抽查计划(演示)", "tasks": [task]}
    plan = stage.post("/api/v1/credit/inspection-plans", wanted, by="province_officer", expect=201)
    path = f"/api/v1/credit/inspection-plans/{plan['id']}"
    filed_with = {"filed_with": "文化和旅游厅(演示)"}
    stage.post(f"{path}/file", filed_with, by="province_officer", expect=(403, 409))
    stage.post(f"{path}/file", filed_with, by="reviewer")
    active: dict[str, Any] = stage.post(f"{path}/activate", by="province_officer")
    return active


def _signature(stage: Stage, path: str, who: str, number: int) -> str:
    """Upload an inspector's signature, one pixel of ink; gives the hash it is known by."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    ink = zlib.compress(bytes([0, number]))
    image = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", ink) + chunk(b"IEND", b"")
    stage.call("POST", f"{path}/files", by=who, files={"file": ("signature.png", image, "image/png")})
    return hashlib.sha256(image).hexdigest()


def _record(visit: dict[str, Any], signatures: dict[str, str]) -> dict[str, Any]:
    checks = [
        {
            "id": str(uuid4()),
            "device_at": NOW,
            "check": check["code"],
            "finding": "problem" if number == 0 else "ok",
            "text": "现场查看(虚构)",
        }
        for number, check in enumerate(visit["checks"])
    ]
    signed = [{"who": who, "file": image, "device_at": NOW} for who, image in signatures.items()]
    signed.append({"who": "subject", "refusal": "当事人拒绝签字(虚构)", "device_at": NOW})
    return {
        "record_id": str(uuid4()),
        "revision": 1,
        "device_at": NOW,
        "place": "经营场所",
        "entries": checks,
        "signatures": signed,
    }


def _checked_by_a_stranger(stage: Stage, draw_id: str) -> str:
    file = stage.folder / "plan-draw.json"
    bundle = stage.call("GET", f"/api/v1/credit/draws/{draw_id}/bundle", by="province_officer").content
    file.write_bytes(bundle)
    keys = ["--key", stage.log_keys["credit"], "--witness", stage.log_keys["witness"]]
    keys += ["--seal", str(stage.folder / f"seal-{draw_id}.json")]
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(file), *keys]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    stage.check(outcome.returncode == 0, f"verify_draw.py: {outcome.stdout}{outcome.stderr}")
    return outcome.stdout.strip().splitlines()[-1]
