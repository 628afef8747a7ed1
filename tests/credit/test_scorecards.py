"""Drafts of scorecards: simulated, published by a second person, known only from then on."""

import asyncio
import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from credit.policies import FOLDER
from credit.rounds import do_round
from credit.rulebook.rules import Rulebook
from credit.runs.worker import work_off

from .conftest import START, Service

SAMPLE = next(card for card in Rulebook.load(FOLDER).scorecards if card.id == "agency-100-sample").content
POLICY = ["credit:read", "credit:policy"]


def policy(service: Service, sub: str) -> dict[str, str]:
    return service.who("140000", scopes=POLICY, sub=sub)


def card(**changes: Any) -> dict[str, Any]:
    own = {"id": "shanxi-agency", "version": "1", "region": "140000", "effective_from": "2026-11-23"}
    return SAMPLE | own | changes


async def settle(service: Service) -> None:
    """Let the rounds and the runs do what is due; the service's own worker may be at it as well."""
    for _ in range(3):
        await do_round(service.app.state.db, service.app.state.env)
    for _ in range(200):
        await work_off(service.app.state.db, service.app.state.env)
        waiting = [await service.get("/scoring-runs", state=state) for state in ("queued", "running")]
        if not any(page["items"] for page in waiting):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("runs do not end")


