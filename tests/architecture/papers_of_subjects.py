"""For the test of isolation: one thing of each kind that a credit subject holds, and bodies to ask with."""

from typing import Any
from uuid import uuid4

from tests.credit.conftest import Service

__all__ = ["BODIES", "names_of"]

SUBJECT = "POST /api/v1/credit/subjects/{subject_id}"
NOBODY = str(uuid4())
WHY = {"reason": "与本人无关"}
DEMAND = {
    "document_no": "BZ-1",
    "authority": "演示机关",
    "cause": "shortfall",
    "amount_fen": 100,
    "notified_on": "2026-11-20",
}
POLICY = {
    "insurer": "演示保险（虚构）",
    "policy_no": "ZR-1",
    "cover_fen": 100,
    "valid_from": "2026-01-01",
    "valid_to": "2026-12-31",
}
ALIAS = {"kind": "alias", "value": "演示别名"}
BODIES: dict[str, Any] = {
    f"{SUBJECT}/merge": WHY | {"into": NOBODY},
    f"{SUBJECT}/unmerge": WHY,
    f"{SUBJECT}/traces": ALIAS,
    f"{SUBJECT}/relations": {"kind": "principal", "from": NOBODY, "starts_on": "2026-01-01"},
    "POST /api/v1/credit/relations/{relation_id}/end": WHY | {"on": "2026-01-02"},
    f"{SUBJECT}/deposit/entries": {"kind": "payment", "amount_fen": 100, "occurred_on": "2026-01-02"},
    f"{SUBJECT}/deposit/demands": DEMAND,
    f"{SUBJECT}/deposit/demands/{{demand_id}}/withdrawal": WHY,
    f"{SUBJECT}/deposit/certificates": {
        "document_no": "JB-1",
        "authority": "演示机关",
        "effective_on": "2026-11-20",
    },
    f"{SUBJECT}/liability-policies": POLICY,
    f"{SUBJECT}/liability-policies/{{policy_id}}/end": WHY | {"on": "2026-11-20"},
    f"{SUBJECT}/risk-classes": {"risk_class": "A", "assessed_on": "2026-11-01", "authority": "演示机关"},
    f"{SUBJECT}/qualifications": {
        "kind": "guide_qualification",
        "number": "DZG1",
        "authority": "演示机关",
        "issued_on": "2026-01-02",
    },
    f"{SUBJECT}/qualifications/{{qualification_id}}/end": WHY | {"on": "2026-01-03"},
    f"{SUBJECT}/trainings": {
        "kind": "annual",
        "course": "演示课程",
        "hours": 8,
        "completed_on": "2026-01-02",
        "authority": "演示机关",
        "certificate_no": "PX-1",
    },
}


async def names_of(service: Service, subject: dict[str, Any]) -> dict[str, str]:
    """The names of things that stand for an agency: a relation, a demand, a policy, and a person's papers."""
    region = subject["region"]
    person = await service.subject(kind="natural_person", key=None, name="卫样例", region=region)
    path, own = f"/subjects/{subject['id']}", f"/subjects/{person['id']}"
    relation = await service.post(
        f"{own}/relations", {"kind": "principal", "to": subject["id"], "starts_on": "2026-01-01"}
    )
    demand = await service.post(f"{path}/deposit/demands", DEMAND)
    policy = await service.post(f"{path}/liability-policies", POLICY)
    trace = await service.post(f"{own}/traces", ALIAS)
    card = await service.post(f"{own}/qualifications", BODIES[f"{SUBJECT}/qualifications"])
    return {
        "relation_id": relation["id"],
        "demand_id": demand["id"],
        "policy_id": policy["id"],
        "trace_id": trace["id"],
        "qualification_id": card["id"],
    }
