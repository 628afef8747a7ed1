"""The quality deposit and liability cover over HTTP: the reckoning, its clocks and facts, what secures it."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any
from uuid import UUID

import pytest
from common.calendar import add_working_days
from common.policies import PolicySet
from credit.deposits import repository
from credit.deposits.policy import DepositOverlay
from credit.deposits.repository import DepositRepository, DuePlace
from credit.deposits.rules import DemandCause, top_up_due
from credit.policies import FOLDER
from credit.rounds import do_round
from credit.rulebook.rules import Rulebook
from credit.subjects.models import Subject
from sqlmodel import col

from .cases import BOOK
from .conftest import START, Service

YUAN = 100
LONGER = """
- id: longer-top-up-taiyuan
  version: 1
  effective_from: 2026-11-01
  effective_to: 2026-11-15
  region: "140100"
  status: sample
  legal_basis: [虚构的延长补足期限通知]
  kind: longer_top_up
  working_days: 20
"""


def book_with(folder: Path, overlay: str) -> Rulebook:
    """The shipped policies with one more regional rule in their folder."""
    copied = Path(copytree(FOLDER, folder / "policies"))
    with (copied / "deposit-overlays.yaml").open("a", encoding="utf-8") as file:
        file.write(overlay)
    return Rulebook.load(copied)


async def agency(service: Service, **fields: Any) -> tuple[dict[str, Any], str]:
    made = await service.subject(**{"business_scope": ["domestic", "inbound"]} | fields)
    return made, f"/subjects/{made['id']}"


def line(kind: str, day: str, yuan: int = 0, **fields: Any) -> dict[str, Any]:
    body = {"kind": kind, "occurred_on": day} | fields
    return body | ({"amount_fen": yuan * YUAN} if yuan else {})


def notice(number: str, yuan: int, day: str, cause: str = "compensation_used") -> dict[str, Any]:
    return {
        "document_no": number,
        "authority": "演示机关",
        "cause": cause,
        "amount_fen": yuan * YUAN,
        "notified_on": day,
    }


async def codes(service: Service, path: str) -> list[tuple[str, str]]:
    facts = (await service.get(f"{path}/facts"))["items"]
    return sorted((one["code"], one["occurred_on"]) for one in facts if one["standing"])


async def turns(service: Service) -> None:
    """Two processes making their rounds at once."""
    await asyncio.gather(*(do_round(service.app.state.db, service.app.state.env) for _ in range(2)))


@pytest.mark.parametrize(
    ("region", "notified_on", "days"),
    [
        ("140105", "2026-11-02", 20),
        ("140100", "2026-11-15", 20),
        ("140100", "2026-10-30", 5),
        ("140100", "2026-11-16", 5),
        ("140200", "2026-11-02", 5),
    ],
)
def test_a_dated_file_of_a_region_gives_longer_there_and_then_only(
    tmp_path: Path, region: str, notified_on: str, days: int
) -> None:
    day, file = date.fromisoformat(notified_on), tmp_path / "deposit-overlays.yaml"
    file.write_text((FOLDER / file.name).read_text(encoding="utf-8") + LONGER, encoding="utf-8")
    laid = PolicySet.load(file, DepositOverlay).in_force(on=day, region=region)
    policy = BOOK.deposits.choose("deposits", on=day)
    due = top_up_due(policy, laid, DemandCause.COMPENSATION_USED, day)
    assert due.due_on == add_working_days(day, days).due_on


async def test_a_demand_says_by_which_regional_rule_its_last_day_was_counted(
    service: Service, tmp_path: Path
) -> None:
    _, path = await agency(service)
    usual = await service.post(f"{path}/deposit/demands", notice("BZ-1", 50_000, "2026-11-10"))
    env = service.app.state.env
    service.app.state.env = replace(env, rulebook=book_with(tmp_path, LONGER))
    try:
        longer = await service.post(f"{path}/deposit/demands", notice("BZ-2", 50_000, "2026-11-10"))
    finally:
        service.app.state.env = env
    assert (usual["due_on"], longer["due_on"]) == ("2026-11-17", "2026-12-08")
    [step] = usual["due_steps"]
    assert (step["status"], "第十八条" in step["legal_basis"][0]) == ("verified", True)
    [step] = (await service.get(f"{path}/deposit/demands"))["items"][1]["due_steps"]
    assert (step["status"], step["legal_basis"]) == ("sample", ["虚构的延长补足期限通知"])


@pytest.mark.parametrize(
    ("said", "harm", "counts"),
    [
        ({}, "not_stated", True),
        ({"harmed_tourists": True}, "tourists", True),
        ({"harmed_tourists": False}, "others", False),
    ],
)
async def test_a_fine_that_harmed_no_tourist_does_not_end_the_clean_years(
    service: Service, said: dict[str, bool], harm: str, counts: bool
) -> None:
    made, path = await agency(service)
    await service.post(f"{path}/deposit/entries", line("payment", "2019-06-05", 200_000))
    given = {"document_no": "JB-1", "authority": "演示机关", "effective_on": "2022-06-06"}
    await service.post(f"{path}/deposit/certificates", given)
    payload = {"amount_fen": 6_000_000, **said}
    fine = await service.fact(made, "PENALTY_FINE_LARGE", "2026-10-12", payload=payload)
    now = await service.get(f"{path}/deposit")
    assert now["penalties"] == [
        {
            "fact_id": fine["id"],
            "code": "PENALTY_FINE_LARGE",
            "occurred_on": "2026-10-12",
            "harm": harm,
            "counts": counts,
        }
    ]
    assert now["halving"]["since"] == ("2026-10-12" if counts else "2019-06-05")
    assert now["required_fen"] == (200_000 if counts else 100_000) * YUAN
    assert "未载明的从严计入" in now["policy"]["readings"]["harm"]


# Over HTTP.


async def test_the_reckoning_shows_every_step_and_the_branches(service: Service) -> None:
    made, path = await agency(service, business_scope=["domestic", "outbound"], licensed_on="2019-06-03")
    branch = await service.subject(kind="agency_branch", business_scope=["domestic", "outbound"])
    await service.post(
        f"/subjects/{branch['id']}/relations",
        {"kind": "branch_of", "to": made["id"], "starts_on": "2022-01-04"},
    )
    await service.post(f"{path}/deposit/entries", line("payment", "2019-06-05", 1_400_000))
    await service.post(f"{path}/deposit/entries", line("addition", "2022-01-05", 350_000))
    now = await service.get(f"{path}/deposit")
    assert (now["required_fen"], now["secured_fen"], now["shortfall_fen"]) == (1_750_000 * YUAN,) * 2 + (0,)
    assert [step["code"] for step in now["steps"]] == ["base", "outbound", "branch_both"]
    assert now["halving"] == {"since": "2019-06-05", "because": "payment", "eligible_on": "2022-06-06"}
    assert now["first_payment_due_on"] == "2019-06-06"
    before = await service.get(f"{path}/deposit", on="2021-12-31")
    assert before["required_fen"] == 1_400_000 * YUAN
    early = {"document_no": "JB-1", "authority": "演示机关", "effective_on": "2022-06-05"}
    refused = await service.post(f"{path}/deposit/certificates", early, 409)
    assert refused["eligible_on"] == "2022-06-06"
    given = early | {"effective_on": "2022-06-06"}
    made_one = await service.post(f"{path}/deposit/certificates", given)
    assert (await service.post(f"{path}/deposit/certificates", given))["id"] == made_one["id"]
    assert (await service.get(f"{path}/deposit"))["required_fen"] == 875_000 * YUAN
    await service.post(f"{path}/deposit/entries", line("refund", "2022-07-01", 875_000))
    assert (await service.get(f"{path}/deposit"))["shortfall_fen"] == 0
    await service.fact(made, "PENALTY_FINE_LARGE", "2026-10-12", payload={"amount_fen": 6_000_000})
    fined = await service.get(f"{path}/deposit")
    assert (fined["required_fen"], fined["shortfall_fen"]) == (1_750_000 * YUAN, 875_000 * YUAN)
    assert fined["halving"]["eligible_on"] == "2029-10-13"
    assert (await service.get(f"{path}/deposit/certificates"))["items"][0]["in_force"] is False
    own = service.who("140000", kind="agency", subject_id=made["id"])
    assert (await service.get(f"{path}/deposit", who=own))["required_fen"] == 1_750_000 * YUAN
    await service.get(f"{path}/deposit", 404, service.who("140200"))
    await service.get(f"/subjects/{branch['id']}/deposit", 409)


async def test_an_unpaid_top_up_becomes_a_fact_the_day_after_once_and_payment_closes_it(
    service: Service,
) -> None:
    _, path = await agency(service)
    await service.post(f"{path}/deposit/entries", line("payment", "2024-01-03", 200_000))
    await service.post(f"{path}/deposit/entries", line("use", "2026-11-16", 50_000))
    demand = await service.post(f"{path}/deposit/demands", notice("BZ-1", 50_000, "2026-11-17"))
    assert (demand["due_on"], demand["state"]) == ("2026-11-24", "open")
    same = await service.post(f"{path}/deposit/demands", notice("BZ-1", 50_000, "2026-11-17"))
    assert same["id"] == demand["id"]
    await service.post(f"{path}/deposit/demands", notice("BZ-1", 60_000, "2026-11-17"), 409)
    try:
        service.at(START + timedelta(days=1))
        await turns(service)
        assert await codes(service, path) == []
        service.at(START + timedelta(days=2))
        await turns(service)
        assert await codes(service, path) == [("DEPOSIT_NOT_TOPPED_UP", "2026-11-25")]
        assert (await service.get(f"{path}/deposit/demands"))["items"][0]["state"] == "overdue"
        assert (await service.get(path))["score"] == 90
        service.at(START + timedelta(days=4))
        part = line("top_up", "2026-11-26", 20_000, demand_id=demand["id"])
        await service.post(f"{path}/deposit/entries", part)
        assert (await service.get(f"{path}/deposit"))["halving"]["because"] == "top_up_open"
        rest = line("top_up", "2026-11-27", 30_000, demand_id=demand["id"])
        wrong = await service.post(f"{path}/deposit/entries", rest)
        assert await codes(service, path) == [
            ("DEPOSIT_NOT_TOPPED_UP", "2026-11-25"),
            ("DEPOSIT_TOPPED_UP", "2026-11-27"),
        ]
        assert (await service.get(path))["score"] == 100
        assert (await service.get(f"{path}/deposit"))["halving"]["since"] == "2026-11-27"
        await service.post(f"{path}/deposit/entries", rest, 409)
        void = line("void", "2026-11-27", refers_to=wrong["id"], reason="重复入账")
        await service.post(f"{path}/deposit/entries", void)
        assert await codes(service, path) == [("DEPOSIT_NOT_TOPPED_UP", "2026-11-25")]
        early = line("top_up", "2026-11-24", 30_000, demand_id=demand["id"])
        await service.post(f"{path}/deposit/entries", early)
        assert (await service.get(f"{path}/deposit/demands"))["items"][0]["met_on"] == "2026-11-26"
        other = await service.post(f"{path}/deposit/demands", notice("BZ-2", 10_000, "2026-11-18"))
        why = {"reason": "误发"}
        drawn = await service.post(f"{path}/deposit/demands/{other['id']}/withdrawal", why, 200)
        assert drawn["state"] == "withdrawn"
        await service.post(f"{path}/deposit/demands/{other['id']}/withdrawal", why, 409)
    finally:
        service.at(START)
    assert len((await service.get(f"{path}/deposit/entries"))["items"]) == 6


async def test_a_payment_made_in_time_but_told_late_takes_the_fact_back(service: Service) -> None:
    _, path = await agency(service)
    await service.post(f"{path}/deposit/entries", line("payment", "2024-01-03", 200_000))
    demand = await service.post(f"{path}/deposit/demands", notice("BZ-9", 50_000, "2026-11-02"))
    await turns(service)
    assert await codes(service, path) == [("DEPOSIT_NOT_TOPPED_UP", "2026-11-10")]
    paid = line("top_up", "2026-11-09", 50_000, demand_id=demand["id"])
    await service.post(f"{path}/deposit/entries", paid)
    assert await codes(service, path) == [("DEPOSIT_TOPPED_UP", "2026-11-09")]


async def test_a_deposit_given_back_under_the_deferral_is_not_due_before_its_end(service: Service) -> None:
    _, path = await agency(service)
    await service.post(f"{path}/deposit/entries", line("payment", "2018-01-03", 200_000))
    back = line("refund", "2020-03-02", 160_000, deferral="deferral-2023")
    await service.post(f"{path}/deposit/entries", back | {"deferral": "deferral-1999"}, 422)
    await service.post(f"{path}/deposit/entries", back)
    then = await service.get(f"{path}/deposit", on="2024-03-31")
    assert (then["shortfall_fen"], then["due_shortfall_fen"]) == (160_000 * YUAN, 0)
    assert then["deferred"][0]["until"] == "2024-03-31"
    later = await service.get(f"{path}/deposit", on="2024-04-01")
    assert (later["due_shortfall_fen"], later["deferred"]) == (160_000 * YUAN, [])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (line("payment", "2026-01-05"), "/amount_fen"),
        (line("payment", "2026-01-05", 4_000_001), "/amount_fen"),
        (line("payment", "2027-01-05", 1), "/occurred_on"),
        (line("payment", "2026-01-05", 1, form="guarantee"), "/expires_on"),
        (line("payment", "2026-01-05", 1, expires_on="2027-01-05"), "/expires_on"),
        (line("top_up", "2026-01-05", 1), "/demand_id"),
        (line("release", "2026-01-05"), "/refers_to"),
        (line("void", "2026-01-05", refers_to="01900000-0000-7000-8000-000000000000"), "/reason"),
        (line("use", "2026-01-05", 1, form="insurance"), "/form"),
        (line("use", "2026-01-05", 1, refers_to="01900000-0000-7000-8000-000000000000"), "/refers_to"),
    ],
)
async def test_a_line_that_makes_no_sense_is_refused(
    service: Service, body: dict[str, Any], pointer: str
) -> None:
    _, path = await agency(service)
    problem = await service.post(f"{path}/deposit/entries", body, 422)
    assert [one["pointer"] for one in problem["errors"]] == [pointer]
    assert (await service.get(f"{path}/deposit/entries"))["items"] == []


async def test_insurance_needs_a_pilot_and_more_is_not_taken_than_there_is(service: Service) -> None:
    _, path = await agency(service)
    cover = line(
        "payment",
        "2021-01-05",
        200_000,
        form="insurance",
        expires_on="2027-01-04",
        institution="演示保险（虚构）",
        instrument_no="X-1",
    )
    await service.post(f"{path}/deposit/entries", cover, 409)
    made = await service.post(f"{path}/deposit/entries", cover | {"occurred_on": "2026-01-05"})
    assert (await service.get(f"{path}/deposit"))["instruments"][1]["state"] == "unconfirmed"
    await service.post(f"{path}/deposit/entries", line("confirmation", "2026-01-06", refers_to=made["id"]))
    assert (await service.get(f"{path}/deposit"))["shortfall_fen"] == 0
    use = line("use", "2026-02-02", 200_001, refers_to=made["id"])
    await service.post(f"{path}/deposit/entries", use, 409)
    await service.post(f"{path}/deposit/entries", line("use", "2026-02-02", 1), 409)
    answers = await asyncio.gather(
        *(
            service.http.post(
                f"/api/v1/credit{path}/deposit/entries",
                json=line("use", "2026-02-03", 150_000, refers_to=made["id"]),
                headers=service.who(),
            )
            for _ in range(3)
        )
    )
    assert sorted(one.status_code for one in answers) == [201, 409, 409]


async def test_missing_cover_is_told_on_its_day_and_taken_back_when_it_was_there(service: Service) -> None:
    _, path = await agency(service)

    def policy(number: str, first: str, last: str) -> dict[str, Any]:
        number = f"{path[-12:]}-{number}"
        return {
            "insurer": "演示保险（虚构）",
            "policy_no": number,
            "cover_fen": 200_000_00,
            "valid_from": first,
            "valid_to": last,
        }

    first = await service.post(f"{path}/liability-policies", policy("1", "2025-11-24", "2026-11-24"))
    assert first["covers"]
    again = await service.post(f"{path}/liability-policies", policy("1", "2025-11-24", "2026-11-24"))
    assert again["id"] == first["id"]
    await service.post(f"{path}/liability-policies", policy("1", "2025-11-24", "2026-11-25"), 409)
    await service.post(f"{path}/liability-policies", policy("2", "2025-11-24", "2025-11-23"), 422)
    try:
        service.at(START + timedelta(days=1))
        await turns(service)
        assert await codes(service, path) == []
        service.at(START + timedelta(days=3))
        await turns(service)
        assert await codes(service, path) == [("LIABILITY_INSURANCE_MISSING", "2026-11-25")]
        await service.post(f"{path}/liability-policies", policy("3", "2026-11-28", "2027-11-27"))
        service.at(START + timedelta(days=6))
        await turns(service)
        assert await codes(service, path) == [
            ("LIABILITY_INSURANCE_IN_PLACE", "2026-11-28"),
            ("LIABILITY_INSURANCE_MISSING", "2026-11-25"),
        ]
        await service.post(f"{path}/liability-policies", policy("4", "2026-11-25", "2026-11-27"))
        assert await codes(service, path) == []
        await service.post(
            f"{path}/liability-policies/{first['id']}/end", {"on": "2026-11-20", "reason": "退保"}, 200
        )
        assert await codes(service, path) == [
            ("LIABILITY_INSURANCE_IN_PLACE", "2026-11-25"),
            ("LIABILITY_INSURANCE_MISSING", "2026-11-21"),
        ]
        # The end was entered wrongly: the record never was, and its number is free for what is right.
        wrong = f"{path}/liability-policies/{first['id']}/end"
        await service.post(wrong, {"on": "2026-11-19", "reason": "再次退保"}, 409)
        undone = await service.post(wrong, {"on": "2025-11-23", "reason": "误录退保"}, 200)
        assert undone["end_reason"] == "退保；误录退保"
        await service.post(wrong, {"on": "2025-11-22", "reason": "重复"}, 409)
        right = await service.post(f"{path}/liability-policies", policy("1", "2025-11-24", "2026-11-24"))
        assert (right["id"] != first["id"], right["ended_on"]) == (True, None)
        assert await codes(service, path) == []
    finally:
        service.at(START)


async def test_an_agency_that_never_showed_a_policy_counts_after_its_grace(service: Service) -> None:
    """Found without on Friday the 20th, told on Monday the 23rd: five working days, to the 30th; then the
    sample card's 10 points."""
    made, path = await agency(service)
    body = {"document_no": "BX-1", "authority": "演示机关", "found_on": "2026-11-20"}
    found = await service.post(f"{path}/liability-findings", body)
    assert (found["due_on"], found["withdrawn_at"]) == ("2026-11-30", None)
    long_ago = body | {"document_no": "BX-0", "found_on": "2020-01-01"}
    told = await service.post(f"{path}/liability-findings", long_ago)
    assert told["due_on"] == "2026-11-30", "the days begin when it is told"
    gone = f"{path}/liability-findings/{told['id']}/withdrawal"
    await service.post(gone, {"reason": "误查他社"}, 200)
    assert (await service.post(f"{path}/liability-findings", body))["id"] == found["id"]
    await service.post(f"{path}/liability-findings", body | {"found_on": "2026-11-19"}, 409)
    await service.post(f"{path}/liability-findings", body | {"found_on": "2026-12-19"}, 422)
    await service.post(f"{path}/liability-findings", body, 404, service.who("650000"))
    withdrawal = f"{path}/liability-findings/{found['id']}/withdrawal"
    hotel = await service.subject(kind="star_hotel")
    await service.post(f"/subjects/{hotel['id']}/liability-findings", body, 409)
    try:
        service.at(START + timedelta(days=7))
        await turns(service)
        assert await codes(service, path) == []
        service.at(START + timedelta(days=8))
        await turns(service)
        assert await codes(service, path) == [("LIABILITY_INSURANCE_MISSING", "2026-12-01")]
        assert (await service.get(path))["score"] == 90
        policy = {"insurer": "演示保险（虚构）", "policy_no": f"从未-{made['id']}", "cover_fen": 1_000_000}
        days = {"valid_from": "2026-12-03", "valid_to": "2027-12-02"}
        service.at(START + timedelta(days=11))
        await service.post(f"{path}/liability-policies", policy | days)
        assert await codes(service, path) == [
            ("LIABILITY_INSURANCE_IN_PLACE", "2026-12-03"),
            ("LIABILITY_INSURANCE_MISSING", "2026-12-01"),
        ]
        assert (await service.get(path))["score"] == 100
        drawn = await service.post(withdrawal, {"reason": "误查他社"}, 200)
        assert drawn["withdrawal_reason"] == "误查他社" and await codes(service, path) == []
        await service.post(withdrawal, {"reason": "误查他社"}, 409)
        assert len((await service.get(f"{path}/liability-findings"))["items"]) == 2
    finally:
        service.at(START)


