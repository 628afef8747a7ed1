"""Contract numbers: form, check character, and what one wrong character does."""

from contextlib import suppress
from datetime import date

import pytest
from contracts.registrations.rules import (
    ContractNumber,
    InvalidContractNumber,
    may_complete,
    may_depart,
    province_of,
)
from hypothesis import given
from hypothesis import strategies as st

numbers = st.builds(
    ContractNumber,
    st.sampled_from(["140000", "000000", "650000"]),
    st.dates(date(2000, 1, 1), date(2199, 12, 31)),
    st.sampled_from([f"0{n}" for n in range(1, 8)]),
    st.integers(1, 99_999_999),
)


def test_the_form() -> None:
    number = str(ContractNumber("140000", date(2026, 11, 20), "01", 123))
    assert number[:24] == "140000202611200100000123"
    assert len(number) == 25


@given(numbers)
def test_a_number_reads_back(number: ContractNumber) -> None:
    assert ContractNumber.parse(str(number)) == number


@given(numbers, st.integers(0, 24), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_always_found(number: ContractNumber, at: int, digit: str) -> None:
    text = str(number)
    wrong = text[:at] + digit + text[at + 1 :]
    if wrong != text:
        with pytest.raises(InvalidContractNumber):
            ContractNumber.parse(wrong)


def test_nearly_all_swaps_of_neighbours_are_found() -> None:
    """ISO 7064 mod 37,36 finds every wrong character, and of two swapped neighbours all but a few pairs."""
    swaps = missed = 0
    for serial in range(1, 2_000, 7):
        text = str(ContractNumber("140105", date(2026, 11, 23), "01", serial))
        for at in range(23):
            swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
            if swapped != text:
                swaps += 1
                with suppress(InvalidContractNumber):
                    ContractNumber.parse(swapped)
                    missed += 1
    assert swaps > 3_000
    assert missed / swaps < 0.02


@pytest.mark.parametrize(
    "text", ["", "1", "14000020261120010000012", "１４００００2026112001000001230", "x" * 25]
)
def test_anything_else_is_no_number(text: str) -> None:
    with pytest.raises(InvalidContractNumber):
        ContractNumber.parse(text)


def test_provinces() -> None:
    assert [province_of(region) for region in ("140105", "140000", None)] == ["140000", "140000", "000000"]


def test_a_trip_may_end_early_but_not_in_the_future() -> None:
    departs, returns, today = date(2026, 11, 12), date(2026, 11, 14), date(2026, 11, 13)
    assert may_depart("registered", departs, returns, departs, today) is None
    assert may_depart("departed", departs, returns, departs, today) is not None
    assert may_complete("departed", departs, today, today) is None
    assert may_complete("registered", departs, date(2026, 11, 14), today) is not None
    assert may_complete("registered", departs, date(2026, 11, 11), today) is not None
