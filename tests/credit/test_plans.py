"""The item list, both libraries, annual plans, and draws of their tasks."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from common.calendar import add_months
from common.policies import PolicyError
from credit.draws.rules import verify_draw
from credit.plans.policy import InspectionItem
from credit.plans.rules import Cap, PlanState, allowed_acts, capped_ratio, first_day_within, next_state
from credit.plans.strata import layers_by_tier, one_layer
from credit.policies import FOLDER
from credit.rulebook.rules import Rulebook
from hypothesis import given
from hypothesis import strategies as st

from .conftest import START, Service
from .drawing import drawn, voided
from .test_merged_listings import merged

DAYS = {"active_from": "2026-01-01"}


def task(**fields: Any) -> dict[str, Any]:
    return {
        "name": "旅行社经营规范抽查",
        "type": "undirected",
        "items": ["AG-CONTRACT", "AG-PRICE"],
        "kinds": ["travel_agency"],
        "region": "140700",
        "lead_office": "市场管理科",
        "months": [11, 12],
        "batches": [{"name": "第一批", "due_on": "2026-12-10"}, {"name": "第二批", "due_on": "2026-12-25"}],
    } | fields


def plan(**fields: Any) -> dict[str, Any]:
    return {
        "year": 2026,
        "region": "140700",
        "name": "2026年度晋中市随机抽查计划",
        "tasks": [task()],
    } | fields


async def put(service: Service, path: str, body: Any, expect: int, who: dict[str, str], version: int) -> Any:
    answer = await service.http.put(
        f"/api/v1/credit{path}", json=body, headers=who | {"If-Match": f'"{version}"'}
    )
    assert answer.status_code == expect, answer.text
    return answer.json()


async def inspector(service: Service, staff: str, **fields: Any) -> dict[str, Any]:
    service.serial += 1
    body = {
        "staff_id": staff,
        "name": "检查员（虚构）",
        "department": "市场管理科",
        "region": "140700",
        "card_no": f"JC-{service.serial:06d}",
    } | DAYS
    made: dict[str, Any] = await service.post("/inspectors", body | fields)
    return made


async def in_force(service: Service, **fields: Any) -> dict[str, Any]:
    made = await service.post("/inspection-plans", plan(**fields), who=service.who(sub="drafter"))
    path = f"/inspection-plans/{made['id']}"
    await service.post(f"{path}/file", {"filed_with": "山西省文化和旅游厅"}, 200, service.who(sub="second"))
    found: dict[str, Any] = await service.post(f"{path}/activate", None, 200)
    return found


async def test_the_item_list_is_public_with_its_caps(service: Service) -> None:
    answer = await service.http.get("/api/v1/credit/inspection-items", params={"region": "140100"})
    assert answer.status_code == 200
    items = {one["code"]: one for one in answer.json()["items"]}
    assert items["AG-CONTRACT"]["max_ratio_bp"] == 500 and items["SAFE-FIRE"]["max_ratio_bp"] is None
    assert answer.json()["status"] == "sample"
    answer = await service.http.get("/api/v1/credit/inspection-items", params={"region": "990000"})
    assert answer.status_code == 404


async def test_inspectors_are_kept_changed_and_recused(service: Service) -> None:
    made = await inspector(service, "lib-1", expertise=["safety", "safety"])
    assert made["expertise"] == ["safety"] and made["on_duty"]
    again = {"staff_id": "lib-1", "name": "x", "department": "x", "region": "140700", "card_no": "JC-000000"}
    await service.post("/inspectors", again | DAYS, 409)
    await service.post("/inspectors", again | DAYS | {"staff_id": "lib-9", "region": "650000"}, 404)
    bad = again | {"staff_id": "lib-8", "active_from": "2026-02-01", "active_to": "2026-01-01"}
    problem = await service.post("/inspectors", bad, 422)
    assert problem["errors"][0]["pointer"] == "/active_to"
    path = f"/inspectors/{made['id']}"
    headers = service.who() | {"If-Match": '"1"'}
    url = f"/api/v1/credit{path}"
    answer = await service.http.patch(url, json={"active_to": "2026-11-01"}, headers=headers)
    assert answer.status_code == 200 and not answer.json()["on_duty"]
    answer = await service.http.patch(url, json={"active_to": None}, headers=headers)
    assert answer.status_code == 412
    await service.get(path, 404, service.who("140100"))
    subject = await service.subject(region="140702")
    body = {"subject_id": subject["id"], "reason": "direct_interest"}
    noted = await service.post(f"{path}/recusals", body)
    await service.post(f"{path}/recusals", body, 409)
    recusal = noted["recusals"][0]["id"]
    end = {"to_on": "2026-11-23"}
    own = await service.post(f"{path}/recusals/{recusal}/end", end, 403, service.who(sub="lib-1"))
    assert own["type"] == "/problems/own-recusal"
    ended = await service.post(f"{path}/recusals/{recusal}/end", end, 200, service.who(sub="chief"))
    assert ended["recusals"][0]["ended_by"] == "chief"
    await service.post(f"{path}/recusals/{uuid4()}/end", end, 404)
    listed = await service.get("/inspectors", expertise="safety", department="市场管理科")
    assert made["id"] in [one["id"] for one in listed["items"]]


async def test_a_plan_is_filed_by_another_person_and_changed_by_versions(service: Service) -> None:
    drafter, second = service.who(sub="drafter"), service.who(sub="second")
    made = await service.post("/inspection-plans", plan(), who=drafter)
    assert made["number"].startswith("2026") and made["tasks"][0]["no"] == f"{made['number']}-01"
    path = f"/inspection-plans/{made['id']}"
    problem = await service.post(f"{path}/activate", None, 409)
    assert problem["allowed"] == ["file", "change"]
    filing = {"filed_with": "山西省文化和旅游厅"}
    await service.post(f"{path}/file", filing, 409, drafter)
    filed = await service.post(f"{path}/file", filing, 200, second)
    assert (filed["state"], filed["filed_version"], filed["filed_by"]) == ("filed", 1, "second")
    change = {"name": made["name"], "reason": "调整批次", "tasks": [task(no=made["tasks"][0]["no"]), task()]}
    await put(service, path, change, 412, drafter, 7)
    changed = await put(service, path, change, 200, drafter, 1)
    assert (changed["state"], changed["version"], changed["filed_version"]) == ("draft", 2, 1)
    assert [one["no"][-2:] for one in changed["tasks"]] == ["01", "02"]
    unknown = change | {"tasks": [task(no=f"{made['number']}-09")]}
    await put(service, path, unknown, 422, drafter, 2)
    versions = await service.get(f"{path}/versions")
    assert [one["reason"] for one in versions] == [None, "调整批次"]
    await service.get(path, 404, service.who("140100"))
    listed = await service.get("/inspection-plans", year=2026, state="draft")
    assert made["id"] in [one["id"] for one in listed["items"]]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"items": ["NO-SUCH"]}, "/tasks/0/items"),
        ({"items": ["SAFE-FIRE"]}, "/tasks/0/kinds"),
        ({"region": "140100"}, "/tasks/0/region"),
        ({"ratio_bp": 100}, "/tasks/0/ratio_bp"),
        ({"ratio_bp": 600}, "/tasks/0/ratio_bp"),
        ({"joint_offices": ["市场管理科"]}, "/tasks/0/joint_offices"),
        ({"batches": [{"name": "第一批", "due_on": "2027-01-10"}]}, "/tasks/0/batches"),
        ({"no": "2026001-01"}, "/tasks/0/no"),
        ({"inspectors_per_object": 1}, "/tasks/0/inspectors_per_object"),
    ],
)
async def test_tasks_that_do_not_fit_are_refused(
    service: Service, fields: dict[str, Any], pointer: str
) -> None:
    problem = await service.post("/inspection-plans", plan(tasks=[task(**fields)]), 422)
    assert pointer in [one["pointer"] for one in problem["errors"]]


async def test_nobody_alone_keeps_an_office_from_a_firm(service: Service) -> None:
    subject = await service.subject(region="140702")
    body = {"subject_id": subject["id"], "reason": "kinship"}
    made = [await inspector(service, f"apart-{n}") for n in range(4)]
    paths = [f"/inspectors/{one['id']}/recusals" for one in made]
    chief, deputy = service.who(sub="chief"), service.who(sub="deputy")
    noted = await service.post(paths[0], body, who=chief)
    refused = await service.post(paths[1], body, 409, chief)
    assert refused["type"] == "/problems/second-person-needed"
    operator = await service.subject(kind="unlicensed_operator", key=None, region="140702")
    await merged(service, operator, subject)
    await service.post(paths[1], body | {"subject_id": operator["id"]}, 409, chief)
    await service.post(paths[1], body, who=deputy)
    await service.post(paths[2], body, 409, deputy)
    await service.post(paths[2], body, who=service.who(sub="apart-2"))
    await service.post(paths[3], body, who=service.who(sub="apart-2"))
    end = {"to_on": "2026-11-23"}
    await service.post(f"{paths[0]}/{noted['recusals'][0]['id']}/end", end, 200, deputy)
    other = await service.subject(region="140702")
    await service.post(paths[0], body | {"subject_id": other["id"]}, who=chief)


async def test_who_keeps_one_inspector_from_a_firm_may_note_it_for_longer_by_a_new_recusal(
    service: Service,
) -> None:
    subject = await service.subject(region="140702")
    body = {"subject_id": subject["id"], "reason": "kinship", "to_on": "2026-12-31"}
    path = f"/inspectors/{(await inspector(service, 'longer-1'))['id']}/recusals"
    chief = service.who(sub="chief")
    noted = await service.post(path, body, who=chief)
    later = {"from_on": "2027-01-01", "to_on": "2027-12-31"}
    await service.post(path, body | later, who=chief)
    other = f"/inspectors/{(await inspector(service, 'longer-2'))['id']}/recusals"
    await service.post(other, body, 409, chief)
    noted = await service.post(other, body, who=service.who(sub="longer-2"))
    end = f"{other}/{noted['recusals'][0]['id']}/end"
    problem = await service.post(end, {"to_on": "2030-12-31"}, 422, chief)
    assert problem["errors"][0]["pointer"] == "/to_on", "else nobody needs to note anything anew"
    await service.post(end, {"to_on": "2026-12-01"}, 200, chief)


async def test_a_task_is_drawn_by_tier_jointly_with_recusals_and_becomes_visits(service: Service) -> None:
    agencies = [await service.subject(region="140702", name=f"晋中计划样例{n}（虚构）") for n in range(8)]
    for agency in agencies[:2]:
        await service.by_room(agency, "SERIOUS_LISTED", "2026-01-10", payload={"condition": "SEV-T-3"})
    for number in range(3):
        await inspector(service, f"tour-{number}", department="联合一科")
        await inspector(service, f"fire-{number}", department="联合二科")
    recused = (await service.get("/inspectors", department="联合一科"))["items"][0]
    body = {"subject_id": agencies[0]["id"], "reason": "former_employment"}
    await service.post(f"/inspectors/{recused['id']}/recusals", body)
    waiting = {
        "subject_id": agencies[7]["id"],
        "trigger": {"kind": "complaint", "reference": "CASE-1"},
        "items": ["AG-CONTRACT"],
        "inspectors": ["tour-0", "fire-0"],
        "department": "联合一科",
    }
    await service.post("/inspections", waiting)
    made = await in_force(
        service, tasks=[task(region="140702", lead_office="联合一科", joint_offices=["联合二科"])]
    )
    reference = {"plan_id": made["id"], "no": made["tasks"][0]["no"]}
    officers = ["officer-a", "officer-b"]
    said = {"task": reference, "officers": officers, "count": 3}
    await service.post("/draws", said, 422)
    await service.post("/draws", {"task": reference | {"no": "2026999-01"}, "officers": officers}, 404)
    plain = dict.fromkeys(("purpose", "region", "kinds", "inspectors", "count"))
    result, raw = await drawn(service, task=reference, **plain)
    verdict = verify_draw(raw, str(service.log_key), str(service.witness_key))
    assert verdict.ok, verdict.reason.en
    strata = {one["id"]: one for one in result["strata"]}
    assert strata["D"]["ratio_bp"] == 10_000 and strata["D"]["count"] == 2
    assert all(one["ratio_bp"] <= 500 for name, one in strata.items() if name not in "CD")
    assert {one["subject_id"] for one in result["result"]} >= {one["id"] for one in agencies[:2]}
    assert agencies[7]["id"] not in [one["subject_id"] for one in result["result"]]
    for pick in result["result"]:
        assert {name.split("-")[0] for name in pick["inspectors"]} == {"tour", "fire"}
        assert pick["subject_id"] != agencies[0]["id"] or recused["staff_id"] not in pick["inspectors"]
    again = await service.post("/draws", {"task": reference, "officers": officers}, 409)
    assert again["draw"] == result["number"]
    for pick in result["result"]:
        visits = (await service.get("/inspections", subject_id=pick["subject_id"]))["items"]
        assert [one["kind"] for one in visits] == ["drawn"] and visits[0]["inspectors"] == pick["inspectors"]
        whole = await service.get(f"/inspections/{visits[0]['id']}")
        assert whole["draws"][0]["number"] == result["number"] and whole["items"] == [
            "AG-CONTRACT",
            "AG-PRICE",
        ]
        assert whole["measure"]["id"] == "tiered-supervision" and whole["due_on"] in (
            "2026-12-10",
            "2026-12-25",
        )
    change = {"name": made["name"], "reason": "改任务", "tasks": [task(no=reference["no"], months=[3])]}
    await put(service, f"/inspection-plans/{made['id']}", change, 409, service.who(), 1)
    other = await in_force(
        service, tasks=[task(region="140702", items=["AG-INSURANCE"], lead_office="联合一科")]
    )
    second, _ = await drawn(service, task={"plan_id": other["id"], "no": other["tasks"][0]["no"]}, **plain)
    both = {one["subject_id"] for one in second["result"]} & {one["subject_id"] for one in result["result"]}
    assert both >= {one["id"] for one in agencies[:2]}
    for subject in both:
        visits = (await service.get("/inspections", subject_id=subject, kind="drawn"))["items"]
        assert len(visits) == 1 and "AG-INSURANCE" in visits[0]["items"] and "AG-PRICE" in visits[0]["items"]
    listed = await service.get("/inspection-objects", region="140702", kind="travel_agency", limit=100)
    excluded = {one["subject_id"]: one["exclusion"] for one in listed["items"]}
    assert excluded[agencies[7]["id"]] == "targeted_check"


async def test_a_task_whose_objects_were_all_inspected_meanwhile_is_given_up_and_says_so(
    service: Service,
) -> None:
    """What a redraw could not take, by the records or by hand, does not count as still there."""
    agencies = [await service.subject(region="140721") for _ in range(3)]
    for staff in ("榆社-1", "榆社-2"):
        await inspector(service, staff, department="榆社科", region="140721")
    made = await in_force(service, tasks=[task(region="140721", lead_office="榆社科")])
    reference = {"plan_id": made["id"], "no": made["tasks"][0]["no"]}
    spared = [{"subject_id": agencies[0]["id"], "reason": "not_operating"}]
    wanted = {"task": reference, "officers": ["task-1", "task-2"], "exclusions": spared}
    first = await service.post("/draws", wanted, who=service.who(sub="freezer"))
    assert (first["objects"], first["count"]) == (2, 1)
    service.at(START + timedelta(days=2))
    try:
        void, _ = await voided(service, first["id"])
        redraw = wanted | {"officers": ["task-3", "task-4"], "redraw_of": first["id"]}
        path, ground = f"/draws/{first['id']}/waiver", {"ground": "too_few_objects", "reason": "已全部检查"}
        decider = service.who(sub="head", scopes=["credit:decide", "inspections:run", "credit:read"])
        for number, agency in enumerate(agencies[1:]):
            refused = await service.post(path, ground, 409, decider)
            assert refused["objects"] == 2 - number
            check = {
                "subject_id": agency["id"],
                "trigger": {"kind": "complaint", "reference": f"CASE-{number}"},
                "items": ["AG-CONTRACT"],
                "inspectors": ["榆社-1", "榆社-2"],
                "department": "榆社科",
            }
            await service.post("/inspections", check)
        problem = await service.post("/draws", redraw, 422)
        assert problem["errors"][0]["pointer"] == "/count"
        waived = await service.post(path, ground, who=decider)
        await service.subject(region="140721")
        plain = {"task": reference, "officers": ["task-5", "task-6"]}
        refused = await service.post("/draws", plain, 409)
        assert (refused["draw"], refused["waiver"]) == (void["number"], waived["waiver"]["number"])
        assert "redraw_of" not in refused
    finally:
        service.at(START)


async def test_a_chain_whose_exclusions_became_too_many_is_given_up(service: Service) -> None:
    """One subject leaves, and those excluded by hand are more than the policy allows: nobody can redraw."""
    subjects = [await service.subject(region="140722") for _ in range(20)]
    spared = [{"subject_id": one["id"], "reason": "not_operating"} for one in subjects[:2]]
    people = [{"id": f"左权-{n}", "department": "左权科"} for n in range(3)]
    wanted = {
        "purpose": "旅行社经营规范随机抽查",
        "region": "140722",
        "kinds": ["travel_agency"],
        "count": 2,
        "inspectors": people,
        "officers": ["many-1", "many-2"],
        "exclusions": spared,
    }
    first = await service.post("/draws", wanted, who=service.who(sub="freezer"))
    service.at(START + timedelta(days=2))
    try:
        await voided(service, first["id"])
        redraw = wanted | {"officers": ["many-3", "many-4"], "redraw_of": first["id"]}
        path, ground = f"/draws/{first['id']}/waiver", {"ground": "too_few_objects", "reason": "排除过多"}
        decider = service.who(sub="head", scopes=["credit:decide", "inspections:run", "credit:read"])
        assert (await service.post(path, ground, 409, decider))["objects"] == 18
        closed = await service.http.patch(
            f"/api/v1/credit/subjects/{subjects[-1]['id']}",
            json={"status": "closed"},
            headers=service.who() | {"If-Match": f'"{subjects[-1]["version"]}"'},
        )
        assert closed.status_code == 200, closed.text
        for exclusions in (spared, spared[:1]):
            problem = await service.post("/draws", redraw | {"exclusions": exclusions}, 422)
            assert problem["errors"][0]["pointer"] == "/exclusions"
        assert (await service.post(path, ground, who=decider))["waiver"] is not None
    finally:
        service.at(START)


async def test_a_draw_outside_a_plan_can_be_by_tier_and_want_expertise(service: Service) -> None:
    hotels = [
        await service.subject(kind="star_hotel", region="140725", name=f"寿阳样例{n}（虚构）")
        for n in range(3)
    ]
    people = [
        {"id": f"ex-{n}", "department": f"科室{n % 2}", "expertise": ["safety"] if n == 3 else []}
        for n in range(4)
    ]
    wanted = {
        "purpose": "住宿安全检查",
        "region": "140725",
        "kinds": ["star_hotel"],
        "items": ["SAFE-FIRE"],
        "inspectors": people,
        "count": None,
        "by_tier": True,
    }
    made, raw = await drawn(service, **wanted)
    assert verify_draw(raw, str(service.log_key)).ok
    assert len(made["result"]) == 1 and "ex-3" in made["result"][0]["inspectors"]
    assert made["result"][0]["subject_id"] in [one["id"] for one in hotels]
    nobody = wanted | {"inspectors": people[:3], "officers": ["officer-a", "officer-b"]}
    problem = await service.post("/draws", nobody, 422)
    assert problem["errors"][0]["pointer"] == "/inspectors"
    both = wanted | {"count": 1, "officers": ["officer-a", "officer-b"]}
    problem = await service.post("/draws", both, 422)
    assert problem["errors"][0]["pointer"] == "/count"


def test_caps_bind_general_items_and_not_key_supervision() -> None:
    general, key = Cap("G", 500), Cap("K", None)
    above = frozenset({"C", "D"})
    assert capped_ratio(3000, "B", [general, key], above) == 500
    assert capped_ratio(3000, "C", [general], above) == 3000
    assert capped_ratio(3000, "B", [key], above) == 3000
    assert capped_ratio(200, None, [general], above) == 200


BOOK = Rulebook.load(FOLDER)


@given(st.lists(st.sampled_from(["A", "B", "C", "D", None]), min_size=1, max_size=60))
def test_each_tier_draws_its_ratio_rounded_up(tiers: list[str | None]) -> None:
    policy = next(iter(BOOK.supervision))
    layers = {
        one.id: one
        for one in layers_by_tier([(tier, policy.of(tier).sampling_bp) for tier in tiers], [], frozenset())
    }
    for tier in set(tiers):
        layer = layers[tier or "unrated"]
        assert layer.objects == tiers.count(tier)
        exact = layer.objects * policy.of(tier).sampling_bp
        assert layer.count * 10_000 >= exact > (layer.count - 1) * 10_000
    assert one_layer(7, count=3)[0].count == 3 and one_layer(10, ratio_bp=500)[0].count == 1


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(0, 30))
def test_the_first_day_within_is_the_first_whose_period_still_runs(today: date, months: int) -> None:
    first = first_day_within(today, months)
    assert add_months(first, months) >= today > add_months(first - timedelta(days=1), months)


def test_a_plan_goes_its_way_and_no_other() -> None:
    assert next_state(PlanState.DRAFT, "activate") is None
    assert next_state(PlanState.ACTIVE, "change") is PlanState.DRAFT
    assert allowed_acts(PlanState.DONE) == []


@pytest.mark.parametrize(
    "change",
    [
        {"max_ratio_bp": None},
        {"class": "key"},
        {"kinds": ["nonsense"]},
        {"checks": []},
    ],
)
def test_an_item_that_contradicts_itself_is_refused(change: dict[str, Any]) -> None:
    content = {
        "code": "X-1A",
        "name": {"zh": "事项", "en": "item"},
        "class": "general",
        "max_ratio_bp": 500,
        "kinds": ["travel_agency"],
        "expertise": [],
        "legal_basis": ["x"],
        "checks": [{"code": "X-1A-1", "name": {"zh": "要点", "en": "check"}}],
    }
    assert InspectionItem.model_validate_json(json.dumps(content)).code == "X-1A"
    with pytest.raises(ValueError):
        InspectionItem.model_validate_json(json.dumps(content | change))


def test_a_figure_of_ours_does_not_pass_for_the_law() -> None:
    draws = BOOK.draws.choose("draws", on=date(2026, 11, 23))
    ours = {name for name in type(draws).model_fields if name.endswith("_minutes")}
    assert draws.status == "verified" and draws.own_status == dict.fromkeys(ours, "sample")
    visits = BOOK.inspections.choose("inspections", on=date(2026, 11, 23))
    assert "publish_within_working_days" not in visits.own_status and "public_months" in visits.own_status
    with pytest.raises(PolicyError, match="no figure"):
        type(draws).parse(draws.content | {"own_status": {"legal_basis": "sample"}})