async def test_each_missed_top_up_counts_until_its_own_is_paid(service: Service) -> None:
    _, path = await agency(service)
    await service.post(f"{path}/deposit/entries", line("payment", "2024-01-03", 200_000))
    first = await service.post(f"{path}/deposit/demands", notice("BZ-A", 50_000, "2026-11-02"))
    second = await service.post(f"{path}/deposit/demands", notice("BZ-B", 30_000, "2026-11-03"))
    await turns(service)
    assert (await service.get(path))["score"] == 80
    paid = line("top_up", "2026-11-20", 30_000, demand_id=second["id"])
    await service.post(f"{path}/deposit/entries", paid)
    now = await service.get(f"{path}/score")
    assert (now["result"]["score"], len(now["result"]["contributions"])) == (90, 1)
    assert (await service.get(path))["score"] == 90
    paid = line("top_up", "2026-11-21", 50_000, demand_id=first["id"])
    await service.post(f"{path}/deposit/entries", paid)
    assert (await service.get(path))["score"] == 100


async def test_the_risk_class_is_an_input_of_its_own_and_internal(service: Service) -> None:
    made, path = await agency(service)
    body = {"risk_class": "D", "assessed_on": "2026-11-01", "authority": "市场监管部门（演示）"}
    one = await service.post(f"{path}/risk-classes", body)
    assert (await service.post(f"{path}/risk-classes", body))["id"] == one["id"]
    await service.post(f"{path}/risk-classes", body | {"risk_class": "E"}, 422)
    await service.post(f"{path}/risk-classes", body | {"assessed_on": "2026-12-01"}, 422)
    await service.post(f"{path}/risk-classes", body | {"risk_class": "B", "assessed_on": "2026-11-20"})
    assert [x["risk_class"] for x in (await service.get(f"{path}/risk-classes"))["items"]] == ["B", "D"]
    assert (await service.get(path))["grade"] == made["grade"] == "A"
    own = service.who("140000", kind="agency", subject_id=made["id"])
    await service.get(f"{path}/risk-classes", 404, own)


