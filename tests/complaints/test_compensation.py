"""Compensation: the figures of the standard, and what a claim must bring."""

from pathlib import Path

import complaints
import pytest
from common.problems import FieldError
from complaints.compensation.policy import CompensationBook
from complaints.compensation.rules import Claim, estimate, faults
from hypothesis import given
from hypothesis import strategies as st

FOLDER = Path(complaints.__file__).parent / "policies"
POLICY = CompensationBook(FOLDER).policies.all()[0]


def total(*claims: Claim) -> int:
    assert faults(POLICY, claims) == []
    return sum(step.amount_fen for step in estimate(POLICY, claims))


def test_a_dropped_sight_costs_its_ticket_twice() -> None:
    assert total(Claim("C10_1", {"item_cost_fen": 5000})) == 10000


def test_an_extra_shop_costs_a_tenth_of_the_fee_each_time() -> None:
    assert total(Claim("C10_3", {"total_fee_fen": 120_000}, count=1)) == 12_000
    assert total(Claim("C10_3", {"total_fee_fen": 120_000}, count=3)) == 36_000


def test_steps_name_rule_article_and_how_sure_it_is() -> None:
    steps = estimate(
        POLICY, [Claim("C10_1", {"item_cost_fen": 5000}), Claim("C10_3", {"total_fee_fen": 100}, count=1)]
    )
    assert [(s.rule, s.kind, s.article, s.status) for s in steps] == [
        ("C10_1", "pay", "第十条第（一）项", "verified"),
        ("C10_1", "penalty", "第十条第（一）项", "verified"),
        ("C10_3", "penalty", "第十条第（三）项", "recalled"),
    ]
    assert steps[0].formula.zh == "赔付：项目合理费用 50.00 × 100% = 50.00 元"


@pytest.mark.parametrize(
    ("rule", "days", "percent"),
    [
        ("C04D", 8, 0),
        ("C04D", 7, 10),
        ("C04D", 4, 10),
        ("C04D", 3, 15),
        ("C04D", 1, 15),
        ("C04D", 0, 20),
        ("C04O", 31, 0),
        ("C04O", 30, 2),
        ("C04O", 14, 5),
        ("C04O", 6, 10),
        ("C04O", 0, 20),
    ],
)
def test_the_agency_pays_more_the_later_it_calls_off(rule: str, days: int, percent: int) -> None:
    claim = Claim(rule, {"prepaid_fen": 100_000, "total_fee_fen": 100_000}, days_before=days)
    assert total(claim) == 100_000 + 1000 * percent


def test_a_claim_that_lacks_something_names_it() -> None:
    def pointers(found: list[FieldError]) -> list[str]:
        return [error.pointer for error in found]

    assert pointers(faults(POLICY, [Claim("C99", {})])) == ["/claims/0/rule"]
    assert pointers(faults(POLICY, [Claim("C10_3", {})])) == ["/total_fee_fen", "/claims/0/count"]
    assert pointers(faults(POLICY, [Claim("C09", {"total_fee_fen": 1}, percent=6)])) == [
        "/claims/0/percent",
        "/claims/0/reason",
    ]
    assert pointers(faults(POLICY, [Claim("C04D", {"prepaid_fen": 1, "total_fee_fen": 1})])) == [
        "/claims/0/days_before"
    ]


@given(st.integers(0, 10**11), st.integers(1, 50))
def test_sums_are_whole_and_grow_with_the_count(fee: int, count: int) -> None:
    one = total(Claim("C10_4", {"total_fee_fen": fee}, count=count))
    more = total(Claim("C10_4", {"total_fee_fen": fee}, count=count + 1))
    assert 0 <= one <= more
    assert abs(one * 5 - fee * count) <= 5