async def simulated(
    service: Service, draft: dict[str, Any], who: dict[str, str], **narrowed: Any
) -> dict[str, Any]:
    path = f"/scorecards/{draft['id']}/simulations"
    run = await service.post(path, narrowed, 202, who=who)
    for _ in range(600):
        await work_off(service.app.state.db, service.app.state.env)
        found: dict[str, Any] = await service.get(f"{path}/{run['run']['id']}", who=who)
        if found["run"]["state"] == "done":
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def test_a_card_is_drafted_simulated_and_published_by_two(service: Service) -> None:
    one, two = policy(service, "one"), policy(service, "two")
    good = await service.subject()
    bad = await service.subject()
    await service.fact(bad, "PENALTY_SUSPENSION", "2026-05-01")
    before = await service.http.get(f"/api/v1/credit/subjects/{bad['id']}/score", headers=service.who())
    known_at = before.json()["result"]["known_at"]

    wrong = card(rules=[SAMPLE["rules"][0] | {"codes": ["NOT_THERE"]}], vetoes=[], paths=[])
    refused = await service.post("/scorecards", wrong, 422, who=one)
    assert refused["errors"][0]["pointer"] == "/rules"
    assert (await service.post("/scorecards", {"id": "x"}, 422, who=one))["type"].endswith("invalid-payload")
    await service.post("/scorecards", card(), 403, who=service.who())
    draft = await service.post("/scorecards", card(), who=one)
    assert (draft["state"], draft["simulated_hash"], draft["author"]) == ("draft", None, "one")
    await service.get(f"/scorecards/{draft['id']}", 404)

    path = f"/api/v1/credit/scorecards/{draft['id']}"
    harsher = card(
        rules=[r | ({"points": -50} if r["id"] == "AG-SUSPENSION" else {}) for r in card()["rules"]]
    )
    assert (await service.http.put(path, json=harsher, headers=one)).status_code == 428
    stale = await service.http.put(path, json=harsher, headers=one | {"If-Match": '"7"'})
    assert stale.status_code == 412
    changed = await service.http.put(path, json=harsher, headers=one | {"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    draft = changed.json()

    publish = f"/scorecards/{draft['id']}/publication"
    assert (await service.post(publish, {"hash": draft["hash"]}, 409, who=one))["type"].endswith(
        "second-person-needed"
    )
    assert (await service.post(publish, {"hash": draft["hash"]}, 409, who=two))["type"].endswith(
        "not-simulated"
    )
    found = await simulated(service, draft, one)
    assert found["current"] and found["run"]["card_hash"] == draft["hash"]
    figures = found["figures"]
    assert figures["changed"] >= 1 and figures["psi"] is not None and figures["ks"] is not None
    assert {group["name"] for group in figures["by_region"]} == {"140100"}
    changes = await service.get(
        f"/scorecards/{draft['id']}/simulations/{found['run']['id']}/changes", who=one
    )
    [moved] = [item for item in changes["items"] if item["result"]["subject_id"] == bad["id"]]
    assert (moved["result"]["grade_before"], moved["result"]["grade"]) == ("B", "D")
    assert moved["rules"] == [{"rule": "AG-SUSPENSION", "before": -20, "after": -50}]
    assert (moved["parts"], moved["explanation"]) == ([], "AG-SUSPENSION：-20 → -50")
    file = await service.http.get(f"{path}/simulations/{found['run']['id']}/changes.csv", headers=one)
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    [line] = [row for row in rows if row["主体编号"] == bad["id"]]
    assert (line["原适用评分卡"], line["差异说明"]) == ("agency-100-sample 1", "AG-SUSPENSION：-20 → -50")

    await service.post(publish, {"hash": "0" * 64}, 409, who=two)
    done = await service.post(publish, {"hash": draft["hash"]}, 200, who=two)
    assert (done["state"], done["published_by"], done["version"]) == ("published", "two", 2)
    await service.post(publish, {"hash": draft["hash"]}, 409, who=two)
    policies = await service.get("/policies", on="2026-11-23")
    assert draft["hash"] in {one["hash"] for one in policies}
    await settle(service)
    assert (await service.get(f"/subjects/{bad['id']}"))["grade"] == "D"
    assert (await service.get(f"/subjects/{good['id']}"))["grade"] == "A"
    history = await service.get(f"/subjects/{bad['id']}/score/history")
    assert (history["items"][0]["policy_id"], history["items"][0]["cause"]) == ("shanxi-agency", "card")
    now = await service.get(f"/subjects/{bad['id']}/score")
    assert now["result"]["policy"]["id"] == "shanxi-agency"
    assert now["result"]["known_at"] == done["published_at"]

    again = await service.http.get(
        f"/api/v1/credit/subjects/{bad['id']}/score", params={"known_at": known_at}, headers=service.who()
    )
    assert again.json()["result"] == before.json()["result"]
    assert again.json()["result_hash"] == before.json()["result_hash"]
    await service.post(f"/scorecards/{draft['id']}/withdrawal", {"reason": "不再需要此版本"}, 409, who=two)
    fact = await service.fact(good, "PENALTY_SUSPENSION", "2026-06-01")
    assert fact and (await service.get(f"/subjects/{good['id']}"))["grade"] == "D"


async def moved_by(
    service: Service, draft: dict[str, Any], run: dict[str, Any], who: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """What a simulation changes, by subject."""
    path = f"/scorecards/{draft['id']}/simulations/{run['run']['id']}/changes"
    found, cursor = {}, None
    while True:
        page = await service.get(path, who=who, limit=100, **({"cursor": cursor} if cursor else {}))
        found |= {one["result"]["subject_id"]: one for one in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def test_a_simulation_grades_whom_the_draft_would_grade_on_its_first_day(service: Service) -> None:
    """Whom a nearer card grades is left out; old and new card are compared on the draft's first day."""
    one, two = policy(service, "one"), policy(service, "two")
    near, far = await service.subject(region="140702"), await service.subject(region="140802")
    for made in (near, far):
        await service.fact(made, "PENALTY_SUSPENSION", "2023-12-01")
    own = await service.post("/scorecards", card(id="jinzhong-agency", region="140700"), who=one)
    body = {"hash": own["hash"], "waiver": "仅供试验，无须模拟"}
    await service.post(f"/scorecards/{own['id']}/publication", body, 200, who=two)
    await settle(service)
    edges = [band | ({"min": 95} if band["grade"] == "A" else {}) for band in SAMPLE["bands"]]
    edges = [band | ({"max": 95} if band["grade"] == "B" else {}) for band in edges]
    later = {"id": "shanxi-later", "base": 94, "bands": edges}
    draft = await service.post("/scorecards", card(**later, effective_from="2026-12-20"), who=one)
    part = await simulated(service, draft, one, region="140800", kinds=["travel_agency"])
    assert (part["run"]["valid_at"], part["run"]["total"]) == ("2026-12-20", part["figures"]["subjects"])
    publication = {"hash": draft["hash"]}
    refused = await service.post(f"/scorecards/{draft['id']}/publication", publication, 409, who=two)
    assert refused["type"].endswith("not-simulated") and refused["simulated_hash"] is None
    whole = await simulated(service, draft, one)
    moved = await moved_by(service, draft, whole, one)
    assert near["id"] not in moved
    change = moved[far["id"]]
    told = change["result"]
    assert (told["score_before"], told["grade_before"]) == (100, "A"), "the suspension is over by then"
    assert (told["score"], told["grade"], change["rules"]) == (94, "B", [])
    assert change["parts"] == [
        {"part": "base", "name": "", "before": "100", "after": "94"},
        {"part": "band", "name": "A", "before": "[90, ∞)", "after": "[95, ∞)"},
        {"part": "band", "name": "B", "before": "[75, 90)", "after": "[75, 95)"},
    ]
    assert "起始分：100 → 94" in change["explanation"]
    subjects = await service.get("/subjects", region="140700", kind="travel_agency")
    assert subjects["items"] and not {one["id"] for one in subjects["items"]} & moved.keys()
    city = await simulated(service, draft, one, region="140700")
    assert city["figures"]["subjects"] == 0


async def test_a_new_version_of_a_risk_card_is_compared_with_the_version_before(service: Service) -> None:
    one, two = policy(service, "one"), policy(service, "two")
    risk = next(
        card for card in service.app.state.env.rulebook.scorecards if card.id == "ningxia-risk-1000"
    ).content
    firm = await service.subject(region="140902")
    await service.fact(firm, "PENALTY_FINE_LARGE", "2026-10-01", payload={"amount_fen": 6_000_000})
    await service.fact(firm, "VALID_COMPLAINT", "2026-10-02")
    common = {"id": "shanxi-risk", "region": "140000", "effective_from": "2026-11-23"}
    first = await service.post("/scorecards", risk | common | {"version": "1"}, who=one)
    body = {"hash": first["hash"], "waiver": "仅供试验，无须模拟"}
    await service.post(f"/scorecards/{first['id']}/publication", body, 200, who=two)
    rules = [rule | ({"points": 11} if rule["id"] == "NX-COMPLAINT" else {}) for rule in risk["rules"]]
    new = {"version": "2", "rules": rules, "effective_from": "2026-12-01"}
    draft = await service.post("/scorecards", risk | common | new, who=one)
    found = await simulated(service, draft, one, region="140902")
    assert (found["figures"]["changed"], found["figures"]["mean_before"]) == (1, 110)
    [change] = (await moved_by(service, draft, found, one)).values()
    assert change["scorecard_before"] == "shanxi-risk 1"
    assert (change["result"]["score_before"], change["result"]["score"]) == (110, 111)
    assert (change["result"]["grade_before"], change["result"]["grade"]) == ("A", "A")
    assert change["rules"] == [{"rule": "NX-COMPLAINT", "before": 10, "after": 11}]


async def test_a_version_of_the_future_takes_effect_on_its_day(service: Service) -> None:
    one, two = policy(service, "one"), policy(service, "two")
    subject = await service.subject(region="140213")
    await service.fact(subject, "PENALTY_WARNING", "2026-11-01")
    start = card(id="datong-agency", region="140200", version="1", effective_from="2026-12-01", base=70)
    past = await service.post("/scorecards", start | {"effective_from": "2026-11-01"}, who=one)
    publication = {"hash": past["hash"], "waiver": "仅供试验，无须模拟"}
    refused = await service.post(f"/scorecards/{past['id']}/publication", publication, 409, who=two)
    assert refused["clash"] == "past"
    given_up = await service.post(
        f"/scorecards/{past['id']}/withdrawal", {"reason": "生效日期有误"}, 200, who=one
    )
    assert given_up["state"] == "withdrawn"

    async def published(document: dict[str, Any], expect: int = 200) -> dict[str, Any]:
        draft = await service.post("/scorecards", document, who=one)
        body = {"hash": draft["hash"], "waiver": "仅供试验，无须模拟"}
        answer: dict[str, Any] = await service.post(
            f"/scorecards/{draft['id']}/publication", body, expect, who=two
        )
        return answer

    first = await published(start)
    await settle(service)
    seen = await service.get(f"/subjects/{subject['id']}")
    assert (seen["grade"], seen["next_change_on"]) == ("A", "2026-12-01")
    known_at = (await service.get(f"/subjects/{subject['id']}/score"))["result"]["known_at"]
    for clash, rival in (
        ("version", start | {"effective_from": "2026-12-02"}),
        ("first_day", start | {"version": "2"}),
        ("kind", start | {"id": "other-agency"}),
    ):
        assert (await published(rival, 409))["clash"] == clash
    mild = await published(start | {"version": "2", "effective_from": "2026-12-10", "base": 95})
    back = {"reason": "另行研究决定"}
    for barred in (one, two):
        alone = await service.post(f"/scorecards/{mild['id']}/withdrawal", back, 409, who=barred)
        assert alone["type"] == "/problems/second-person-needed", "its author; who published it"
    three = policy(service, "three")
    gone = await service.post(f"/scorecards/{mild['id']}/withdrawal", back, 200, who=three)
    assert gone["state"] == "withdrawn"
    await settle(service)
    answer = await service.get(f"/subjects/{subject['id']}/score", known_at=known_at)
    assert answer["result"]["next_change"] == {"on": "2026-12-01", "score": 68, "grade": "C"}
    try:
        service.at(datetime.fromisoformat("2026-12-01T09:00:00+08:00"))
        await settle(service)
        assert (await service.get(f"/subjects/{subject['id']}"))["grade"] == "C"
        history = await service.get(f"/subjects/{subject['id']}/score/history")
        assert history["items"][0]["policy_id"] == "datong-agency"
        assert (await service.get(f"/scorecards/{first['id']}"))["state"] == "published"
    finally:
        service.at(START + timedelta(hours=1))


async def test_other_cards_are_asked_for_by_id(service: Service) -> None:
    within = {"000000": "140105", "140000": "140105", "140200": "140213", "141000": "141002"}
    others = [
        (wanted.id, within[wanted.region])
        for wanted in service.app.state.env.rulebook.scorecards
        if "travel_agency" in wanted.kinds and wanted.use != "grade" and wanted.region in within
    ]
    assert others
    for card_id, region in others:
        subject = await service.subject(region=region)
        answer = await service.get(f"/subjects/{subject['id']}/score", scorecard=card_id)
        assert answer["result"]["policy"]["id"] == card_id
    await service.get(f"/subjects/{subject['id']}/score", 404, scorecard="no-such-card")


async def test_a_reader_of_another_region_sees_published_cards_only(service: Service) -> None:
    one = policy(service, "one")
    draft = await service.post("/scorecards", card(id="hidden"), who=one)
    other = service.who("650000", scopes=POLICY, sub="far")
    await service.get(f"/scorecards/{draft['id']}", 404, who=other)
    await service.post("/scorecards", card(id="far"), 404, who=other)
    shown = await service.get("/scorecards", who=other)
    assert all(item["state"] == "published" for item in shown["items"])


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"id": "../x"}, "/id"),
        ({"version": "-1"}, "/version"),
        ({"effective_from": "9999-12-31"}, "/effective_from"),
        ({"rules": [], "vetoes": [], "figures": {}, "prerequisites": []}, "/rules"),
        ({"status": "perhaps"}, "/status"),
    ],
)
async def test_what_is_wrong_with_a_card_is_named(
    service: Service, fields: dict[str, Any], pointer: str
) -> None:
    wrong = await service.post("/scorecards", card() | fields, 422, who=policy(service, "one"))
    assert pointer in [one["pointer"] for one in wrong["errors"]], wrong