def guarantee(kind: str, day: str, expires_on: str, **fields: Any) -> dict[str, Any]:
    paper = {"form": "guarantee", "institution": "演示银行（虚构）", "instrument_no": f"G-{expires_on}"}
    return line(kind, day, 200_000, expires_on=expires_on, **paper, **fields)


async def due(
    service: Service, made: dict[str, Any], what: str, after: DuePlace | None = None, rule: str = "W-TEST"
) -> list[Any]:
    return (await looked_at(service, made, what, after, rule))[0]


async def looked_at(
    service: Service, made: dict[str, Any], what: str, after: DuePlace | None, rule: str
) -> tuple[list[Any], DuePlace | None]:
    async with service.app.state.db.session() as session:
        who, last = col(Subject.id) == UUID(made["id"]), date(2026, 12, 23)
        limit = 1 if after is None else 5
        rows, place = await DepositRepository(session).due(what, START.date(), last, rule, who, after, limit)
        return list(rows), place


async def test_what_ends_is_paged_in_order_of_day_by_kind_and_told_to_a_rule_once(service: Service) -> None:
    made, path = await agency(service, licensed_on="2020-05-06", license_expires_on="2026-12-20")
    for last in ("2026-12-09", "2026-12-07", "2027-12-09"):
        await service.post(f"{path}/deposit/entries", guarantee("payment", "2025-12-05", last))
    [first] = await due(service, made, "deposit_guarantee")
    assert first.due_on.isoformat() == "2026-12-07"
    after = (first.due_on, first.subject_id, first.reference)
    [second] = await due(service, made, "deposit_guarantee", after)
    assert second.due_on.isoformat() == "2026-12-09"
    [licence] = await due(service, made, "licence")
    assert licence.due_on.isoformat() == "2026-12-20"
    assert licence.source == f"due:licence:{made['id']}:2026-12-20:{licence.reference}"
    service.at(START + timedelta(days=13))
    while await do_round(service.app.state.db, service.app.state.env):
        pass
    service.at(START)
    assert await due(service, made, "deposit_guarantee", rule="W-DEPOSIT-DUE") == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repository, "LOOKED_AT", 1)
        place: DuePlace | None = None
        passed = []
        while True:
            rows, place = await looked_at(service, made, "deposit_guarantee", place, "W-DEPOSIT-DUE")
            assert rows == []
            if place is None:
                break
            passed.append(place)
    assert [second.due_on, second.subject_id, second.reference] in [list(one) for one in passed]
    assert passed == sorted(passed), "what was seen is passed over in steps"


