"""Conditions: checked at load, total at evaluation."""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from common.policies import Condition, PolicyError
from hypothesis import given
from hypothesis import strategies as st

NAMES = {"amount", "day", "kind", "items", "text", "rate"}


class Kind(StrEnum):
    A = "a"


def decide(expression: str, **facts: Any) -> bool:
    return Condition(expression, NAMES, file="rules.yaml").evaluate(facts)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "amount >",
        "amout > 1",
        "kind == unknown.value",
        "now() > 3",
        "text.execute()",
        "items.exists(i, i > 1) && i == 2",
        "items.exists(amount, amount > 1)",
        "items.map(i, j)",
        "bool(kind)",
        "(" * 200 + "1" + ")" * 200,
        "__import__('os')",
    ],
)
def test_what_cannot_be_known_is_refused_at_load(expression: str) -> None:
    with pytest.raises(PolicyError, match="rules"):
        Condition(expression, NAMES, file="rules.yaml")


@pytest.mark.parametrize(
    ("expression", "facts", "expected"),
    [
        ("amount >= 5000", {"amount": 5000}, True),
        ("amount > 1.5", {"amount": 2}, True),
        ("rate <= 0.1", {"rate": Decimal("0.1")}, True),
        ("rate < 0.1", {"rate": Decimal("0.1")}, False),
        ("rate == 2", {"rate": Decimal("2.00")}, True),
        ("day >= date('2026-03-15')", {"day": date(2026, 3, 15)}, True),
        ("day < date('2026-03-15')", {"day": date(2026, 3, 14)}, True),
        ("day == timestamp('2026-03-15T01:00:00Z')", {"day": datetime(2026, 3, 15, 1, tzinfo=UTC)}, True),
        ("kind == 'a'", {"kind": Kind.A}, True),
        ("kind in ['a', 'b']", {"kind": "c"}, False),
        ("kind == null", {"kind": None}, True),
        ("'a' in items", {"items": {"a", "b"}}, True),
        ("items.exists(i, i.code == 'P01')", {"items": [{"code": "P01"}]}, True),
        ("items.all(i, i > 1) || items.exists(i, i == 0)", {"items": (0, 1)}, True),
        ("has(items.a) && items.a > 1", {"items": {}}, False),
        ("text.contains('零团费') // exact", {"text": "零团费游"}, True),
        ("text.matches('^(a+)+$')", {"text": "a" * 5000 + "b"}, False),
        ("text == 'i.exists(x, x)'", {"text": "y"}, False),
    ],
)
def test_values_mean_what_they_say(expression: str, facts: dict[str, Any], expected: bool) -> None:
    assert decide(expression, **facts) is expected


@pytest.mark.parametrize(
    ("expression", "facts"),
    [
        ("amount > 1", {}),
        ("amount > 1", {"amount": None}),
        ("amount > 1", {"amount": 2**63}),
        ("amount > 1", {"amount": object()}),
        ("amount + 1", {"amount": 1}),
        ("amount / 0 == 1", {"amount": 1}),
        ("amount + 1 > 0", {"amount": 2**63 - 1}),
        ("items[5] == 1", {"items": [1]}),
        ("items.a.b == 1", {"items": {"a": {}}}),
        ("rate > 0.1", {"rate": Decimal("0.1000000000000000001")}),
        ("rate > 0.1", {"rate": Decimal("NaN")}),
        ("rate > 0.1", {"rate": 0.5}),
        ("day > date('soon')", {"day": date(2026, 1, 1)}),
        ("day > date('2026-01-01')", {"day": datetime(2026, 1, 1)}),  # noqa: DTZ001
    ],
)
def test_every_failure_at_evaluation_names_the_file(expression: str, facts: dict[str, Any]) -> None:
    with pytest.raises(PolicyError, match="rules"):
        decide(expression, **facts)


def test_a_condition_knows_what_it_uses() -> None:
    condition = Condition("items.exists(i, i == kind)", NAMES)
    assert condition.variables == {"items", "kind"}
    assert condition == Condition("items.exists(i, i == kind)", NAMES) and hash(condition) and repr(condition)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.dates()
    | st.decimals()
    | st.floats()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
EXPRESSIONS = [
    "amount > 1",
    "amount == kind",
    "kind in items",
    "items.exists(i, i == kind)",
    "size(text) > 2 && text.contains('a')",
    "day < date('2026-01-01') ? amount > 1 : rate < 0.5",
    "items.a.b == amount || items[0] == 1",
]


@given(st.sampled_from(EXPRESSIONS), st.fixed_dictionaries(dict.fromkeys(sorted(NAMES), values)))
def test_evaluation_is_total(expression: str, facts: dict[str, Any]) -> None:
    try:
        assert decide(expression, **facts) in (True, False)
    except PolicyError as failure:
        assert failure.status == 503


@given(st.text(max_size=30))
def test_loading_is_total(expression: str) -> None:
    try:
        Condition(expression, NAMES)
    except PolicyError as failure:
        assert failure.status == 503


@given(st.decimals(-10_000, 10_000, places=4), st.decimals(-10_000, 10_000, places=4))
def test_decimals_compare_as_decimals(left: Decimal, right: Decimal) -> None:
    assert decide(f"rate < {right:f}", rate=left) is (left < right)
    assert decide(f"rate == {right:f}", rate=left) is (left == right)
