"""The rules of the quality deposit and of liability cover, each clause by example and by property."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from common.calendar import add_months
from credit.deposits.policy import DepositOverlay
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
from hypothesis import given
from hypothesis import strategies as st

from .cases import BOOK

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