async def test_a_replaced_guarantee_warns_no_more_and_is_replaced_once(service: Service) -> None:
    made, path = await agency(service)
    old = await service.post(f"{path}/deposit/entries", guarantee("payment", "2025-12-05", "2026-12-07"))
    new = guarantee("replacement", "2026-11-20", "2028-12-07")
    problem = await service.post(f"{path}/deposit/entries", new, 422)
    assert [one["pointer"] for one in problem["errors"]] == ["/refers_to"]
    assert len(await due(service, made, "deposit_guarantee")) == 1
    await service.post(f"{path}/deposit/entries", new | {"refers_to": old["id"]})
    now = await service.get(f"{path}/deposit")
    assert now["secured_fen"] == 200_000 * YUAN
    assert [one["state"] for one in now["instruments"][1:]] == ["replaced", "valid"]
    assert await due(service, made, "deposit_guarantee") == []
    await service.post(f"{path}/deposit/entries", new | {"refers_to": old["id"]}, 409)


async def test_nothing_is_taken_from_a_guarantee_that_was_replaced_or_released(service: Service) -> None:
    _, path = await agency(service)
    entries = f"{path}/deposit/entries"
    for end in (line("replacement", "2026-06-01", 200_000), line("release", "2026-06-01")):
        old = await service.post(entries, guarantee("payment", "2025-12-05", "2026-12-07"))
        await service.post(entries, end | {"refers_to": old["id"]})
        for kind in ("use", "refund"):
            taken = line(kind, "2026-06-02", 1_000, refers_to=old["id"])
            await service.post(entries, taken, 409)
        before = line("use", "2026-05-31", 1_000, refers_to=old["id"])
        await service.post(entries, before)
    assert (await service.get(f"{path}/deposit"))["instruments"][0]["balance_fen"] == 200_000 * YUAN


