"""The quality deposit: each clause by example and by property, then the clocks and facts over HTTP."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any
from uuid import UUID

import pytest
from common.calendar import add_months, add_working_days
from common.policies import PolicySet
from credit.deposits import repository
from credit.deposits.policy import DepositOverlay
from credit.deposits.repository import DepositRepository, DuePlace
from credit.deposits.rules import (
    Certificate,
    Demand,
    DemandCause,
    Entry,
    EntryKind,
    Form,
    Gap,
    InstrumentState,
    clean_clock,
    cover_gaps,
    first_due,
    halving_on,
    met_on,
    next_cover_change,
    required,
    secured,
    top_up_due,
)
from credit.policies import FOLDER
from credit.rounds import do_round
from credit.rulebook.rules import Rulebook
from credit.subjects.models import Subject
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col

from .cases import BOOK
from .conftest import START, Service

POLICY = BOOK.deposits.choose("deposits", on=date(2026, 11, 23))
YUAN = 100
TODAY = date(2026, 11, 23)
DAYS = st.dates(date(2015, 1, 1), date(2030, 12, 31))


def overlays(on: date, region: str = "140000") -> list[DepositOverlay]:
    return BOOK.deposit_overlays.in_force(on=on, region=region)


def entry(number: int, kind: EntryKind, day: date, yuan: int = 0, **fields: Any) -> Entry:
    return Entry(UUID(int=number), kind, day, yuan * YUAN, **fields)


def pay(number: int, day: date, yuan: int = 200_000, **fields: Any) -> Entry:
    return entry(number, EntryKind.PAYMENT, day, yuan, **fields)


def yes(_: date) -> bool:
    return True


@pytest.mark.parametrize(
    ("scope", "branches", "yuan"),
    [
        (["domestic", "inbound"], [], 200_000),
        ([], [], 200_000),
        (["domestic", "inbound", "outbound"], [], 1_400_000),
        (["domestic"], [["domestic"], ["inbound", "domestic"]], 300_000),
        (["domestic", "outbound"], [["outbound"]], 1_700_000),
        (["domestic", "outbound"], [["domestic", "outbound"], ["domestic"]], 1_800_000),
    ],
)
def test_the_amount_follows_from_scope_and_branches(
    scope: list[str], branches: list[list[str]], yuan: int
) -> None:
    named = [(f"分社{n}（虚构）", one) for n, one in enumerate(branches)]
    found = required(POLICY, scope, named, halved=False)
    assert found.fen == found.full_fen == yuan * YUAN == sum(step.amount_fen for step in found.steps)
    half = required(POLICY, scope, named, halved=True)
    assert (half.fen, half.full_fen) == (yuan * YUAN // 2, yuan * YUAN)
    assert sum(step.amount_fen for step in half.steps) == half.fen
    assert all(step.legal_basis for step in half.steps)


def test_only_the_branch_with_both_scopes_is_not_verified() -> None:
    branches = [
        ("甲（虚构）", ["domestic"]),
        ("乙（虚构）", ["outbound"]),
        ("丙（虚构）", ["inbound", "outbound"]),
    ]
    found = required(POLICY, ["domestic", "outbound"], branches, halved=True)
    assert [step.code for step in found.steps if step.status == "recalled"] == ["branch_both"]


def test_expired_unconfirmed_and_released_instruments_secure_nothing() -> None:
    day = date(2025, 1, 2)
    held = [
        pay(1, day, 50_000),
        pay(2, day, 60_000, form=Form.GUARANTEE, expires_on=date(2026, 1, 1)),
        pay(3, day, 70_000, form=Form.INSURANCE, expires_on=date(2027, 1, 1)),
        pay(4, day, 80_000, form=Form.GUARANTEE, expires_on=date(2027, 1, 1)),
        entry(5, EntryKind.RELEASE, date(2025, 6, 1), refers_to=UUID(int=4)),
    ]
    now = secured(held, TODAY, yes)
    assert now.fen == 50_000 * YUAN
    assert [one.state for one in now.instruments] == [
        InstrumentState.VALID,
        InstrumentState.EXPIRED,
        InstrumentState.UNCONFIRMED,
        InstrumentState.RELEASED,
    ]
    held.append(entry(6, EntryKind.CONFIRMATION, date(2025, 2, 1), refers_to=UUID(int=3)))
    assert secured(held, date(2026, 1, 1), yes).fen == 180_000 * YUAN
    assert secured(held, date(2026, 1, 2), yes).fen == 120_000 * YUAN
    assert secured(held, date(2025, 1, 31), yes).fen == (50_000 + 60_000 + 80_000) * YUAN
    assert secured(held, TODAY, lambda _: False).fen == 50_000 * YUAN


def test_a_replacement_ends_what_it_replaces_and_never_secures_twice() -> None:
    old = pay(1, date(2025, 1, 2), 200_000, form=Form.GUARANTEE, expires_on=date(2027, 1, 1))
    new = entry(
        2,
        EntryKind.REPLACEMENT,
        date(2026, 3, 2),
        200_000,
        form=Form.GUARANTEE,
        expires_on=date(2028, 1, 1),
        refers_to=old.id,
    )
    for day, states in ((date(2026, 3, 1), ["valid"]), (TODAY, ["replaced", "valid"])):
        held = secured([old, new], day, yes)
        assert [one.state for one in held.instruments[1:]] == states and held.fen == 200_000 * YUAN
    undone = entry(3, EntryKind.VOID, date(2026, 4, 1), refers_to=new.id)
    assert [one.state for one in secured([old, new, undone], TODAY, yes).instruments[1:]] == ["valid"]
    insured = replace(new, form=Form.INSURANCE)
    held = secured([old, insured], TODAY, yes)
    assert [one.state for one in held.instruments[1:]] == ["valid", "unconfirmed"], "no gap between them"
    confirmed = entry(4, EntryKind.CONFIRMATION, date(2026, 3, 9), refers_to=insured.id)
    held = secured([old, insured, confirmed], TODAY, yes)
    assert [one.state for one in held.instruments[1:]] == ["replaced", "valid"]
    assert held.fen == 200_000 * YUAN


def test_what_is_used_is_gone_and_a_voided_line_never_was() -> None:
    held = [
        pay(1, date(2024, 1, 2)),
        entry(2, EntryKind.USE, date(2024, 5, 6), 30_000),
        entry(3, EntryKind.REFUND, date(2024, 5, 7), 20_000),
        entry(4, EntryKind.VOID, date(2024, 5, 8), refers_to=UUID(int=3)),
    ]
    assert secured(held, TODAY, yes).fen == 170_000 * YUAN
    assert secured(held, date(2024, 5, 5), yes).fen == 200_000 * YUAN


def test_insurance_stands_for_the_deposit_only_in_pilots_from_their_day() -> None:
    def pilot(region: str, on: date) -> bool:
        return any(one.kind == "insurance_pilot" for one in overlays(on, region))

    assert pilot("140105", TODAY)
    assert not pilot("140105", date(2021, 8, 31))
    assert pilot("460100", date(2021, 8, 1))
    assert pilot("370100", TODAY)
    assert not pilot("650100", TODAY)


def test_a_top_up_is_due_five_working_days_after_the_notice() -> None:
    due = top_up_due(POLICY, overlays(TODAY), DemandCause.COMPENSATION_USED, date(2026, 11, 20))
    assert (due.due_on, due.provisional) == (date(2026, 11, 27), False)
    # 1 to 7 October are holidays, 10 October a make-up day.
    due = top_up_due(POLICY, [], DemandCause.SHORTFALL, date(2026, 9, 30))
    assert due.due_on > date(2026, 10, 9)
    late = top_up_due(POLICY, [], DemandCause.SHORTFALL, date(2030, 1, 2))
    assert late.provisional


def test_the_deferral_covers_what_was_given_back_and_no_other_top_up() -> None:
    day = date(2023, 3, 1)
    laid = overlays(day)
    assert top_up_due(POLICY, laid, DemandCause.DEFERRAL_ENDED, day).due_on == date(2024, 3, 31)
    assert top_up_due(POLICY, laid, DemandCause.COMPENSATION_USED, day).due_on == date(2023, 3, 8)
    after = date(2024, 4, 1)
    assert top_up_due(POLICY, overlays(after), DemandCause.DEFERRAL_ENDED, after).due_on > after


@pytest.mark.parametrize(
    ("licensed_on", "due_on"),
    [
        (date(2023, 3, 31), date(2023, 4, 5)),  # no notice in the table: by weekdays
        (date(2023, 4, 1), date(2024, 3, 31)),
        (date(2024, 3, 28), date(2024, 4, 2)),
        (date(2024, 4, 8), date(2024, 4, 11)),
    ],
)
def test_the_first_payment_is_due_three_working_days_after_the_licence_or_deferred(
    licensed_on: date, due_on: date
) -> None:
    assert first_due(POLICY, overlays(licensed_on), licensed_on).due_on == due_on


def test_a_region_may_give_longer_to_top_up() -> None:
    longer = DepositOverlay.parse(
        {
            "id": "longer",
            "version": 1,
            "effective_from": "2026-01-01",
            "effective_to": "2026-12-31",
            "region": "140000",
            "status": "sample",
            "legal_basis": ["演示"],
            "kind": "longer_top_up",
            "working_days": 20,
        }
    )
    due = top_up_due(POLICY, [longer], DemandCause.COMPENSATION_USED, date(2026, 11, 2))
    assert due.due_on == date(2026, 11, 30)
    assert [step.status for step in due.steps] == ["sample"]


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
    due = top_up_due(POLICY, laid, DemandCause.COMPENSATION_USED, day)
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


@given(paid=DAYS, extra=DAYS, fined=st.lists(DAYS, max_size=3), on=DAYS)
def test_the_clean_years_run_from_the_latest_of_payment_top_up_and_fine(
    paid: date, extra: date, fined: list[date], on: date
) -> None:
    entries = [
        pay(1, paid),
        entry(2, EntryKind.ADDITION, extra, 50_000),
        entry(3, EntryKind.REPLACEMENT, extra, 200_000, form=Form.GUARANTEE, expires_on=date(2031, 1, 1)),
    ]
    clock = clean_clock(36, entries, [], fined, on)
    if on < paid:
        assert clock.eligible_on is None
        return
    since = max([paid, *(day for day in fined if day <= on)])
    assert clock.since == since
    assert clock.eligible_on == add_months(since, 36) + timedelta(days=1)


@given(paid=DAYS, asked=DAYS, took=st.integers(0, 900), on=DAYS)
def test_nothing_runs_while_a_demanded_top_up_is_unpaid(paid: date, asked: date, took: int, on: date) -> None:
    met = asked + timedelta(days=took)
    clock = clean_clock(36, [pay(1, paid)], [Demand(UUID(int=9), asked, 1, met)], [], on)
    if on < paid:
        assert clock.because == "nothing_paid"
    elif asked <= on < met:
        assert (clock.because, clock.eligible_on) == ("top_up_open", None)
    else:
        assert clock.since == (max(paid, met) if asked <= on else paid)


def test_three_years_end_the_day_after_the_corresponding_day() -> None:
    clock = clean_clock(36, [pay(1, date(2020, 2, 29))], [], [], date(2022, 1, 1))
    assert clock.eligible_on == date(2023, 3, 1)


@given(st.lists(DAYS, min_size=1, max_size=3), st.lists(DAYS, max_size=4), DAYS)
def test_the_amount_is_lowered_on_a_certificate_only_until_a_later_fine(
    issued: list[date], fined: list[date], on: date
) -> None:
    certificates = [Certificate(UUID(int=n), day) for n, day in enumerate(issued)]
    found = halving_on(certificates, fined, on)
    begun = [day for day in issued if day <= on]
    if not begun or any(max(begun) < day <= on for day in fined):
        assert found is None
    else:
        assert found is not None
        assert found.effective_on == max(begun)
    assert halving_on([], fined, on) is None


def test_a_demand_is_met_by_what_answers_it_and_an_insurance_from_its_confirmation() -> None:
    asked = UUID(int=50)
    parts = [
        entry(1, EntryKind.TOP_UP, date(2026, 3, 2), 10_000, demand_id=asked),
        entry(2, EntryKind.ADDITION, date(2026, 3, 3), 90_000),
        entry(
            3,
            EntryKind.TOP_UP,
            date(2026, 3, 4),
            20_000,
            demand_id=asked,
            form=Form.INSURANCE,
            expires_on=date(2027, 3, 4),
        ),
    ]
    assert met_on(asked, 30_000 * YUAN, parts, TODAY) is None
    assert met_on(asked, 10_000 * YUAN, parts, TODAY) == date(2026, 3, 2)
    parts.append(entry(4, EntryKind.CONFIRMATION, date(2026, 3, 9), refers_to=UUID(int=3)))
    assert met_on(asked, 30_000 * YUAN, parts, TODAY) == date(2026, 3, 9)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(-3, 20)), min_size=1, max_size=6),
    st.integers(0, 90),
)
def test_gaps_are_exactly_the_uncovered_days_after_the_first_policy(
    plan: list[tuple[int, int]], at: int
) -> None:
    zero = date(2026, 1, 1)
    covers = [(zero + timedelta(days=a), zero + timedelta(days=a + length)) for a, length in plan]
    today = zero + timedelta(days=at)

    def covered(day: date) -> bool:
        return any(first <= day <= last for first, last in covers)

    begun = [first for first, last in covers if first <= last and first <= today]
    days = {zero + timedelta(days=n) for n in range(120)}
    bare = {day for day in days if begun and min(begun) <= day <= today and not covered(day)}
    gaps = cover_gaps(covers, today)
    assert {day for day in days if any(g.first <= day <= (g.last or today) for g in gaps)} == bare
    assert all(g.last is None for g in gaps[-1:]) == (not gaps or today in bare)
    changes = [
        day for day in sorted(days) if day > today and covered(day) != covered(day - timedelta(days=1))
    ]
    assert next_cover_change(covers, today) == (changes[0] if changes else None)


def test_a_gap_of_one_day_is_one() -> None:
    covers = [(date(2025, 1, 1), date(2025, 12, 31)), (date(2026, 1, 2), date(2027, 1, 1))]
    assert cover_gaps(covers, TODAY) == [Gap(date(2026, 1, 1), date(2026, 1, 1))]


# Over HTTP.


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


async def turns(service: Service) -> None:
    """Two processes making their rounds at once."""
    await asyncio.gather(*(do_round(service.app.state.db, service.app.state.env) for _ in range(2)))


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
    finally:
        service.at(START)


def test_who_was_found_without_any_policy_lacks_cover_from_the_day_after_the_last_to_show_one() -> None:
    today, asked = date(2026, 3, 10), [date(2026, 3, 5), date(2026, 3, 2)]
    assert cover_gaps([], today) == [] and cover_gaps([], date(2026, 3, 2), asked) == []
    assert cover_gaps([], today, asked) == [Gap(date(2026, 3, 3), None)]
    later = (date(2026, 3, 8), date(2027, 3, 7))
    assert cover_gaps([later], today, asked) == [Gap(date(2026, 3, 3), date(2026, 3, 7))]
    shown = (date(2026, 3, 2), date(2027, 3, 1))
    assert cover_gaps([shown], today, asked) == []
    coming = (date(2026, 4, 1), date(2027, 3, 31))
    assert cover_gaps([coming], today, asked) == [Gap(date(2026, 3, 3), None)]
    assert next_cover_change([], date(2026, 3, 2), asked) == date(2026, 3, 3)
    assert next_cover_change([coming], today, asked) == date(2026, 4, 1)
    assert next_cover_change([], today, asked) is None


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
        rows, place = await DepositRepository(session).due(what, TODAY, last, rule, who, after, limit)
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
