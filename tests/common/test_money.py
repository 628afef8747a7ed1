"""Fen: halves go up, text and number agree."""

from decimal import Decimal
from fractions import Fraction

import pytest
from common.money import format_yuan, half_up, percent_of, yuan
from hypothesis import given
from hypothesis import strategies as st

FEN = st.integers(-(10**14), 10**14)


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "0.00"),
        (5, "0.05"),
        (-5, "-0.05"),
        (100, "1.00"),
        (123450, "1,234.50"),
        (-100000000, "-1,000,000.00"),
    ],
)
def test_text(fen: int, text: str) -> None:
    assert format_yuan(fen) == text


@pytest.mark.parametrize(
    ("value", "whole"), [("0.5", 1), ("-0.5", -1), ("1.49999", 1), ("2.5", 3), ("-2.5", -3), ("0", 0)]
)
def test_half_up(value: str, whole: int) -> None:
    assert half_up(Decimal(value)) == whole


def test_percent() -> None:
    assert percent_of(10, 15) == 2 and percent_of(yuan(1999), Decimal("20")) == 39980
    assert percent_of(1, Decimal("49.9")) == 0 and percent_of(yuan(100), Decimal("0.005")) == 1


@given(FEN)
def test_the_text_says_the_exact_amount(fen: int) -> None:
    assert Decimal(format_yuan(fen).replace(",", "")) * 100 == fen


@given(FEN, st.decimals(-1000, 1000, places=4))
def test_percent_is_the_exact_share_rounded_once(fen: int, percent: Decimal) -> None:
    exact = Fraction(fen) * Fraction(percent) / 100
    expected = int(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)
    assert percent_of(fen, percent) == expected
