"""Numbers that name firms, people, licences and phones: checked and brought to one stored form.

Firm and person numbers carry check characters and are checked strictly. Licence and guide card numbers follow
no published format, so only their shape is required; `is_usual_licence_number` tells the common form apart.
Input may be full-width, lower-case or grouped by spaces and hyphens.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from operator import mul
from typing import Annotated, Literal

from pydantic import AfterValidator
from stdnum.cn import uscc

from common import regions
from common.problems import Text

__all__ = [
    "InvalidIdentifier",
    "MobileNumber",
    "ResidentId",
    "ResidentIdNumber",
    "Uscc",
    "check_mobile",
    "check_resident_id",
    "check_uscc",
    "is_guide_card",
    "is_licence_number",
    "is_usual_licence_number",
]

_USCC = re.compile(r"[1-9ANY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_CHECKS = "0X987654321"
_ID_CHECKS = "10X98765432"
_ID_WEIGHTS = tuple(2 ** (17 - place) % 11 for place in range(17))
_ID = re.compile(r"[0-9]{17}[0-9X]")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LICENCE = re.compile(r"(?!\d{4}-\d\d-\d\d$)(?=.*[0-9])[A-Z0-9](?:[A-Z0-9]|-(?=[A-Z0-9])){3,39}")
_USUAL_LICENCE = re.compile(r"L-[A-Z]{2,4}-?(?:CJ)?[0-9]{5,6}")
_GUIDE_CARD = re.compile(r"(?=.*[0-9A-Z])[A-Z0-9](?:[A-Z0-9]|-(?=[A-Z0-9])){5,19}")


class InvalidIdentifier(ValueError):
    """The number is wrong; `reason` says why, in both languages."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason.en


@dataclass(frozen=True, slots=True)
class ResidentId:
    """What an ID number says. `warning`: the region prefix is no division of today, as may well be."""

    number: str
    birth_date: date
    gender: Literal["male", "female"]
    region: str
    warning: Text | None


def check_uscc(text: str) -> str:
    """The unified social credit code (GB 32100), upper-case. Raises InvalidIdentifier.

    The first character is the registrar: 1 to 9, A (the armed forces), N (agriculture, of village
    collectives) or Y (others). Its classes change, so any character of the alphabet may follow. Both checks
    hold: character 18 over all, character 17 over the organisation code (GB 11714).
    """
    number = _plain(text)
    if len(number) != 18:
        raise InvalidIdentifier(
            Text("统一社会信用代码应为18位", "a unified social credit code has 18 characters")
        )
    if not _USCC.fullmatch(number):
        raise InvalidIdentifier(
            Text("统一社会信用代码含有不允许的字符", "the credit code holds a character it cannot hold")
        )
    if number[17] != uscc.calc_check_digit(number):
        raise InvalidIdentifier(
            Text("统一社会信用代码校验位不符", "the check character of the credit code is wrong")
        )
    if number[16] != _organisation_check(number[8:16]):
        raise InvalidIdentifier(
            Text(
                "统一社会信用代码中的组织机构代码校验位不符",
                "the organisation code inside the credit code is wrong",
            )
        )
    return number


def check_resident_id(text: str, *, on: date | None = None) -> ResidentId:
    """The resident ID number (GB 11643) and what it says. Raises InvalidIdentifier.

    Shape, birth date and check character are checked; with `on` also that the birth does not lie after that
    day. The region prefix only warns: districts come and go, numbers stay.
    """
    number = _plain(text)
    if not _ID.fullmatch(number):
        raise InvalidIdentifier(
            Text("身份证号应为17位数字加1位校验码", "an ID number has 17 digits and a check character")
        )
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise InvalidIdentifier(
            Text("身份证号中的出生日期不存在", "the birth date inside the ID number does not exist")
        ) from None
    weighted = sum(map(mul, map(int, number[:17]), _ID_WEIGHTS))
    if number[17] != _ID_CHECKS[weighted % 11]:
        raise InvalidIdentifier(Text("身份证号校验位不符", "the check character of the ID number is wrong"))
    if on is not None and born > on:
        raise InvalidIdentifier(
            Text("身份证号中的出生日期在将来", "the birth date inside the ID number lies in the future")
        )
    region = number[:6]
    unknown = Text("身份证号前六位不是现行行政区划代码", "the first six digits are no division of today")
    return ResidentId(
        number=number,
        birth_date=born,
        gender="male" if int(number[16]) % 2 else "female",
        region=region,
        warning=None if regions.exists(region) else unknown,
    )


def check_mobile(text: str) -> str:
    """The mainland mobile number as eleven digits, a leading +86 taken off. Raises InvalidIdentifier."""
    number = _plain(text)
    for prefix in ("+86", "0086", "86"):
        if len(number) == len(prefix) + 11 and number.startswith(prefix):
            number = number.removeprefix(prefix)
    if not _MOBILE.fullmatch(number):
        raise InvalidIdentifier(Text("不是有效的手机号码", "this is no mainland mobile number"))
    return number


def is_licence_number(text: str) -> bool:
    """Whether `text`, upper-case, could be an agency licence: 4-40 letters, digits, hyphens; no day."""
    return _LICENCE.fullmatch(text) is not None


def is_usual_licence_number(text: str) -> bool:
    """Whether it has the common form, such as L-SX-CJ00026; if not, warn but accept."""
    return _USUAL_LICENCE.fullmatch(text) is not None


def is_guide_card(text: str) -> bool:
    """Whether `text`, upper-case, could be a guide card number: 6-20 letters, digits, hyphens."""
    return _GUIDE_CARD.fullmatch(text) is not None


def _resident_id_number(text: str) -> str:
    return check_resident_id(text).number


Uscc = Annotated[str, AfterValidator(check_uscc)]
ResidentIdNumber = Annotated[str, AfterValidator(_resident_id_number)]
MobileNumber = Annotated[str, AfterValidator(check_mobile)]


def _plain(text: str) -> str:
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()


def _organisation_check(code: str) -> str:
    weighted = sum(int(c, 36) * w for c, w in zip(code, _ORGANISATION_WEIGHTS, strict=True))
    return _ORGANISATION_CHECKS[weighted % 11]
