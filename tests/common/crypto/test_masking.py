"""Masks: what stays, and that nothing more stays."""

import pytest
from common.crypto import mask_bank_card, mask_id_officer, mask_id_public, mask_name, mask_phone, mask_text
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王样例", "王**"),
        ("王样", "王*"),
        ("王", "*"),
        ("欧阳样例", "欧阳**"),
        ("司马样", "司马*"),
        ("欧阳", "欧*"),
        ("阿依古丽·样例江", "阿**"),
        ("Sample", "S***"),
        ("John Q. Sample", "J*** Q*** S***"),
        ("Ёлка Образец", "Ё*** О***"),
        (" 王样例 ", "王**"),
        ("", ""),
    ],
)
def test_names(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("14200000001", "142****0001"),
        ("+86 142 0000 0001", "142****0001"),
        ("0351-0000001", "035****0001"),
        ("0000001", "*****01"),
        ("12345", "*****"),
        ("", ""),
    ],
)
def test_phones(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


def test_identity_numbers_and_cards() -> None:
    assert mask_id_public("140100199001010014") == "1****************4"
    assert mask_id_officer("140100199001010014") == "140*************14"
    assert mask_id_officer("E00000001") == "E00****01"
    assert mask_id_officer("E1234567") == "E******7"
    assert mask_id_public("E1234") == "*****"
    assert mask_bank_card("6200 0000 0000 0005") == "************0005"
    assert mask_bank_card("12345678") == "********"


@pytest.mark.parametrize(
    "kept",
    [
        "许可证 L-SX-CJ00026",
        "代码 91140100MA0A00014A",
        "合同 140000202611200100000123X",
        "退款 12345678 分, 2026-11-20",
        "单号 20261120123456789012",
    ],
)
def test_public_numbers_stay_in_text(kept: str) -> None:
    assert mask_text(kept) == kept


def test_personal_numbers_go_from_text() -> None:
    text = (
        "我是14200000001（+86 142-0000-0002），证652323199211200032、14010019900101001x，卡6200000000000005"
    )
    assert mask_text(text) == (
        "我是142****0001（142****0002），证6****************2、1****************x，卡************0005"
    )


@given(st.integers(0, 10**18 - 1))
def test_a_mask_never_shows_more_than_it_says(number: int) -> None:
    digits = str(number)
    for mask, most in [(mask_phone, 7), (mask_id_public, 2), (mask_id_officer, 5), (mask_bank_card, 4)]:
        masked = mask(digits)
        shown = len(masked) - masked.count("*")
        assert len(masked) == len(digits) or (mask is mask_phone and len(digits) == 13)
        assert shown <= most and (not shown or shown <= len(digits) - 3)


@given(st.text())
def test_masks_take_any_text(text: str) -> None:
    for mask in (mask_name, mask_phone, mask_id_public, mask_id_officer, mask_bank_card, mask_text):
        assert isinstance(mask(text), str)


def test_contact_data_in_other_dress_is_masked_too() -> None:
    text = (
        "电话１４２００００９９９９，微信zhaosecret88，邮箱zhao.secret@example.org，"
        "QQ：88776655，一四二零零零零九九九九"
    )
    masked = mask_text(text)
    for secret in ("142000", "zhaosecret", "zhao.secret", "88776655", "一四二零"):
        assert secret not in masked
    assert mask_text("三月二日付了一百二十元，合同1400002026112301000000026") == (
        "三月二日付了一百二十元，合同1400002026112301000000026"
    )
