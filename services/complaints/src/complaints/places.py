"""Field types that several schemas share: region codes, subject keys, phone numbers."""

import re
from typing import Annotated

from common import regions
from common.identifiers import InvalidIdentifier, check_mobile, check_uscc
from common.problems import Text
from pydantic import AfterValidator

__all__ = ["Phone", "RegionCode", "SubjectKey", "normal_phone"]

_PHONE = re.compile(r"\+?[0-9]{5,15}")
_KEY = re.compile(r"[A-Z0-9-]{4,40}")


def _region(code: str) -> str:
    if not regions.exists(code) or code == regions.COUNTRY:
        raise ValueError(
            Text("须为现行行政区划代码（GB/T 2260）", "must be a present GB/T 2260 division code")
        )
    return code


def _key(text: str) -> str:
    key = re.sub(r"\s", "", text).upper()
    if len(key) == 18:
        return check_uscc(key)
    if not _KEY.fullmatch(key):
        raise ValueError(
            Text(
                "须为统一社会信用代码、许可证号或导游证号",
                "must be a credit code, licence or guide card number",
            )
        )
    return key


def normal_phone(text: str) -> str:
    """A phone number in the one form in which it is stored and found.

    Raises:
        ValueError: it is no phone number.
    """
    digits = re.sub(r"[\s()-]", "", text)
    try:
        return check_mobile(digits)
    except InvalidIdentifier:
        if _PHONE.fullmatch(digits):
            return digits
        raise ValueError(Text("须为电话号码", "must be a phone number")) from None


RegionCode = Annotated[str, AfterValidator(_region)]
SubjectKey = Annotated[str, AfterValidator(_key)]
Phone = Annotated[str, AfterValidator(normal_phone)]
