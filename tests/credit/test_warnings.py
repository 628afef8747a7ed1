"""Warnings over the API: raised once, worked off within clocks, swept by night, rules of two people."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from common.db import new_id
from credit.affected import Affected
from credit.listings.models import Listing
from credit.rounds import do_round
from credit.warnings.service import WarningService

from .conftest import START, Service
from .test_intake import alert, penalty, take

WRITER = ["credit:read", "credit:policy"]


@pytest.fixture
async def clock(service: Service) -> AsyncIterator[Any]:
    """Moves the clock on by days, and back when the test is over."""
    yield lambda days: service.at(START + timedelta(days=days))
    service.at(START)


async def settle(service: Service) -> None:
    for _ in range(20):
        if not await do_round(service.app.state.db, service.app.state.env):
            return


async def of(service: Service, subject: dict[str, Any], **filters: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await service.get("/warnings", subject_id=subject["id"], **filters))[
        "items"
    ]
    return items


async def test_complaints_in_a_window_warn_at_once_and_once(service: Service) -> None:
    made = await service.subject()
    for day in ("2026-09-01", "2026-10-01"):
        await service.fact(made, "VALID_COMPLAINT", day)
    assert await of(service, made, rule="W-COMPLAINTS") == []
    last = await service.fact(made, "VALID_COMPLAINT", "2026-11-01")
    [warning] = await of(service, made, rule="W-COMPLAINTS")
    assert (warning["kind"], warning["details"]["count"], len(warning["details"]["facts"])) == ("clue", 3, 3)
    assert last["id"] in warning["details"]["facts"]
    assert [(one["act"], one["due_on"], one["provisional"]) for one in warning["deadlines"]] == [
        ("acknowledge", "2026-11-30", False),
        ("resolve", "2027-01-04", True),
    ], "only the day in the year without a notice is provisional"
    await service.fact(made, "VALID_COMPLAINT", "2026-11-02")
    [again] = await of(service, made, rule="W-COMPLAINTS")
    assert (again["id"], len(again["sources"])) == (warning["id"], 2)
    path = f"/warnings/{warning['id']}"
    await service.post(f"{path}/acknowledge", {"note": "已知悉"}, 200)
    await service.post(f"{path}/resolve", {"outcome": "false_alarm", "note": "重复投诉"}, 200)
    await settle(service)
    assert len(await of(service, made, rule="W-COMPLAINTS")) == 1, "nothing new, so nothing is raised again"
    await service.fact(made, "VALID_COMPLAINT", "2026-11-03")
    assert len(await of(service, made, rule="W-COMPLAINTS")) == 2
    async with service.app.state.db.session() as session:
        found = await WarningService(session, service.app.state.env).affected_by(
            made["id"], last["id"], START - timedelta(days=1)
        )
    assert all(isinstance(one, Affected) and one.kind == "warning" for one in found)
    assert len([one for one in found if "W-COMPLAINTS" in one.what.en]) == 2, "and maybe a rise"


async def test_counters_raise_proposals_and_never_list(service: Service) -> None:
    made = await service.subject()
    await take(service, "penalty_decided", penalty(made["key"], f"CF-{uuid4()}", amount_fen=9_000_000))
    assert await of(service, made, kind="proposal") == []
    second = penalty(made["key"], f"CF-{uuid4()}", amount_fen=9_000_000, decided_on="2025-11-21")
    await take(service, "penalty_decided", second)
    [proposal] = await of(service, made, kind="proposal")
    assert (proposal["rule"], proposal["proposes"]) == (
        "P-MIN-5",
        {"what": "listing", "on_list": "slight", "condition": "MIN-5"},
    )
    codes = {one["code"] for one in (await service.get(f"/subjects/{made['id']}/facts"))["items"]}
    assert codes == {"PENALTY_FINE_LARGE"}
    path = f"/warnings/{proposal['id']}"
    body = {"note": "两次较大数额罚款，造成不良影响"}
    assert (await service.post(f"{path}/acceptance", body, 409))["allowed"] == ["acknowledge"]
    await service.post(f"{path}/acknowledge", {"note": "已知悉"}, 200)
    await service.post(f"{path}/acceptance", body | {"condition": "MIN-9"}, 422)
    accepted = await service.post(f"{path}/acceptance", body, 200)
    assert accepted["warning"]["outcome"] == "confirmed" and accepted["listing_number"]
    listing = await service.get(f"/listings/{accepted['listing_id']}")
    assert listing["state"] == "draft"
    await service.post(f"{path}/acceptance", body, 409)


async def test_three_slight_listings_within_a_year_propose_the_serious_list(service: Service) -> None:
    made = await service.subject()
    for day in ("2025-11-23", "2026-04-01", "2026-11-23"):
        assert await of(service, made, rule="P-ESC-1") == []
        await service.by_room(made, "SLIGHT_LISTED", day, payload={"condition": "MIN-4"})
    [proposal] = await of(service, made, rule="P-ESC-1")
    assert proposal["proposes"]["condition"] == "ESC-1"


def by(authority: str, reference: str, kind: str = "other") -> dict[str, Any]:
    return {"source": {"kind": kind, "authority": authority, "reference": reference}}


async def test_only_fines_of_culture_and_tourism_authorities_count(service: Service) -> None:
    made = await service.subject()
    payload = {"payload": {"amount_fen": 9_000_000}}
    for number, day in enumerate(("2026-08-01", "2026-09-01")):
        said = by("小店区市场监督管理局（演示）", f"SJ-{uuid4()}-{number}")
        await service.fact(made, "PENALTY_FINE_LARGE", day, **payload, **said)
    own = by("小店区文化和旅游局（演示）", f"WL-{uuid4()}")
    await service.fact(made, "PENALTY_FINE_LARGE", "2026-10-01", **payload, **own)
    assert await of(service, made, rule="P-MIN-5") == []
    squad = by("太原市文化市场综合行政执法队（演示）", f"ZF-{uuid4()}")
    await service.fact(made, "PENALTY_FINE_LARGE", "2026-11-01", **payload, **squad)
    [proposal] = await of(service, made, rule="P-MIN-5")
    assert proposal["details"]["count"] == 2


async def test_a_restored_listing_counts_once_and_an_undone_one_never(service: Service) -> None:
    made = await service.subject()
    lifted, undone, *more = (f"MD-COUNT-{uuid4()}"[:30] for _ in range(4))
    async with service.app.state.db.session() as session:
        session.add(
            Listing(
                id=new_id(),
                number=undone,
                subject_id=UUID(made["id"]),
                authority_region="140100",
                on_list="slight",
                condition="MIN-2",
                condition_version="1",
                condition_region="000000",
                role="self",
                state="removed",
                based_on=[],
                opened_by="officer",
                opened_on=date(2026, 4, 1),
                listed_on=date(2026, 5, 1),
                removal="revoked",
                annulled=True,
                removed_on=date(2026, 6, 1),
                created_at=START,
            )
        )
    days = ("2026-02-01", "2026-07-01", "2026-05-01", "2026-08-01", "2026-11-01")
    for day, number in zip(days, (lifted, f"{lifted}#5", undone, *more), strict=True):
        assert await of(service, made, rule="P-ESC-1") == []
        said = by("太原市文化和旅游局（演示）", number, "listing")
        await service.by_room(made, "SLIGHT_LISTED", day, payload={"condition": "MIN-2"}, **said)
    [proposal] = await of(service, made, rule="P-ESC-1")
    assert (proposal["details"]["count"], proposal["details"]["first_on"]) == (3, "2026-02-01")


async def test_a_refused_inspection_and_many_alerts_warn_at_once(service: Service) -> None:
    made = await service.subject()
    await service.by_room(made, "INSPECTION_REFUSED", "2026-11-20")
    assert len(await of(service, made, rule="W-REFUSED-INSPECTION")) == 1
    for _ in range(3):
        await take(service, "price_alert_raised", alert(made["key"]))
    assert len(await of(service, made, rule="W-PRICE-ALERT")) == 3
    [many] = await of(service, made, rule="W-PRICE-ALERTS")
    assert many["details"]["count"] == 3


async def test_an_invitation_is_a_paper_and_has_its_day(service: Service, clock: Any) -> None:
    made = await service.subject()
    await service.by_room(made, "INSPECTION_REFUSED", "2026-11-20")
    [warning] = await of(service, made, rule="W-REFUSED-INSPECTION")
    path = f"/warnings/{warning['id']}"
    await service.post(f"{path}/interview", {"note": "请到场", "invite_for": "2026-11-27"}, 409)
    await service.post(f"{path}/acknowledge", {"note": "已知悉"}, 200)
    await service.post(f"{path}/interview", {"note": "请到场", "invite_for": "2026-11-23"}, 422)
    await service.post(f"{path}/interview", {"note": "谈过", "held_on": "2026-11-24"}, 422)
    both = {"note": "谈过", "held_on": "2026-11-23", "invite_for": "2026-11-27"}
    await service.post(f"{path}/interview", both, 422)
    invited = await service.post(f"{path}/interview", {"note": "请到场", "invite_for": "2026-11-27"}, 200)
    assert (invited["state"], invited["acts"][-1]["day"]) == ("invited", "2026-11-27")
    paper = await service.get(f"/papers/{invited['acts'][-1]['paper_id']}")
    assert paper["kind"] == "warning_invitation" and paper["number"]
    clock(4)
    held = await service.post(
        f"{path}/interview", {"note": "负责人到场，承诺配合", "held_on": "2026-11-27"}, 200
    )
    assert held["state"] == "interviewed"
    assert {one["act"]: one["done"] for one in held["deadlines"]} == {
        "acknowledge": True,
        "interview": True,
        "resolve": False,
    }


async def test_what_nobody_deals_with_goes_to_the_next_level_once(service: Service, clock: Any) -> None:
    made = await service.subject()
    await service.by_room(made, "INSPECTION_REFUSED", "2026-11-20")
    clock(3)
    [warning] = await of(service, made, rule="W-REFUSED-INSPECTION")
    assert (warning["overdue"], warning["escalated_to"]) == (True, None)
    assert len(await of(service, made, overdue=True)) == 1 and await of(service, made, escalated=True) == []
    await settle(service)
    await settle(service)
    [after] = await of(service, made, escalated=True)
    assert after["escalated_to"] == "140100"
    assert [one["act"] for one in after["acts"]] == ["escalate"]
    assert len(await of(service, made, due_before="2026-11-26")) == 1
    assert await of(service, made, due_before="2026-11-25") == []
    assert await of(service, made, region="140200") == []


async def test_the_night_finds_what_ends_soon(service: Service, clock: Any) -> None:
    made = await service.subject(licensed_on="2024-01-01", license_expires_on="2027-01-10")
    clock(30)
    await settle(service)
    [warning] = await of(service, made, rule="W-LICENCE-DUE")
    assert (warning["details"]["due_on"], warning["details"]["what"]) == ("2027-01-10", "licence")
    clock(31)
    await settle(service)
    assert len(await of(service, made, rule="W-LICENCE-DUE")) == 1


async def test_what_is_over_already_is_warned_of_once_too(service: Service, clock: Any) -> None:
    """Imported after its last day, or over while no sweep ran; not of whoever left business."""
    over = {"licensed_on": "2020-01-01", "license_expires_on": "2026-08-31"}
    late, gone = await service.subject(**over), await service.subject(**over)
    changed = await service.http.patch(
        f"/api/v1/credit/subjects/{gone['id']}",
        json={"status": "closed"},
        headers=service.who() | {"If-Match": f'"{gone["version"]}"'},
    )
    assert changed.status_code == 200, changed.text
    clock(33)
    await settle(service)
    [warning] = await of(service, late, rule="W-LICENCE-DUE")
    assert warning["details"]["due_on"] == "2026-08-31"
    path = f"/warnings/{warning['id']}"
    await service.post(f"{path}/acknowledge", {"note": "已知悉"}, 200)
    await service.post(f"{path}/resolve", {"outcome": "confirmed", "note": "已责令办理"}, 200)
    clock(34)
    await settle(service)
    assert len(await of(service, late, rule="W-LICENCE-DUE")) == 1
    assert await of(service, gone, rule="W-LICENCE-DUE") == []


async def test_the_first_night_of_a_month_finds_an_unusual_rise_and_no_season(
    service: Service, clock: Any
) -> None:
    """Eight peers have a complaint a quarter; one gets sixteen more in the last one."""
    quiet = [
        await service.subject(kind="star_hotel", region="140300", key=service.key("140300")) for _ in range(8)
    ]
    for number, one in enumerate(quiet):
        for month in (4, 7, 10):
            await service.fact(one, "VALID_COMPLAINT", f"2026-{month:02d}-{number + 1:02d}")
    loud = quiet[5]
    for day in range(2, 18):
        await service.fact(loud, "VALID_COMPLAINT", f"2026-11-{day:02d}")
    clock(39)
    await settle(service)
    found = (await service.get("/warnings", rule="W-COMPLAINT-RISE", region="140300"))["items"]
    assert [one["subject_id"] for one in found] == [loud["id"]]
    details = found[0]["details"]
    assert (details["recent"], details["past"], details["peers"]) == (17, 2, 7) and float(details["p"]) < 0.02
    assert "Fisher" in details["test"] and (details["q"], details["q_of_look"]) == ("0.1", "0.0333")
    assert details["p"] == max(details["p_own"], details["p_peers"], key=float) and details["look"] == "month"
    next_one = quiet[2]
    for day in range(10, 30):
        await service.fact(next_one, "VALID_COMPLAINT", f"2026-12-{day}")
    for days, more in ((40, 1), (69, 1), (70, 2)):
        clock(days)
        await settle(service)
        found = (await service.get("/warnings", rule="W-COMPLAINT-RISE", region="140300"))["items"]
        assert len({one["subject_id"] for one in found}) == more, (
            "each further look is one more chance to err"
        )


def rule(**fields: Any) -> dict[str, Any]:
    body = {
        "trigger": "facts_in_window",
        "codes": ["PENALTY_WARNING"],
        "months": 6,
        "at_least": 2,
        "when": "count >= 2",
        "severity": "low",
        "acknowledge_within_working_days": 5,
        "name": {"zh": "短期内两次警告", "en": "Two warnings in a short time"},
        "advice": {"zh": "了解原因", "en": "Find out why"},
    }
    head = {"id": "W-TWO-WARNINGS", "effective_from": "2026-11-23", "legal_basis": ["样例规则"]}
    return head | {"body": body | fields.pop("body", {})} | fields


async def test_a_rule_is_written_by_one_and_activated_by_another(service: Service) -> None:
    made = await service.subject()
    for day in ("2026-10-01", "2026-11-01"):
        await service.fact(made, "PENALTY_WARNING", day)
    admin, admin2 = service.who(scopes=WRITER, sub="admin"), service.who(scopes=WRITER, sub="admin2")

    async def put(body: dict[str, Any], expect: int = 200) -> Any:
        answer = await service.http.put("/api/v1/credit/warning-rules", json=body, headers=admin)
        assert answer.status_code == expect, answer.text
        return answer.json()

    for wrong in (
        {"when": "cout > 2"},
        {"months": None},
        {"trigger": "astrology"},
        {"when": "ratio < 0.5"},
        {"x": 1},
    ):
        refused = await put(rule(body=wrong), 422)
        assert refused["errors"][0]["pointer"] == "/body"
    unknown = await put(rule(body={"codes": ["PENALTY_WARNING", "NOPE"]}), 422)
    assert [one["pointer"] for one in unknown["errors"]] == ["/body/codes"]
    await put(rule(effective_from="2026-11-22"), 422)
    await put(rule(id="w"), 422)
    elsewhere = service.who("140200", scopes=WRITER, sub="elsewhere")
    answer = await service.http.put(
        "/api/v1/credit/warning-rules", json=rule(id="W-ELSEWHERE"), headers=elsewhere
    )
    assert answer.json()["would_warn_today"] == 0, "figures end at one's regions"
    written = await put(rule())
    assert (written["active"], written["author"], written["would_warn_today"]) == (False, "admin", 1)
    assert await of(service, made, rule="W-TWO-WARNINGS") == []
    path = "/warning-rules/W-TWO-WARNINGS/activation"
    await service.post(path, {"version": written["version"]}, 409, admin)
    await service.post(path, {"version": "api-9"}, 404, admin2)
    active = await service.post(path, {"version": written["version"]}, 200, admin2)
    assert (active["active"], active["activated_by"]) == (True, "admin2")
    await service.post(path, {"version": written["version"]}, 409, admin2)
    await service.fact(made, "PENALTY_WARNING", "2026-11-20")
    [warning] = await of(service, made, rule="W-TWO-WARNINGS")
    assert (warning["rule_version"], warning["name"]) == ("api-1", "短期内两次警告")
    stricter = await put(rule(body={"at_least": 9}))
    assert (stricter["version"], stricter["would_warn_today"]) == ("api-2", 0)
    shown = await service.get("/warning-rules", on="2026-11-23")
    assert [one["version"] for one in shown if one["id"] == "W-TWO-WARNINGS"] == ["api-1"]
    assert (await of(service, made, rule="W-TWO-WARNINGS"))[0]["rule_version"] == "api-1"


async def test_a_rule_is_written_and_activated_for_ones_own_regions_only(service: Service) -> None:
    url = "/api/v1/credit/warning-rules"
    city = service.who("140100", scopes=WRITER, sub="city")
    city2 = service.who("140100", scopes=WRITER, sub="city-2")
    other = service.who("140200", scopes=WRITER, sub="other")
    for region in ("000000", "140000", "140200"):
        wide = await service.http.put(url, json=rule(id="W-OWN-REGION", region=region), headers=city)
        assert (wide.status_code, wide.json()["type"]) == (404, "/problems/warning-rule-not-found"), region
    two = service.who("140100", "140200", scopes=WRITER, sub="two")
    unsaid = await service.http.put(url, json=rule(id="W-OWN-REGION"), headers=two)
    assert [one["pointer"] for one in unsaid.json()["errors"]] == ["/region"]
    answer = await service.http.put(url, json=rule(id="W-OWN-REGION"), headers=city)
    written = answer.json()
    assert (answer.status_code, written["region"]) == (200, "140100")
    path, wanted = (
        "/warning-rules/W-OWN-REGION/activation",
        {"version": written["version"], "region": "140100"},
    )

    async def shown(who: dict[str, str]) -> int:
        rules = await service.get("/warning-rules", who=who)
        return len([one for one in rules if one["id"] == "W-OWN-REGION"])

    assert (await shown(city2), await shown(other)) == (1, 0)
    await service.post(path, wanted, 404, other)
    assert (await service.post(path, wanted, 200, city2))["active"] is True
    assert await shown(other) == 1


async def test_the_precision_of_a_rule_is_shown(service: Service) -> None:
    before = (await service.get("/warning-rules/W-DEPOSIT-SHORT/precision"))["total"]
    assert (before["raised"], before["precision"]) == (0, None)
    for outcome in ("confirmed", "confirmed", "false_alarm", "handed_over", None):
        made = await service.subject()
        await service.by_room(made, "LIABILITY_INSURANCE_MISSING", "2026-11-01")
        [warning] = await of(service, made, rule="W-DEPOSIT-SHORT")
        if outcome:
            await service.post(f"/warnings/{warning['id']}/acknowledge", {"note": "已知悉"}, 200)
            body = {"outcome": outcome, "note": "处置完毕"}
            await service.post(f"/warnings/{warning['id']}/resolve", body, 200)
    found = await service.get("/warning-rules/W-DEPOSIT-SHORT/precision")
    total = found["total"]
    assert (total["raised"], total["resolved"], total["confirmed"], total["handed_over"]) == (5, 4, 2, 1)
    assert (total["precision"], total["low"], total["high"]) == (0.6667, 0.2077, 0.9385)
    assert [one["year"] for one in found["years"]] == [2026]
    await service.get("/warning-rules/W-NONE/precision", 404)
    none = await service.get("/warning-rules/W-DEPOSIT-SHORT/precision", who=service.who("110000"))
    assert none["total"]["raised"] == 0