async def test_a_guarantee_from_which_something_was_taken_is_not_taken_back(service: Service) -> None:
    _, path = await agency(service)
    entries = f"{path}/deposit/entries"
    old = await service.post(entries, guarantee("payment", "2025-12-05", "2026-12-07"))
    paper = {"form": "guarantee", "institution": "演示银行（虚构）", "instrument_no": "BG-2"}
    new = line("replacement", "2026-06-01", 200_000, expires_on="2028-12-07", refers_to=old["id"], **paper)
    cover = await service.post(entries, new)
    used = await service.post(entries, line("use", "2026-06-02", 50_000, refers_to=cover["id"]))
    void = line("void", "2026-06-03", refers_to=cover["id"], reason="重复入账")
    await service.post(entries, void, 409)
    assert (await service.get(f"{path}/deposit"))["secured_fen"] == 150_000 * YUAN
    await service.post(entries, line("void", "2026-06-03", refers_to=used["id"], reason="对象有误"))
    await service.post(entries, void)
    assert (await service.get(f"{path}/deposit"))["secured_fen"] == 200_000 * YUAN


async def test_a_guarantee_is_warned_of_again_when_its_successors_confirmation_falls(
    service: Service,
) -> None:
    made, path = await agency(service)
    entries = f"{path}/deposit/entries"
    old = await service.post(entries, guarantee("payment", "2025-12-05", "2026-12-07"))
    paper = {"form": "insurance", "institution": "演示保险（虚构）", "instrument_no": "X-2"}
    new = line("replacement", "2026-06-01", 200_000, expires_on="2028-12-07", refers_to=old["id"], **paper)
    cover = await service.post(entries, new)
    assert len(await due(service, made, "deposit_guarantee")) == 1
    told = await service.post(entries, line("confirmation", "2026-06-02", refers_to=cover["id"]))
    assert await due(service, made, "deposit_guarantee") == []
    await service.post(entries, line("void", "2026-06-03", refers_to=told["id"], reason="保险公司更正"))
    assert len(await due(service, made, "deposit_guarantee")) == 1
    assert (await service.get(f"{path}/deposit"))["instruments"][1]["state"] == "valid"
