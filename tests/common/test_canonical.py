"""The quick way to RFC 8785 writes the bytes of the slow one, and refuses what that refuses."""

import json
from enum import StrEnum
from typing import Any

import pytest
import rfc8785
from common.canonical import canonical
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=()), max_size=12)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53) - 2, 2**53 + 2) | st.floats() | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("az\x7fé\ufb33\U0001f600", max_size=3) | TEXTS, inner, max_size=4)
    ),
    max_leaves=12,
)


def outcome(write: Any, value: Any) -> bytes | None:
    try:
        written: bytes = write(value)
    except (rfc8785.CanonicalizationError, UnicodeError):
        return None
    return written


@given(VALUES)
def test_the_same_bytes_or_the_same_refusal(value: Any) -> None:
    assert outcome(canonical, value) == outcome(rfc8785.dumps, value)


@pytest.mark.parametrize("letters", [range(0x20), range(0x20, 0x3000), range(0xD000, 0x10100)])
def test_every_letter_is_written_alike(letters: range) -> None:
    text = "".join(chr(letter) for letter in letters if not 0xD800 <= letter < 0xE000)
    assert canonical({"a": [text]}) == rfc8785.dumps({"a": [text]})
    assert json.loads(canonical(text)) == text


class Colour(StrEnum):
    RED = "red\u2028"


def test_a_member_of_an_enumeration_is_its_text() -> None:
    assert canonical({"c": Colour.RED}) == rfc8785.dumps({"c": Colour.RED}) == b'{"c":"red\xe2\x80\xa8"}'


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, {1: 2}, 2**53, float("nan"), b"x", object()])
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises((rfc8785.CanonicalizationError, UnicodeError)):
        canonical(value)
