"""Numbers: published samples hold, one wrong character never does."""

from datetime import date
from typing import get_args

import pytest
from common.identifiers import (
    InvalidIdentifier,
    MobileNumber,
    ResidentIdNumber,
    Uscc,
    check_mobile,
    check_resident_id,
    check_uscc,
    is_guide_card,
    is_licence_number,
    is_usual_licence_number,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC = ["11120000MB1529459B", "91350100M000100Y43", "91140100MA0A00014A", "91652300MA0A000143"]
IDS = ["11010519491231002X", "140100199001010014", "652301198506150025", "652323199211200032"]


@pytest.mark.parametrize("number", USCC)
def test_credit_codes_hold(number: str) -> None:
    assert check_uscc(number) == number
    assert check_uscc(f" {number[:4]}-{number[4:].lower()} ") == number
    assert check_uscc("".join(chr(ord(c) + 0xFEE0) for c in number)) == number


@given(st.sampled_from(USCC), st.integers(0, 17), st.sampled_from(ALPHABET))
def test_no_single_wrong_character_passes_in_a_credit_code(number: str, place: int, other: str) -> None:
    assume(number[place] != other)
    with pytest.raises(InvalidIdentifier):
        check_uscc(number[:place] + other + number[place + 1 :])


@given(
    st.builds(
        "{}{}{}".format,
        st.sampled_from("123456789ANY"),
        st.sampled_from(ALPHABET),
        st.text(st.sampled_from("0123456789"), min_size=6, max_size=6),
    ),
    st.text(st.sampled_from(ALPHABET), min_size=8, max_size=8),
)
def test_made_codes_pass_only_with_both_checks(head: str, serial: str) -> None:
    organisation = sum(int(c, 36) * w for c, w in zip(serial, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    ninth = {10: "X", 11: "0"}.get(11 - organisation % 11, str(11 - organisation % 11))
    for check in dict.fromkeys((ninth, "7", "A")):
        body = head + serial + check
        total = sum(ALPHABET.index(c) * pow(3, n, 31) for n, c in enumerate(body))
        number = body + ALPHABET[-total % 31]
        if check == ninth:
            assert check_uscc(number) == number
        else:
            with pytest.raises(InvalidIdentifier, match="organisation"):
                check_uscc(number)


def with_checks(head: str, serial: str = "MF0A0001") -> str:
    """A code of this head whose two check characters are right."""
    organisation = sum(int(c, 36) * w for c, w in zip(serial, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    body = head + serial + "0X987654321"[organisation % 11]
    return body + ALPHABET[-sum(ALPHABET.index(c) * pow(3, n, 31) for n, c in enumerate(body)) % 31]


@pytest.mark.parametrize("head", ["N1", "N2", "N3", "Y1", "A1", "54", "5A", "93", "19", "81"])
def test_codes_of_every_registrar_are_credit_codes(head: str) -> None:
    number = with_checks(f"{head}140105")
    assert check_uscc(number.lower()) == number


@pytest.mark.parametrize("head", ["01140105", "B1140105", "U1140105", "9114010A", "9I140105"])
def test_other_heads_are_none(head: str) -> None:
    with pytest.raises(InvalidIdentifier, match="cannot hold"):
        check_uscc(head + "MF0A000100")


@pytest.mark.parametrize(
    "text", ["", "91140100MA0A00014", "9114010OMA0A00014A", "91140100MA0A00014B", "A" * 18, "１" * 40]
)
def test_wrong_credit_codes_are_refused_with_a_reason(text: str) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        check_uscc(text)
    assert caught.value.reason.zh and caught.value.reason.en == str(caught.value)


@pytest.mark.parametrize(
    ("number", "born", "gender"),
    [
        ("11010519491231002X", date(1949, 12, 31), "female"),
        ("140100199001010014", date(1990, 1, 1), "male"),
        ("652323199211200032", date(1992, 11, 20), "male"),
    ],
)
def test_what_an_id_number_says(number: str, born: date, gender: str) -> None:
    found = check_resident_id(number.lower())
    assert (found.number, found.birth_date, found.gender, found.region) == (number, born, gender, number[:6])
    assert found.warning is None


def test_a_district_younger_than_its_owner_is_no_error_and_an_unknown_one_warns() -> None:
    assert check_resident_id(with_check("14010519850101001")).warning is None
    assert check_resident_id(with_check("41010219580101001")).warning is None
    assert check_resident_id(with_check("99010219580101001")).warning is not None


@given(st.sampled_from(IDS), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_no_single_wrong_character_passes_in_an_id_number(number: str, place: int, other: str) -> None:
    assume(number[place] != other)
    with pytest.raises(InvalidIdentifier):
        check_resident_id(number[:place] + other + number[place + 1 :])


@given(st.dates(date(1900, 1, 1), date(2026, 11, 22)), st.integers(0, 999))
def test_every_made_number_passes_until_its_birth(born: date, serial: int) -> None:
    number = with_check(f"140105{born:%Y%m%d}{serial:03}")
    assert check_resident_id(number, on=born).birth_date == born
    with pytest.raises(InvalidIdentifier, match="future"):
        check_resident_id(number, on=date(1899, 12, 31))


@pytest.mark.parametrize(
    "text", ["", "130503670401001", "140100199002300014", "1401001990010100１x", "X" * 18]
)
def test_wrong_id_numbers_are_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        check_resident_id(text)


@pytest.mark.parametrize(
    "text",
    ["14200000001", "+86 142-0000-0001", "0086 14200000001", "8614200000001", "１４２０００００００１"],
)
def test_mobile_numbers_come_to_one_form(text: str) -> None:
    assert check_mobile(text) == "14200000001"


@pytest.mark.parametrize("text", ["", "12345", "12000000001", "142000000011", "0351-0000001", "+85212345678"])
def test_other_numbers_are_no_mobile_numbers(text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        check_mobile(text)


def test_licence_and_guide_card_numbers_are_taken_tolerantly() -> None:
    for usual in ("L-SX-CJ00026", "L-SNX-000001", "L-SX-990001", "L-SX00123"):
        assert is_licence_number(usual) and is_usual_licence_number(usual)
    assert is_licence_number("TAT-SAMPLE-0001") and not is_usual_licence_number("TAT-SAMPLE-0001")
    for wrong in (
        "",
        "LICENCE",
        "L--SX-1",
        "-L1",
        "L-SX-1-",
        "l-sx-00001",
        "L SX 00001",
        "9" * 41,
        "L-SX-晋001",
    ):
        assert not is_licence_number(wrong)
    assert is_guide_card("D-1401-000001") and is_guide_card("AB12CD34")
    for wrong in ("", "AB12", "AB 12CD34", "D--1401-1", "A" * 21):
        assert not is_guide_card(wrong)


def test_schemas_store_the_checked_form() -> None:
    class Form(BaseModel):
        key: Uscc
        person: ResidentIdNumber
        phone: MobileNumber

    form = Form(key=USCC[2].lower(), person=IDS[0].lower(), phone="+8614200000001")
    assert (form.key, form.person, form.phone) == (USCC[2], IDS[0], "14200000001")
    with pytest.raises(ValidationError) as caught:
        Form(key="1", person="1", phone="1")
    assert len(caught.value.errors()) == 3 and len(get_args(Uscc)) == 2


@given(st.text())
def test_any_text_is_taken_or_refused(text: str) -> None:
    for check in (check_uscc, check_resident_id, check_mobile):
        try:
            assert check(text)
        except InvalidIdentifier as refused:
            assert refused.reason.zh
    assert is_licence_number(text) in (True, False) and is_guide_card(text) in (True, False)


def with_check(body: str) -> str:
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11]
